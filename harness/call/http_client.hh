// HttpClient: one libcurl client with at most one connection, and one transfer at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/call/limits.hh"
#include "harness/call/lookup.hh"
#include "simulator/base/clock.hh"
#include "simulator/wire/event_stream.hh"

namespace etimedout {

struct HttpRequest {
    std::string url{};
    std::string method{};
    std::vector<std::string> headers{};  // "Name: value"
    // What the URL's host and port stand for, so that curl looks nothing up; no addresses where
    // the host is one.
    std::string host{};
    std::uint16_t port = 0;
    std::vector<CalleeAddress> addresses{};
    std::string body{};
    std::int64_t body_size = -1;  // -1: no body; more than `body`: the rest is generated
    ConnectionUse connection = ConnectionUse::fresh;
    std::string authority{};  // a PEM file that a certificate must come from; empty: any will do
};

// What curl knows when a transfer has ended, for better or worse. Times count from its begin.
struct HttpExchange {
    int code = 0;              // CURLcode
    int error_number = 0;      // the kernel's, of the last operation that failed
    int tcp_state = 0;         // of the connection when curl closed it, as in netinet/tcp.h
    bool gave_up = false;      // the deadline came first
    bool lost_reused = false;  // a connection in use again died before an answer
    bool request_begun = false;
    bool is_new_connection = false;
    std::optional<Duration> connect{};
    std::optional<Duration> tls{};
    std::optional<Duration> first_byte{};
    Duration begin{};
    Duration end{};
    std::int64_t sent = 0;  // of the body
    std::int64_t status = 0;
    std::map<std::string, std::string> headers{};  // names in lower case, repeated ones joined
    Collected body{};
    Flow flow{};  // of the answer's bytes
    // An event stream, or a body without a length; times of the world's clock.
    std::optional<StreamWatch> stream{};
    std::string detail{};
    std::string local_address{};
};

class HttpClient {
public:
    HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    // Never retries: a connection in use again that turns out to be dead is what the caller gets
    // to see (libcurl would quietly send the request once more on a new one).
    HttpExchange perform(const HttpRequest& request, const Limits& limits, const WorldClock& clock);

private:
    struct Curl;
    std::unique_ptr<Curl> curl_;
};

}  // namespace etimedout
