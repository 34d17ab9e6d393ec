// One client's connection to the HTTP API: requests in order, each answered; for http_api.cc alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include "simulator/proxy/api_routes.hh"
#include "simulator/proxy/http_api.hh"

namespace etimedout {

// What all sessions share. All but `pool` is touched on the API's own thread only.
struct ApiContext {
    ProxySet* proxies = nullptr;
    ProxyLog* log = nullptr;
    ApiPolicy policy{};
    ApiLimits limits{};
    boost::asio::thread_pool* pool = nullptr;  // for answers that may wait for a name
    int busy = 0;                              // requests read whose answers are not yet sent
    bool stopping = false;
    std::function<void()> when_idle{};  // called when `stopping` and no longer busy
};

boost::asio::awaitable<void> serve_api(ApiContext* context, boost::asio::ip::tcp::socket socket);

}  // namespace etimedout
