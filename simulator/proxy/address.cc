// Addresses: "host:port" as users write it, and as the kernel takes it.
#include "simulator/proxy/address.hh"

#include <algorithm>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace etimedout {

namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

struct Asked {
    AddressList list{};
    int failure = 0;
};

Asked ask(const HostPort& where, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    Asked asked;
    asked.failure = ::getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(),
                                  where.port.c_str(), &hints, &found);
    if (asked.failure == 0) asked.list.reset(found);
    return asked;
}

SocketAddress address_of(const addrinfo& one) {
    SocketAddress address;
    std::memcpy(&address.storage, one.ai_addr, one.ai_addrlen);
    address.size = one.ai_addrlen;
    return address;
}

const sockaddr_in& v4(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& v6(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

SocketAddress socket_address(const in_addr& address, std::uint16_t port) {
    SocketAddress result;
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr = address;
    result.size = sizeof v4;
    return result;
}

SocketAddress socket_address(const in6_addr& address, std::uint16_t port) {
    SocketAddress result;
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = address;
    result.size = sizeof v6;
    return result;
}

std::uint16_t SocketAddress::port() const {
    return ntohs(family() == AF_INET6 ? v6(*this).sin6_port : v4(*this).sin_port);
}

std::string SocketAddress::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &v4(*this).sin_addr, host, sizeof host);
        return fmt::format("{}:{}", host, port());
    }
    if (family() != AF_INET6) return {};
    const in6_addr& address = v6(*this).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        ::inet_ntop(AF_INET, address.s6_addr + 12, host, sizeof host);
        return fmt::format("{}:{}", host, port());
    }
    ::inet_ntop(AF_INET6, &address, host, sizeof host);
    return fmt::format("[{}]:{}", host, port());
}

IpAddress SocketAddress::ip() const {
    IpAddress result;
    if (family() == AF_INET6) {
        std::copy_n(v6(*this).sin6_addr.s6_addr, 16, result.bytes.begin());
    } else if (family() == AF_INET) {
        result.bytes[10] = result.bytes[11] = 0xff;
        std::memcpy(result.bytes.data() + 12, &v4(*this).sin_addr, 4);
    }
    return result;
}

Result<HostPort> split_host_port(std::string_view text) {
    const auto problem = [&](std::string_view why) {
        return Problem{fmt::format("address {}: {}", text, why), "write host:port"};
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return problem("missing port in address");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return problem("missing ']' in address");
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return problem("too many colons in address");
    }
    const std::string port{text.substr(colon + 1)};
    const bool digits =
        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    constexpr std::size_t longest = 5;
    if (!digits || port.size() > longest || (!port.empty() && std::stoi(port) > 65535)) {
        return Problem{fmt::format("address {}: invalid port", port),
                       "write a port from 0 to 65535"};
    }
    return HostPort{std::string{host}, port.empty() ? "0" : port};
}

std::optional<SocketAddress> numeric_address(const HostPort& where) {
    const Asked asked = ask(where, AI_NUMERICHOST | AI_NUMERICSERV);
    if (asked.failure != 0) return std::nullopt;
    return address_of(*asked.list);
}

Result<std::vector<SocketAddress>> look_up(const HostPort& where) {
    const Asked asked = ask(where, AI_NUMERICSERV);
    if (asked.failure != 0) {
        const bool unknown = asked.failure == EAI_NONAME;
        return Problem{fmt::format("lookup {}: {}", where.host,
                                   unknown ? "no such host" : ::gai_strerror(asked.failure)),
                       "check the name and the resolver"};
    }
    std::vector<SocketAddress> found;
    for (const addrinfo* one = asked.list.get(); one != nullptr; one = one->ai_next) {
        found.push_back(address_of(*one));
    }
    std::stable_partition(found.begin(), found.end(),
                          [](const SocketAddress& address) { return address.family() == AF_INET; });
    return found;
}

void set_habits(int socket, KeepAlive keep_alive) {
    constexpr int keep_alive_seconds = 15;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (keep_alive == KeepAlive::off) return;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &keep_alive_seconds, sizeof keep_alive_seconds);
}

SocketAddress unmapped(const SocketAddress& address) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    if (address.family() != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return address;
    in_addr v4{};
    std::memcpy(&v4, &v6.sin6_addr.s6_addr[12], sizeof v4);
    return socket_address(v4, ntohs(v6.sin6_port));
}

void make_abortive(int socket) {
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int allow_foreign_addresses(int socket) {
    // One flag of the socket, whichever IP version it is set for; one of them may not be here.
    const int on = 1;
    if (::setsockopt(socket, SOL_IP, IP_TRANSPARENT, &on, sizeof on) == 0) return 0;
    if (::setsockopt(socket, SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof on) == 0) return 0;
    return errno;
}

SocketAddress peer_of(int socket) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getpeername(socket, address.get(), &address.size) != 0) address = {};
    return address;
}

SocketAddress own_address_of(int socket) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getsockname(socket, address.get(), &address.size) != 0) address = {};
    return address;
}

}  // namespace etimedout
