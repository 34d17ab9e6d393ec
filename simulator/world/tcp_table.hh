// The TCP sockets of the calling thread's network namespace, as /proc/net/tcp and tcp6 list them.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/proxy/address.hh"

namespace etimedout {

// As the kernel numbers them (include/net/tcp_states.h).
enum class TcpState : std::uint8_t {
    established = 1,
    syn_received = 3,
    fin_wait_2 = 5,
    time_wait = 6,
    close_wait = 8,
    listening = 10
};

struct TcpSocket {
    SocketAddress own{};
    SocketAddress peer{};
    TcpState state{};
    std::int64_t unread = 0;  // bytes; of a listener, connections that wait to be accepted
};

// IPv4 first. A socket for both versions has IPv4 addresses in their IPv6 form.
std::vector<TcpSocket> tcp_sockets();

// Where a connection from inside reaches those who listen on this port: on their loopback where
// they listen on all addresses. Empty when nobody does.
std::vector<SocketAddress> listeners_of(Port port);

}  // namespace etimedout
