// What became of an HTTP exchange, in one word: from what curl knows to what the caller sees.
#include "harness/call/http_outcome.hh"

#include <cerrno>

#include <curl/curl.h>
#include <netinet/tcp.h>

#include "harness/call/call_state.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace {

std::string header(const HttpExchange& exchange, const char* name) {
    const auto found = exchange.headers.find(name);
    return found == exchange.headers.end() ? std::string{} : found->second;
}

bool is_chunked(const HttpExchange& exchange) {
    return header(exchange, "transfer-encoding").find("chunked") != std::string::npos;
}

// An answer whose receiver reads events as they come.
bool is_stream(const HttpExchange& exchange) {
    return is_chunked(exchange) ||
           header(exchange, "content-type").starts_with("text/event-stream");
}

// RFC 9112, 6.3: only the connection's end ends the body.
bool ends_with_connection(const HttpRequest& request, const HttpExchange& exchange) {
    const bool has_body =
        request.method != "HEAD" && exchange.status != 204 && exchange.status != 304;
    return has_body && !is_chunked(exchange) && header(exchange, "content-length").empty();
}

// How the connection ended under a request: as the kernel told curl, or as the socket's state
// shows where a layer between has swallowed the number.
int broken_by(const HttpExchange& exchange) {
    switch (exchange.error_number) {
        case ECONNRESET:
        case EPIPE:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return exchange.error_number;
        default:
            return exchange.tcp_state == TCP_CLOSE ? ECONNRESET : 0;
    }
}

// The connection ended before the answer did.
std::string ended_early(const HttpExchange& exchange, int error_number) {
    if (error_number == ETIMEDOUT) {
        if (exchange.flow.has_begun()) return "idle_timeout";
        return exchange.code == CURLE_SEND_ERROR ? "write_timeout" : "first_byte_timeout";
    }
    if (error_number == EHOSTUNREACH || error_number == ENETUNREACH) return "unreachable";
    if (exchange.status >= 200 && is_stream(exchange)) return "stream_aborted";
    return error_number == 0 ? "closed_early" : "reset";
}

// The client's own timer.
std::string gave_up(const HttpRequest& request, const HttpExchange& exchange) {
    const bool tls = request.url.starts_with("https:");
    if (!exchange.request_begun) {
        return tls && exchange.connect && !exchange.tls ? "tls_timeout" : "connect_timeout";
    }
    const bool writing = exchange.sent < request.body_size;
    if (writing && !exchange.flow.has_begun()) return "write_timeout";
    return exchange.flow.timeout_word(exchange.end);
}

bool is_tls_error(int code) {
    return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_SSL_CIPHER || code == CURLE_SSL_ENGINE_INITFAILED;
}

std::string name_of(int error_number) {
    return error_number == 0 ? std::string{} : errno_name(error_number);
}

HttpOutcome failure_of(const HttpRequest& request, const HttpExchange& exchange) {
    if (exchange.gave_up) return {"never_ended", {}, {}};
    const int broken = broken_by(exchange);
    if (exchange.lost_reused) return {ended_early(exchange, broken), name_of(broken), {}};
    if (is_tls_error(exchange.code)) {
        return {"tls_failure", name_of(exchange.error_number == ECONNRESET ? ECONNRESET : 0), {}};
    }
    switch (exchange.code) {
        case CURLE_COULDNT_CONNECT:
            return {connect_outcome(exchange.error_number), name_of(exchange.error_number), {}};
        case CURLE_OPERATION_TIMEDOUT:
            // curl gives this code to a connect that the kernel gave up on, too.
            if (!exchange.request_begun && exchange.error_number == ETIMEDOUT) {
                return {"connect_timeout", "ETIMEDOUT", {}};
            }
            return {gave_up(request, exchange), {}, {}};
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
            return {ended_early(exchange, 0), {}, {}};
        case CURLE_SEND_ERROR:
            return {ended_early(exchange, broken), name_of(broken), {}};
        case CURLE_RECV_ERROR:
            // Without a sign that the connection ended, what came was not HTTP.
            if (broken == 0 && exchange.tcp_state != TCP_CLOSE_WAIT) return {"failed", {}, {}};
            return {ended_early(exchange, broken), name_of(broken), {}};
        default:
            return {"failed", {}, {}};
    }
}

}  // namespace

HttpOutcome outcome_of(const HttpRequest& request, const HttpExchange& exchange) {
    if (!exchange.gave_up && exchange.code == CURLE_OK) {
        const bool open_end = ends_with_connection(request, exchange);
        return {"response", {}, open_end ? "silently_cut" : "complete"};
    }
    HttpOutcome result = failure_of(request, exchange);
    if (exchange.status >= 200) result.completeness = "cut";
    return result;
}

}  // namespace etimedout
