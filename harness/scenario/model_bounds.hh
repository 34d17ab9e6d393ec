// Bounds of models: how retries, breakers, budgets and the other remedies must look in the log.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/base/bound.hh"
#include "simulator/base/fields.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

// Text must be equal, contain, or match.
struct TextBound {
    std::optional<std::string> equals{};
    std::optional<std::string> contains{};
    std::optional<std::string> matches{};
};

// How long the n-th pause of a back-off is, of which `base * factor^(n-1)`, or `cap`, is the
// ceiling.
enum class Jitter {
    none,          // the ceiling
    full,          // from 0 to the ceiling
    equal,         // from half of the ceiling to the ceiling
    decorrelated,  // from `base` to `factor` times the pause before, or `cap`
    proportional   // the ceiling give or take `spread` of it
};
template <>
struct Words<Jitter> {
    static constexpr std::array<std::pair<std::string_view, Jitter>, 5> words{
        {{"none", Jitter::none},
         {"full", Jitter::full},
         {"equal", Jitter::equal},
         {"decorrelated", Jitter::decorrelated},
         {"proportional", Jitter::proportional}}};
};

// Attempts in a row, at a link.
struct RetriesBound {
    CountedUnit of = CountedUnit::connections;
    std::optional<Bound<std::int64_t>> count{};  // beyond the first attempt
    std::vector<Bound<Duration>> gaps{};         // end of one to start of the next
    // What all have in common: method, path, headers, idempotency_key, size.
    std::vector<std::string> same{};
    std::optional<Jitter> jitter{};
    std::optional<Duration> base{};
    std::optional<Duration> cap{};
    std::optional<double> factor{};  // 2; of `decorrelated` 3
    Probability spread{0.2};
    bool retry_after = false;  // each gap is at least what the answer before it asked for
};

struct WhileOpenBound {
    std::optional<Bound<std::int64_t>> forwarded{};
    std::optional<Bound<std::int64_t>> status{};
    std::optional<Bound<Duration>> total{};
    static constexpr auto fields() {
        return std::tuple{
            optional("forwarded", &WhileOpenBound::forwarded,
                     "attempts at the link before `half_open_after` has passed"),
            optional("status", &WhileOpenBound::status, "what a call that is refused gets"),
            optional("total", &WhileOpenBound::total, "how long such a call takes")};
    }
};

struct BreakerBound {
    std::optional<Bound<std::int64_t>> opens_after{};
    std::optional<WhileOpenBound> while_open{};
    std::optional<Bound<Duration>> half_open_after{};
    std::optional<Bound<std::int64_t>> trials{};
    static constexpr auto fields() {
        return std::tuple{
            optional("opens_after", &BreakerBound::opens_after,
                     "failures in a row at the link until a call is not passed on"),
            optional("while_open", &BreakerBound::while_open,
                     "what holds while it is open: of attempts at the link before "
                     "`half_open_after` has passed, `forwarded`; of each call that is refused, "
                     "`status` and `total`"),
            optional("half_open_after", &BreakerBound::half_open_after,
                     "from the failure that opens it to the next attempt at the link; each time"),
            optional("trials", &BreakerBound::trials,
                     "attempts until it closes or opens again: those begun before the first of "
                     "them was answered well, or up to the next refusal; each time")};
    }
};

struct BudgetBound {
    std::vector<std::string> inner_first{};
    std::optional<Duration> margin{};
    static constexpr auto fields() {
        return std::tuple{
            required("inner_first", &BudgetBound::inner_first,
                     "links, the innermost first: in trouble each is given up before the next"),
            optional("margin", &BudgetBound::margin,
                     "how much of the call's own `timeout` is left when its answer comes")};
    }
};

struct BulkheadBound {
    std::optional<std::string> while_fault{};
    std::optional<Bound<double>> success{};
    std::optional<Bound<Duration>> longest{};
    std::optional<Bound<Duration>> slower_by{};
    static constexpr auto fields() {
        return std::tuple{
            required("while", &BulkheadBound::while_fault, "the fault elsewhere, while it lasts"),
            optional("success", &BulkheadBound::success, "share of what began then that succeeded"),
            optional("longest", &BulkheadBound::longest, "the longest of what began then"),
            optional("slower_by", &BulkheadBound::slower_by,
                     "longest then, less the longest before and after it")};
    }
};

struct PoolBound {
    std::optional<Bound<std::int64_t>> size{};
    std::optional<Bound<double>> reuse{};
    std::optional<Bound<Duration>> idle{};
    static constexpr auto fields() {
        return std::tuple{
            optional("size", &PoolBound::size, "connections open at the same time, at the most"),
            optional("reuse", &PoolBound::reuse,
                     "share of the requests that went over a connection that had carried one"),
            optional("idle", &PoolBound::idle,
                     "how long after its last byte the caller closes a connection; each of those "
                     "that it closes")};
    }
};

struct HedgeBound {
    std::optional<Bound<Duration>> after{};
    std::optional<Bound<std::int64_t>> count{};
    std::optional<bool> cancels_loser{};
    std::vector<std::string> also{};
    static constexpr auto fields() {
        return std::tuple{
            optional("after", &HedgeBound::after,
                     "from one request to the next that is sent while it has no answer"),
            optional("count", &HedgeBound::count,
                     "such requests beside the first, of each call that has any"),
            optional("cancels_loser", &HedgeBound::cancels_loser,
                     "whether the caller closes the connections of the others, within 100 ms of "
                     "the first answer"),
            optional("also", &HedgeBound::also, "other links to which they may go")};
    }
};

struct RateLimitBound {
    std::int64_t requests = 1;
    Duration per = 1s;
    std::optional<std::int64_t> burst{};
    std::int64_t status = 429;
    std::optional<Bound<Duration>> retry_after{};
    static constexpr auto fields() {
        return std::tuple{
            required("requests", &RateLimitBound::requests, "how many are let through in any `per`")
                .at_least(1)
                .at_most(1e9),
            required("per", &RateLimitBound::per, "the time for which that is so")
                .at_least(1e6)
                .at_most(86400e9),
            optional("burst", &RateLimitBound::burst,
                     "a token bucket of this size, filled by `requests` in each `per`: none is let "
                     "through when it is empty, and none refused when it is not")
                .at_least(1)
                .at_most(1e9),
            optional("status", &RateLimitBound::status, "of those that are refused")
                .at_least(100)
                .at_most(599),
            optional("retry_after", &RateLimitBound::retry_after,
                     "what Retry-After says to each of those")};
    }
};

struct DegradedBound {
    std::optional<std::string> while_fault{};
    std::optional<Bound<std::int64_t>> status{};
    std::optional<TextBound> body{};
    std::optional<Bound<Duration>> within{};
    static constexpr auto fields() {
        return std::tuple{
            required("while", &DegradedBound::while_fault,
                     "the fault of what is needed, while it lasts"),
            optional("status", &DegradedBound::status, "of the fallback"),
            optional("body", &DegradedBound::body,
                     "of the fallback, and of no answer without the fault"),
            optional("within", &DegradedBound::within, "how long each of these calls takes")};
    }
};

struct HealthCheckBound {
    std::optional<std::string> path{};
    std::optional<Bound<Duration>> every{};
    std::optional<Bound<std::int64_t>> unhealthy_after{};
    std::optional<Bound<std::int64_t>> healthy_after{};
    std::optional<bool> lies{};
    static constexpr auto fields() {
        return std::tuple{
            optional("path", &HealthCheckBound::path,
                     "of the checks; without it, they are connections that carry nothing"),
            optional("every", &HealthCheckBound::every, "from one check to the next"),
            optional("unhealthy_after", &HealthCheckBound::unhealthy_after,
                     "checks that fail in a row until no other request comes"),
            optional("healthy_after", &HealthCheckBound::healthy_after,
                     "checks that succeed in a row until other requests come again"),
            optional("lies", &HealthCheckBound::lies,
                     "whether checks succeed while other requests fail")};
    }
};

struct DnsCacheBound {
    std::string name{};
    std::optional<std::string> type{};
    std::optional<Bound<std::int64_t>> queries{};
    std::optional<bool> obeys_ttl{};
    std::optional<Bound<Duration>> stale_for{};
    static constexpr auto fields() {
        return std::tuple{
            required("name", &DnsCacheBound::name, "the name that is looked up"),
            optional("type", &DnsCacheBound::type, "A or AAAA; without it, any"),
            optional("queries", &DnsCacheBound::queries, "how often it is asked for"),
            optional("obeys_ttl", &DnsCacheBound::obeys_ttl,
                     "whether it is asked for again when its TTL is over, and not before"),
            optional("stale_for", &DnsCacheBound::stale_for,
                     "how long after the end of its TTL an address is still connected to")};
    }
};

struct StreamBound {
    std::optional<Bound<Duration>> headers{};
    std::optional<Bound<Duration>> first_byte{};
    std::optional<Bound<Duration>> first_event{};
    std::optional<Bound<Duration>> first_content{};
    std::optional<Bound<Duration>> largest_gap{};
    std::optional<Bound<Duration>> idle_before_end{};
    std::optional<Bound<std::int64_t>> events{};
    std::optional<Bound<std::int64_t>> comments{};
    std::optional<std::string> end_marker{};
    static constexpr auto fields() {
        return std::tuple{
            optional("headers", &StreamBound::headers,
                     "head complete, since the call or the request began"),
            optional("first_byte", &StreamBound::first_byte, "first byte of the body, since then"),
            optional("first_event", &StreamBound::first_event, "first event, since then"),
            optional("first_content", &StreamBound::first_content,
                     "first event that carries a piece of the answer (OpenAI's and Anthropic's "
                     "streams; of others the first event), since then"),
            optional("largest_gap", &StreamBound::largest_gap,
                     "longest pause between two events; comments end none. Of a body that is no "
                     "event stream, between two pieces of it"),
            optional("idle_before_end", &StreamBound::idle_before_end,
                     "from the last event, or piece, to the end"),
            optional("events", &StreamBound::events, "how many, comments not counted"),
            optional("comments", &StreamBound::comments, "how many comments"),
            optional("end_marker", &StreamBound::end_marker,
                     "data or type of the last event, such as [DONE] or message_stop; of a body "
                     "that is no event stream, its last line")};
    }
    bool empty() const {
        return !headers && !first_byte && !first_event && !first_content && !largest_gap &&
               !idle_before_end && !events && !comments && !end_marker;
    }
};

}  // namespace etimedout
