// What a stub upstream is asked to be: port, routes, and how it misbehaves by itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

enum class StubKind { tcp, http, llm };

template <>
struct Words<StubKind> {
    static constexpr std::array<std::pair<std::string_view, StubKind>, 3> words{
        {{"tcp", StubKind::tcp}, {"http", StubKind::http}, {"llm", StubKind::llm}}};
};

// How a stub ends an answer early.
enum class StubEnd { complete, close, reset };

template <>
struct Words<StubEnd> {
    static constexpr std::array<std::pair<std::string_view, StubEnd>, 3> words{
        {{"complete", StubEnd::complete}, {"close", StubEnd::close}, {"reset", StubEnd::reset}}};
};

// How a stub ends a connection: FIN or RST.
enum class StubClose { close, reset };

template <>
struct Words<StubClose> {
    static constexpr std::array<std::pair<std::string_view, StubClose>, 2> words{
        {{"close", StubClose::close}, {"reset", StubClose::reset}}};
};

// What a request that expects 100-continue meets (RFC 9110, 10.1.1): the interim answer, nothing,
// 417, or the answer itself before the body was sent.
enum class StubContinue { send, never, refuse, answer };

template <>
struct Words<StubContinue> {
    static constexpr std::array<std::pair<std::string_view, StubContinue>, 4> words{
        {{"send", StubContinue::send},
         {"never", StubContinue::never},
         {"refuse", StubContinue::refuse},
         {"answer", StubContinue::answer}}};
};

// One answer of an HTTP stub, or the behaviour of a TCP stub's connections.
struct StubRoute {
    std::int64_t status = 200;
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    std::optional<Bytes> body_size{};
    Duration first_byte{};
    Duration between{};
    Bytes piece{1};
    bool silent = false;
    bool chunked = false;
    std::optional<Bytes> stop_after{};
    StubEnd end = StubEnd::complete;
    bool until_close = false;
    StubContinue on_expect = StubContinue::send;
    Duration continue_after{};
    // What requests get before this answer, one after the other; empty in those themselves. No
    // field: it is written as a list of answers.
    std::vector<StubRoute> earlier{};

    static constexpr auto fields() {
        return std::tuple{
            optional("status", &StubRoute::status, "HTTP status").at_least(100).at_most(599),
            optional("headers", &StubRoute::headers, "headers to add"),
            optional("body", &StubRoute::body, "the body; `ok` and a newline by default"),
            optional("body_size", &StubRoute::body_size, "a body of this size instead")
                .at_most(1e10),
            optional("first_byte", &StubRoute::first_byte, "wait before the answer"),
            optional("between", &StubRoute::between, "wait before each further piece of the body"),
            optional("piece", &StubRoute::piece, "size of a piece, with `between`").at_least(1),
            optional("silent", &StubRoute::silent, "take the request, never answer"),
            optional("chunked", &StubRoute::chunked, "chunked transfer instead of a length"),
            optional("until_close", &StubRoute::until_close,
                     "no length: the body ends with the connection"),
            optional("stop_after", &StubRoute::stop_after,
                     "send only this much of the body, then do what `end` says, or stall"),
            optional("end", &StubRoute::end,
                     "`close` or `reset` the connection there instead of completing"),
            optional("continue", &StubRoute::on_expect,
                     "to `Expect: 100-continue`: `send` 100, `never` send it, `refuse` with 417, "
                     "or `answer` at once without the body"),
            optional("continue_after", &StubRoute::continue_after, "wait before the 100 or 417")};
    }
    bool operator==(const StubRoute&) const = default;
};

// When a connection that could carry another request ends.
struct StubKeepAlive {
    std::optional<Duration> idle{};
    std::optional<std::int64_t> requests{};
    std::optional<std::int64_t> race{};
    StubClose end = StubClose::close;

    static constexpr auto fields() {
        return std::tuple{
            optional("idle", &StubKeepAlive::idle,
                     "end a connection on which nothing was asked for so long")
                .at_least(1)
                .at_most(86400e9),
            optional("requests", &StubKeepAlive::requests,
                     "so many on a connection: the last answer says `Connection: close`")
                .at_least(1),
            optional("race", &StubKeepAlive::race,
                     "end a connection upon its request of this number, and leave it unanswered, "
                     "as when `idle` runs out while a request is under way")
                .at_least(1),
            optional("end", &StubKeepAlive::end,
                     "how `idle` and `race` end it: `close` (FIN) or `reset` (RST)")};
    }
    bool operator==(const StubKeepAlive&) const = default;
};

enum class StubCertificate { good, expired, not_yet_valid, wrong_host, self_signed, unknown_ca };

template <>
struct Words<StubCertificate> {
    static constexpr std::array<std::pair<std::string_view, StubCertificate>, 6> words{
        {{"good", StubCertificate::good},
         {"expired", StubCertificate::expired},
         {"not_yet_valid", StubCertificate::not_yet_valid},
         {"wrong_host", StubCertificate::wrong_host},
         {"self_signed", StubCertificate::self_signed},
         {"unknown_ca", StubCertificate::unknown_ca}}};
};

// Where in the handshake a stub falls silent.
enum class TlsStall { never, after_accept, after_client_hello, after_server_hello };

template <>
struct Words<TlsStall> {
    static constexpr std::array<std::pair<std::string_view, TlsStall>, 4> words{
        {{"never", TlsStall::never},
         {"after_accept", TlsStall::after_accept},
         {"after_client_hello", TlsStall::after_client_hello},
         {"after_server_hello", TlsStall::after_server_hello}}};
};

enum class TlsVersion { any, tls1_0, tls1_2, tls1_3 };

template <>
struct Words<TlsVersion> {
    static constexpr std::array<std::pair<std::string_view, TlsVersion>, 4> words{
        {{"any", TlsVersion::any},
         {"tls1.0", TlsVersion::tls1_0},
         {"tls1.2", TlsVersion::tls1_2},
         {"tls1.3", TlsVersion::tls1_3}}};
};

struct StubTls {
    StubCertificate certificate = StubCertificate::good;
    TlsStall stall = TlsStall::never;
    TlsVersion version = TlsVersion::any;
    Duration delay{};

    static constexpr auto fields() {
        return std::tuple{
            optional("certificate", &StubTls::certificate,
                     "what the stub shows; all but `self_signed` and `unknown_ca` are signed by "
                     "`${scenario.ca}`"),
            optional(
                "stall", &StubTls::stall,
                "fall silent there; `after_server_hello` is in the middle of the first flight"),
            optional("version", &StubTls::version, "the only version it speaks"),
            optional("delay", &StubTls::delay, "wait before the answer to the client's hello")};
    }
    bool operator==(const StubTls&) const = default;
};

// What becomes of who comes when all workers are busy and the queue is full: connections are left
// to the kernel while as many are open as can be served and wait, or requests are refused.
enum class StubOverflow { backlog, refuse };

template <>
struct Words<StubOverflow> {
    static constexpr std::array<std::pair<std::string_view, StubOverflow>, 2> words{
        {{"backlog", StubOverflow::backlog}, {"refuse", StubOverflow::refuse}}};
};

// How a stream of tokens ends that is not whole.
enum class LlmEnd { hang, close, reset, error };

template <>
struct Words<LlmEnd> {
    static constexpr std::array<std::pair<std::string_view, LlmEnd>, 4> words{
        {{"hang", LlmEnd::hang},
         {"close", LlmEnd::close},
         {"reset", LlmEnd::reset},
         {"error", LlmEnd::error}}};
};

// Requests that a model turns away.
struct LlmRefusal {
    std::int64_t first = 1;
    std::int64_t status = 429;
    std::optional<Duration> retry_after{};

    static constexpr auto fields() {
        return std::tuple{
            optional("first", &LlmRefusal::first, "so many requests, from the first on")
                .at_least(1),
            optional("status", &LlmRefusal::status, "429, 503, 529 or any other error")
                .at_least(400)
                .at_most(599),
            optional("retry_after", &LlmRefusal::retry_after,
                     "sent as `retry-after-ms` and, in whole seconds, as `Retry-After`")
                .at_most(86400e9)};
    }
    bool operator==(const LlmRefusal&) const = default;
};

// A model behind the APIs of OpenAI (/v1/chat/completions) and Anthropic (/v1/messages).
struct StubLlm {
    std::string model = "stub-1";
    std::int64_t tokens = 16;
    Duration head{};
    Duration first_token = 200ms;
    Duration between = 20ms;
    Duration jitter{};
    std::optional<std::int64_t> stop_after{};
    LlmEnd end = LlmEnd::hang;
    std::string error = "overloaded_error";
    std::optional<Duration> comments{};
    std::optional<LlmRefusal> refuse{};

    static constexpr auto fields() {
        return std::tuple{
            optional("model", &StubLlm::model, "the model's name in `/v1/models`"),
            optional("tokens", &StubLlm::tokens,
                     "length of an answer, where the request does not allow for less")
                .at_least(1)
                .at_most(100000),
            optional("head", &StubLlm::head, "wait before the head of an answer").at_most(86400e9),
            optional("first_token", &StubLlm::first_token, "from the head to the first token")
                .at_most(86400e9),
            optional("between", &StubLlm::between, "from one token to the next").at_most(86400e9),
            optional("jitter", &StubLlm::jitter,
                     "half-width of what chance adds to `first_token` and `between`")
                .at_most(86400e9),
            optional("stop_after", &StubLlm::stop_after,
                     "so many tokens, then do what `end` says; a request for the whole answer at "
                     "once gets nothing of it")
                .at_least(0),
            optional("end", &StubLlm::end,
                     "there: `hang`, `close` or `reset` the connection, or tell of an `error` in "
                     "the stream"),
            optional("error", &StubLlm::error, "the type of that error"),
            optional("comments", &StubLlm::comments,
                     "while nothing else is to be sent in a stream, a comment (OpenAI) or a ping "
                     "(Anthropic) each time so long has passed")
                .at_least(1e6)
                .at_most(86400e9),
            optional("refuse", &StubLlm::refuse, "requests to turn away")};
    }
    bool operator==(const StubLlm&) const = default;
};

struct StubSpec {
    StubKind kind = StubKind::http;
    Port port{80};
    std::map<std::string, StubRoute> routes{};  // path, or prefix ending in *, to answer
    StubRoute all{};                            // for a path without a route, and for TCP
    Duration accept_delay{};
    std::int64_t backlog = 4096;
    StubKeepAlive keep_alive{};
    std::optional<StubTls> tls{};
    std::optional<std::int64_t> workers{};  // none: as many as there are requests
    std::optional<std::int64_t> queue{};    // none: any number of requests may wait
    StubOverflow queue_full = StubOverflow::backlog;
    StubLlm llm{};
    bool operator==(const StubSpec&) const = default;
};

}  // namespace etimedout
