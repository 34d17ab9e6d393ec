// NodeSampler: the kernel's counters and TCP sockets of one node, when they change.
#include "harness/observe/counters.hh"

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

// A file of /proc is made anew by every read from its beginning. These have one record, so that a
// read that does not fill the buffer has reached the end (fs/seq_file.c).
std::string read_from_begin(int fd, std::size_t expected) {
    std::string text;
    std::size_t size = 0;
    text.resize(expected + 4096);
    for (;;) {
        const auto count =
            ::pread(fd, text.data() + size, text.size() - size, static_cast<off_t>(size));
        if (count < 0 && errno == EINTR) continue;
        checked("read a node's counters", count);
        size += static_cast<std::size_t>(count);
        if (size < text.size()) break;
        text.resize(text.size() * 2);
    }
    text.resize(size);
    return text;
}

}  // namespace

NodeSampler::NodeSampler(std::string node) : node_{std::move(node)} {
    // thread-self: /proc/net is that of the process's first thread, which is in another namespace.
    for (const char* path : {"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat",
                             "/proc/thread-self/net/snmp6"}) {
        const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT) continue;  // snmp6 of a kernel without IPv6
        files_.emplace_back(Fd{checked(std::string{"open "} + path, fd)});
    }
    if (files_.empty()) {
        throw Error{"a node's counters cannot be read: there is no /proc/thread-self/net/snmp",
                    "mount /proc in the world"};
    }
}

std::vector<EventVariant<AllEvents>::type> NodeSampler::sample() {
    std::vector<EventVariant<AllEvents>::type> changes;
    Counters counters{node_, {}};
    for (File& file : files_) {
        std::string text = read_from_begin(file.fd.get(), file.size);
        file.size = text.size();
        file.history.update(std::move(text), counters.values);
    }
    if (!counters.values.empty()) changes.emplace_back(std::move(counters));
    SocketTable table = socket_reader_.read();
    if (table != sockets_) {
        sockets_ = std::move(table);
        changes.emplace_back(Sockets{node_, sockets_.states, sockets_.listeners,
                                     sockets_.send_queue, sockets_.receive_queue});
    }
    return changes;
}

}  // namespace etimedout
