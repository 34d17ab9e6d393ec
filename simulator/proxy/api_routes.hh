// The HTTP API without its sockets: from a request to an answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "simulator/proxy/proxy_server.hh"
#include "simulator/proxy/proxy_set.hh"

namespace etimedout {

struct ApiRequest {
    std::string method{};
    std::string target{};
    std::string host{};  // the header; empty: none
    std::string user_agent{};
    std::string origin{};
    std::string body{};
};

struct ApiAnswer {
    unsigned status = 200;
    std::string content_type{};  // empty: no such header
    std::string body{};
    std::string location{};
    bool no_sniff = false;
    bool matched = false;  // carries X-Toxiproxy-Request-Id
};

// Who may call: with `loopback`, only those who call this host by a name of its own.
struct ApiPolicy {
    bool loopback = true;
    std::string host{};  // as the API was bound
    MetricsEndpoint metrics = MetricsEndpoint::absent;
};

// The Toxiproxy whose API this is. Clients ask for it: PATCH is there from 2.6.0 on.
inline constexpr std::string_view api_version = "2.12.0";
inline constexpr std::size_t largest_api_body = 1U << 20U;

ApiAnswer answer(const ApiRequest& request, ProxySet& proxies, const ApiPolicy& policy);
// Whether answering may wait for a name to be resolved.
bool may_wait(const ApiRequest& request);

// {"error":…,"status":…} as Go's http.Error sends it.
ApiAnswer error_answer(unsigned status, std::string_view message);
// Text as Go's http.Error sends it.
ApiAnswer text_answer(unsigned status, std::string_view text);

}  // namespace etimedout
