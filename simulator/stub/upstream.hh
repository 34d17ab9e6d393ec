// What the sessions of one stub share, and how a session is begun.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "simulator/base/clock.hh"
#include "simulator/stub/spec.hh"
#include "simulator/stub/tls_engine.hh"
#include "simulator/stub/worker_pool.hh"

namespace etimedout {

struct Upstream {
    std::string name;
    StubSpec spec;
    const WorldClock* clock;
    std::uint64_t seed = 1;
    WorkerPool pool;
    std::unique_ptr<TlsContext> tls{};  // null: plain TCP
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::int64_t> requests{0};
    std::atomic<std::int64_t> refused{0};             // as the queue of the pool was full
    std::int64_t prompts = 0;                         // requests for an answer of a model
    std::map<const StubRoute*, std::size_t> turns{};  // requests that each route has had
};

// Serve one connection until it ends. The upstream outlives its sessions.
boost::asio::awaitable<void> serve_http(Upstream* upstream, boost::asio::ip::tcp::socket socket);
boost::asio::awaitable<void> serve_tcp(Upstream* upstream, boost::asio::ip::tcp::socket socket);

}  // namespace etimedout
