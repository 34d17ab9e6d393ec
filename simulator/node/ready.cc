// Ready checks: one look at whether a program may be called, made from inside its node.
#include "simulator/node/ready.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "simulator/node/text.hh"

namespace etimedout {

namespace {

// A check that hangs must not take the time of the next ones.
constexpr Duration longest_attempt = 5s;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Address address_of(const in_addr& ip, std::uint16_t port) {
    Address address;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = ip;
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
    return address;
}

Address address_of(const in6_addr& ip, std::uint32_t scope, std::uint16_t port) {
    Address address;
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = ip;
    v6.sin6_scope_id = scope;
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
    return address;
}

// Loopback first: it is what most programs listen on, among others.
std::vector<Address> own_addresses(Port port) {
    std::vector<Address> addresses{address_of(in_addr{htonl(INADDR_LOOPBACK)}, port.number),
                                   address_of(in6addr_loopback, 0, port.number)};
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr) continue;
        if (entry->ifa_addr->sa_family == AF_INET) {
            sockaddr_in v4{};
            std::memcpy(&v4, entry->ifa_addr, sizeof v4);
            if (ntohl(v4.sin_addr.s_addr) != INADDR_LOOPBACK) {
                addresses.push_back(address_of(v4.sin_addr, port.number));
            }
        } else if (entry->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 v6{};
            std::memcpy(&v6, entry->ifa_addr, sizeof v6);
            if (!IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
                addresses.push_back(address_of(v6.sin6_addr, v6.sin6_scope_id, port.number));
            }
        }
    }
    ::freeifaddrs(list);
    return addresses;
}

// Waits for `events` on a socket; false when the time is over.
bool wait_for(const Fd& socket, short events, const WorldClock& clock, Duration until) {
    for (;;) {
        const Duration left = until - clock.now();
        if (left <= Duration{}) return false;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec timeout{seconds.count(), (left - seconds).count()};
        pollfd watched{socket.get(), events, 0};
        const int ready = ::ppoll(&watched, 1, &timeout, nullptr);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

// A connected socket, or errno's value.
struct Connected {
    Fd socket{};
    int error = 0;
};

Connected connect_to(const Address& address, const WorldClock& clock, Duration until) {
    Connected result;
    Fd socket{::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return {Fd{}, errno};
    sockaddr_storage target = address.storage;
    void* const plain = &target;
    if (::connect(socket.get(), static_cast<sockaddr*>(plain), address.size) != 0) {
        if (errno != EINPROGRESS) return {Fd{}, errno};
        if (!wait_for(socket, POLLOUT, clock, until)) return {Fd{}, ETIMEDOUT};
        socklen_t size = sizeof result.error;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &result.error, &size);
        if (result.error != 0) return result;
    }
    result.socket = std::move(socket);
    return result;
}

Connected connect_anywhere(Port port, const WorldClock& clock, Duration until) {
    Connected best{Fd{}, ECONNREFUSED};
    for (const auto& address : own_addresses(port)) {
        Connected attempt = connect_to(address, clock, until);
        if (attempt.socket) return attempt;
        // Anything but a refusal tells more: something is there.
        if (best.error == ECONNREFUSED && attempt.error != EADDRNOTAVAIL &&
            attempt.error != ENETUNREACH && attempt.error != EAFNOSUPPORT) {
            best.error = attempt.error;
        }
    }
    return best;
}

std::string nobody_at(Port port, int error) {
    if (error == ECONNREFUSED) return fmt::format("nobody listens on port {}", port.number);
    return fmt::format("connecting to port {} fails: {}", port.number, errno_name(error));
}

// Writes and reads whole messages on a socket that does not block.
bool send_all(const Fd& socket, std::string_view text, const WorldClock& clock, Duration until) {
    while (!text.empty()) {
        const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN || !wait_for(socket, POLLOUT, clock, until)) {
            return false;
        }
    }
    return true;
}

std::string receive_line(const Fd& socket, const WorldClock& clock, Duration until) {
    constexpr std::size_t longest = 4096;
    std::string text;
    std::array<char, 512> piece{};
    while (text.find('\n') == std::string::npos && text.size() < longest) {
        if (!wait_for(socket, POLLIN, clock, until)) break;
        const ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), 0);
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

std::string try_tcp(Port port, const WorldClock& clock, Duration until) {
    const Duration end = std::min(until, clock.now() + longest_attempt);
    const auto connected = connect_anywhere(port, clock, end);
    return connected.socket ? std::string{} : nobody_at(port, connected.error);
}

std::string try_http(Port port, const std::string& path, const WorldClock& clock, Duration until) {
    const Duration end = std::min(until, clock.now() + longest_attempt);
    const auto connected = connect_anywhere(port, clock, end);
    if (!connected.socket) return nobody_at(port, connected.error);
    const std::string request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: localhost:{}\r\nUser-Agent: etimedout-ready\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n",
        path, port.number);
    if (!send_all(connected.socket, request, clock, end)) {
        return fmt::format("GET {} could not be sent", path);
    }
    // "HTTP/1.1 200 OK" (RFC 9112, section 4).
    const std::string line = receive_line(connected.socket, clock, end);
    const auto words = words_of(line);
    if (words.size() < 2 || !words[0].starts_with("HTTP/")) {
        return line.empty() ? fmt::format("GET {} is not answered", path)
                            : fmt::format("GET {} is answered with {:.80}", path, line);
    }
    if (words[1].starts_with('2') || words[1].starts_with('3')) return {};
    return fmt::format("GET {} is answered with {}", path, words[1]);
}

std::string try_file(const std::string& path) {
    if (::access(path.c_str(), F_OK) == 0) return {};
    return fmt::format("there is no file {}", path);
}

std::string try_program(const SpawnPlan& plan, const WorldClock& clock, Duration until) {
    Child child{plan};
    const auto code = child.wait_until(clock, until);
    if (code == 0) return {};
    const std::string& name = plan.arguments.back();
    if (!code) return fmt::format("`{}` has not ended", name);
    return fmt::format("`{}` exits with {}", name, *code);
}

}  // namespace etimedout
