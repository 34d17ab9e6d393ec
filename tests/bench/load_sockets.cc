// What both ends of the load tool share: loopback sockets, the clock, percentiles.
#include "load_sockets.hh"

#include <algorithm>
#include <ctime>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

sockaddr_in parse(const std::string& address) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    const std::size_t colon = address.find(':');
    const std::string host = address.substr(0, colon);
    unsigned port = 0;
    if (colon != std::string::npos) {
        for (const char c : address.substr(colon + 1)) {
            if (c < '0' || c > '9' || port > 65535) port = 65536;
            port = port * 10 + static_cast<unsigned>(c - '0');
        }
    }
    if (colon == std::string::npos || port > 65535 ||
        inet_pton(AF_INET, host.c_str(), &result.sin_addr) != 1) {
        throw Error{fmt::format("address \"{}\" is not IPv4:port", address),
                    "write it as 127.0.0.1:9000"};
    }
    result.sin_port = htons(static_cast<std::uint16_t>(port));
    return result;
}

const sockaddr* generic(const sockaddr_in& address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

Fd tcp_socket(int flags) {
    Fd fd{checked("make a socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0))};
    const int yes = 1;
    checked("set TCP_NODELAY", ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
    return fd;
}

}  // namespace

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

Fd listen_at(const std::string& address) {
    const sockaddr_in where = parse(address);
    Fd fd = tcp_socket(SOCK_NONBLOCK);
    const int yes = 1;
    checked("set SO_REUSEADDR", ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
    checked("bind " + address, ::bind(fd.get(), generic(where), sizeof where));
    checked("listen at " + address, ::listen(fd.get(), 4096));
    return fd;
}

std::string name_of(const Fd& listener) {
    sockaddr_in where{};
    socklen_t size = sizeof where;
    checked(
        "read the address",
        ::getsockname(listener.get(), static_cast<sockaddr*>(static_cast<void*>(&where)), &size));
    char host[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &where.sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(where.sin_port));
}

Fd connect_to(const std::string& address) {
    const sockaddr_in where = parse(address);
    Fd fd = tcp_socket(0);
    checked("connect to " + address, ::connect(fd.get(), generic(where), sizeof where));
    return fd;
}

Fd begin_connect(const std::string& address) {
    const sockaddr_in where = parse(address);
    Fd fd = tcp_socket(SOCK_NONBLOCK);
    if (::connect(fd.get(), generic(where), sizeof where) < 0 && errno != EINPROGRESS) {
        throw_errno("connect to " + address, errno);
    }
    return fd;
}

bool send_all(const Fd& socket, const void* data, std::size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t n = ::send(socket.get(), at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

bool receive_all(const Fd& socket, void* data, std::size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t n = ::recv(socket.get(), at, size, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

Fd connect_and_wish(const std::string& address, Wish wish) {
    Fd fd = connect_to(address);
    if (!send_all(fd, &wish, 1)) throw_errno("send to " + address, errno);
    return fd;
}

Spread spread_us(std::vector<std::int64_t>& samples) {
    if (samples.empty()) return {};
    std::sort(samples.begin(), samples.end());
    const auto at = [&](std::size_t percent) {
        return static_cast<double>(samples[(samples.size() - 1) * percent / 100]) / 1000.0;
    };
    return {at(50), at(99), at(100)};
}

void wait_for_end_of_input(Duration at_most) {
    const std::int64_t end = now_ns() + at_most.count();
    for (std::int64_t left = at_most.count(); left > 0; left = end - now_ns()) {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        const int ready = ::poll(&input, 1, static_cast<int>(left / 1'000'000) + 1);
        char ignored[256];
        if (ready > 0 && ::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return;
    }
}

}  // namespace etimedout
