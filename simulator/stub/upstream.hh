// What the sessions of one stub share, and how a session is begun.
#pragma once

#include <atomic>
#include <cstdint>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "simulator/base/clock.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

struct Upstream {
    StubSpec spec;
    const WorldClock* clock;
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::int64_t> requests{0};
};

// Serve one connection until it ends. The upstream outlives its sessions.
boost::asio::awaitable<void> serve_http(Upstream* upstream, boost::asio::ip::tcp::socket socket);
boost::asio::awaitable<void> serve_tcp(Upstream* upstream, boost::asio::ip::tcp::socket socket);

}  // namespace etimedout
