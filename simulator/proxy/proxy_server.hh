// ProxyServer: the whole proxy in one object: engine, proxies, HTTP API, configuration and log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "simulator/proxy/proxy_log.hh"

namespace etimedout {

enum class MetricsEndpoint { absent, present };

struct ProxyServerPlan {
    std::string host = "localhost";  // the API listens there; empty: on every address
    std::uint16_t port = 8474;       // 0: a free one
    // A JSON or YAML file with proxies to begin with; empty: none. What is wrong with it is logged,
    // with its place, and the server starts all the same, as toxiproxy-server does.
    std::string config_file{};
    std::uint64_t seed = 1;
    MetricsEndpoint metrics = MetricsEndpoint::absent;  // GET /metrics
    LogLevel log_level = LogLevel::trace;
    int log_descriptor = 1;   // where log lines go; stays the caller's
    std::size_t workers = 0;  // of the data path; 0: one for each core
};

class ProxyServer {
public:
    // Everything listens when this returns. Throws Error when the API's address cannot be had.
    explicit ProxyServer(ProxyServerPlan plan);
    // Answers the API calls that are under way, then ends all proxies and connections.
    ~ProxyServer();
    ProxyServer(const ProxyServer&) = delete;
    ProxyServer& operator=(const ProxyServer&) = delete;

    // Where the API listens: "127.0.0.1:8474", "[::]:8474".
    const std::string& api_address() const;

    // Calls `ready` with api_address(), and returns when `stop` is true, looking at it every 50 ms.
    // A signal handler may set it.
    void run(const std::atomic<bool>& stop, const std::function<void(const std::string&)>& ready);

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace etimedout
