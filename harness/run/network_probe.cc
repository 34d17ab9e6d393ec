// What the host's kernel can do to the network of a world in real time.
#include "harness/run/network_probe.hh"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/process_one.hh"

namespace etimedout {

namespace {

constexpr char field_end = '\x1f';

std::array<NetCapability*, 7> all_of(NetCapabilities& found) {
    return {&found.namespaces, &found.netem,  &found.nftables, &found.iptables,
            &found.ipset,      &found.tproxy, &found.nfqueue};
}

std::string to_text(NetCapabilities found) {
    std::string text;
    for (const NetCapability* capability : all_of(found)) {
        text += capability->present ? "1" : "0";
        text += field_end + capability->reason + field_end + capability->remedy + field_end;
    }
    return text;
}

std::string take_field(std::string& text) {
    const auto end = text.find(field_end);
    std::string field = text.substr(0, end);
    text.erase(0, end == std::string::npos ? end : end + 1);
    return field;
}

NetCapabilities from_text(std::string text) {
    NetCapabilities found;
    for (NetCapability* capability : all_of(found)) {
        capability->present = take_field(text) == "1";
        capability->reason = take_field(text);
        capability->remedy = take_field(text);
    }
    return found;
}

NetCapabilities forbidden(const Error& error) {
    NetCapabilities found;
    for (NetCapability* capability : all_of(found)) {
        *capability = {.present = false, .reason = error.what(), .remedy = error.advice()};
    }
    return found;
}

// From inside a user namespace; or, where that is forbidden, what is.
void probe_into(int fd) {
    const auto put = [fd](const NetCapabilities& found) {
        const std::string text = to_text(found);
        return ::write(fd, text.data(), text.size()) < 0 ? 1 : 0;
    };
    try {
        run_as_process_one([&] { return put(probe_network()); });
    } catch (const Error& error) {
        put(forbidden(error));
    }
}

}  // namespace

NetCapabilities probe_network_of_worlds() {
    if (::geteuid() == 0) return probe_network();
    int ends[2];
    checked("pipe2", ::pipe2(ends, O_CLOEXEC));
    const Fd from{ends[0]};
    Fd to{ends[1]};
    // What is waiting to be printed is the parent's alone.
    std::fflush(nullptr);
    // In a child: whoever was the parent of a PID namespace can start no other process afterwards.
    const pid_t child = checked("fork", ::fork());
    if (child == 0) {
        probe_into(to.get());
        ::_exit(0);
    }
    to.reset();
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(from.get(), buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return from_text(std::move(text));
}

}  // namespace etimedout
