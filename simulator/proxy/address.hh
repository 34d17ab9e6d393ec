// Addresses: "host:port" as users write it, and as the kernel takes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Of a connected socket; empty where there is none any more.
SocketAddress peer_of(int socket);
SocketAddress own_address_of(int socket);

}  // namespace etimedout
