// HttpApi: Toxiproxy's HTTP API on a thread of its own, which no data path ever holds up.
#pragma once

#include <memory>
#include <string>

#include "simulator/proxy/api_routes.hh"

namespace etimedout {

// For how long one client is waited for; as toxiproxy-server has them.
struct ApiLimits {
    Duration read = 15s;    // a whole request, and the first one to begin
    Duration write = 30s;   // an answer to be taken
    Duration idle = 60s;    // the next request to begin
    Duration answer = 25s;  // an answer to be made; then 503
};

struct HttpApiPlan {
    std::string host = "localhost";  // empty: every address
    std::uint16_t port = 8474;       // 0: a free one
    MetricsEndpoint metrics = MetricsEndpoint::absent;
    ApiLimits limits{};
};

class HttpApi {
public:
    // Listens when this returns. Throws Error when it cannot. `proxies` and `log` outlive it.
    HttpApi(HttpApiPlan plan, ProxySet& proxies, ProxyLog& log);
    // Answers what is under way, then closes every connection.
    ~HttpApi();
    HttpApi(const HttpApi&) = delete;
    HttpApi& operator=(const HttpApi&) = delete;

    const std::string& address() const;  // "127.0.0.1:8474"

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace etimedout
