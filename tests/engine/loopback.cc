// Plain blocking sockets on loopback, for both ends of a proxy under test.
#include "tests/engine/loopback.hh"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "simulator/proxy/address.hh"

namespace etimedout {

namespace {

void give_up_after_ten_seconds(const Fd& socket) {
    const timeval limit{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

Listener::Listener() : fd_{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))} {
    const auto here = numeric_address({"127.0.0.1", "0"}).value();
    checked("bind", ::bind(fd_.get(), here.get(), here.size));
    checked("listen", ::listen(fd_.get(), 4096));
}

std::string Listener::address() const { return own_address_of(fd_.get()).text(); }

Fd Listener::accept() const {
    Fd socket{checked("accept", ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC))};
    give_up_after_ten_seconds(socket);
    return socket;
}

Fd connect_to(const std::string& address) {
    const auto where = split_host_port(address).value();
    const auto there = numeric_address(where).value();
    Fd socket{checked("socket", ::socket(there.family(), SOCK_STREAM | SOCK_CLOEXEC, 0))};
    give_up_after_ten_seconds(socket);
    checked("connect", ::connect(socket.get(), there.get(), there.size));
    return socket;
}

void send_all(const Fd& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count =
            checked("send", ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string receive(const Fd& socket, std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t got = 0;
    while (got < count) {
        const auto more = checked("recv", ::recv(socket.get(), bytes.data() + got, count - got, 0));
        if (more == 0) break;
        got += static_cast<std::size_t>(more);
    }
    bytes.resize(got);
    return bytes;
}

Rest receive_rest(const Fd& socket) {
    Rest rest;
    char buffer[65536];
    while (true) {
        const ssize_t count = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (count < 0 && errno == ECONNRESET) {
            rest.reset = true;
            return rest;
        }
        if (checked("recv", count) == 0) return rest;
        rest.bytes.append(buffer, static_cast<std::size_t>(count));
    }
}

void say_fin(const Fd& socket) { checked("shutdown", ::shutdown(socket.get(), SHUT_WR)); }

void reset(Fd socket) {
    const linger now{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Witnessing::say(std::string line) {
    const std::lock_guard lock{mutex_};
    said_.push_back(std::move(line));
}
void Witnessing::accepted(const std::string& proxy, std::int64_t connection,
                          const std::string& /*client*/) {
    say(fmt::format("{} accepted {}", proxy, connection));
}
void Witnessing::connect_failed(const std::string& proxy, std::int64_t connection,
                                const std::string& /*upstream*/, const std::string& why) {
    say(fmt::format("{} failed {}: {}", proxy, connection, why));
}
void Witnessing::closed(const std::string& proxy, std::int64_t connection, const std::string& by,
                        std::uint64_t bytes_up, std::uint64_t bytes_down) {
    say(fmt::format("{} closed {} by {}: {} up, {} down", proxy, connection, by, bytes_up,
                    bytes_down));
}
void Witnessing::rule_met(const std::string& proxy, std::int64_t connection,
                          const std::string& rule) {
    say(fmt::format("{} {} meets {}", proxy, connection, rule));
}
void Witnessing::accept_paused(const std::string& proxy, const std::string& why) {
    say(fmt::format("{} paused: {}", proxy, why));
}
void Witnessing::accept_resumed(const std::string& proxy) { say(proxy + " resumed"); }
void Witnessing::unreachable(const std::string& proxy, std::int64_t connection,
                             const std::string& /*upstream*/, const std::string& why) {
    say(fmt::format("{} {} unreachable: {}", proxy, connection, why));
}

std::vector<std::string> Witnessing::said() const {
    const std::lock_guard lock{mutex_};
    return said_;
}

bool Witnessing::waits_for(const std::string& line) const {
    return eventually([&] {
        const auto lines = said();
        return std::find(lines.begin(), lines.end(), line) != lines.end();
    });
}

}  // namespace etimedout
