// What the sessions of one stub share, and how a session is begun.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
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
    std::atomic<std::int64_t> refused{0};  // as the queue of the pool was full
    std::int64_t open = 0;                 // connections
    std::function<void()> on_room{};       // called when there may be room for another connection
    std::int64_t prompts = 0;              // requests for an answer of a model
    std::map<const StubRoute*, std::size_t> turns{};  // requests that each route has had
};

// A connection until it is over; it was counted when it was taken.
class OpenConnection {
public:
    explicit OpenConnection(Upstream* upstream) : upstream_{upstream} {}
    OpenConnection(const OpenConnection&) = delete;
    OpenConnection& operator=(const OpenConnection&) = delete;
    ~OpenConnection() {
        --upstream_->open;
        if (upstream_->on_room) upstream_->on_room();
    }

private:
    Upstream* upstream_;
};

// Serve one connection until it ends. The upstream outlives its sessions.
boost::asio::awaitable<void> serve_http(Upstream* upstream, boost::asio::ip::tcp::socket socket);
boost::asio::awaitable<void> serve_tcp(Upstream* upstream, boost::asio::ip::tcp::socket socket);

}  // namespace etimedout
