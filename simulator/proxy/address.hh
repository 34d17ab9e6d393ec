// Addresses: "host:port" as users write it, and as the kernel takes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"
#include "simulator/stream/source.hh"

namespace etimedout {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    std::uint16_t port() const;
    // "127.0.0.1:80", "[::1]:80".
    std::string text() const;
    IpAddress ip() const;
};

SocketAddress socket_address(const in_addr& address, std::uint16_t port);
SocketAddress socket_address(const in6_addr& address, std::uint16_t port);

struct HostPort {
    std::string host{};  // empty: every address
    std::string port{};
};

// "host:port", "[::1]:80", ":80". What is wrong is said in Go's words, "missing port in address".
Result<HostPort> split_host_port(std::string_view text);

// Without asking a name server; nothing when the host is a name.
std::optional<SocketAddress> numeric_address(const HostPort& where);

// Asks the resolver; blocks. In the order it says, IPv4 first. Throws nothing: a Problem says why
// there is none.
Result<std::vector<SocketAddress>> look_up(const HostPort& where);

// What every connection's sockets are set to: no delay for small writes, and keep-alive as Go's,
// after 15 s, but for proxies that nobody is to see. A connection accepted from a listener with
// these habits has them too.
enum class KeepAlive { on, off };
void set_habits(int socket, KeepAlive keep_alive = KeepAlive::on);

// Closing it sends a RST (SO_LINGER with 0, see socket(7)).
void make_abortive(int socket);

// An IPv4 address in its IPv6 form (RFC 4291, 2.5.5.2) as what it is; others as they are.
SocketAddress unmapped(const SocketAddress& address);

// From here on the socket may be bound to addresses that are not this machine's, and take
// connections to them (IP_TRANSPARENT, see ip(7)). Returns 0 or errno.
int allow_foreign_addresses(int socket);

// Of a connected socket; empty where there is none any more.
SocketAddress peer_of(int socket);
SocketAddress own_address_of(int socket);

}  // namespace etimedout
