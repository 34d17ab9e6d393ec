// UDP sockets: one that listens, and one connected to an upstream. Internal to the engine.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <sys/types.h>

#include "simulator/base/fd.hh"
#include "simulator/proxy/address.hh"

namespace etimedout {

// Who sent a datagram, and to which of our addresses: a socket bound to every address must answer
// from the one that was asked, or the client does not know the answer for its own.
struct UdpPeer {
    SocketAddress address{};
    std::array<char, 64> asked{};  // a control message as sendmsg() takes it; see ip(7), ipv6(7)
    std::size_t asked_size = 0;    // 0: let the kernel choose
};

// A socket bound there. Throws ListenError, "listen udp 127.0.0.1:53: bind: address already in
// use".
Fd listen_udp(const SocketAddress& where);
// Makes a socket talk to `upstream` alone, so that the kernel reports its port being unreachable.
// Empty, with errno, when it cannot; also when `socket` is.
Fd connect_udp(Fd socket, const SocketAddress& upstream);

// As recvfrom() and sendto(); they do not wait.
ssize_t receive_udp(int socket, std::span<char> into, UdpPeer& from);
ssize_t send_udp(int socket, std::string_view bytes, const UdpPeer& to);

}  // namespace etimedout
