// Selectors: which connections, requests, packets and moments a fault is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// Along the link's arrow is up (requests), against it is down (answers).
enum class Direction { up, down, both };

template <>
struct Words<Direction> {
    static constexpr std::array<std::pair<std::string_view, Direction>, 3> words{
        {{"up", Direction::up}, {"down", Direction::down}, {"both", Direction::both}}};
};

// The part of a TCP connection a packet belongs to.
enum class Phase { syn, syn_ack, established };

template <>
struct Words<Phase> {
    static constexpr std::array<std::pair<std::string_view, Phase>, 3> words{
        {{"syn", Phase::syn}, {"syn_ack", Phase::syn_ack}, {"established", Phase::established}}};
};

// What a selector counts; the layer's own unit unless the scenario says which.
enum class CountedUnit { connections, requests, requests_per_connection, queries };

// "2", "2 requests", "2 requests per connection".
struct Count {
    std::int64_t number = 0;
    std::optional<CountedUnit> unit{};
    bool operator==(const Count&) const = default;
};

// "10%", "10% of connections", "10% of requests": decided once for each, from the seed.
struct Share {
    Probability probability{};
    std::optional<CountedUnit> unit{};
    bool operator==(const Share&) const = default;
};

template <>
struct Scalar<Count> {
    static constexpr std::string_view name = "count";
    static constexpr std::string_view example = "2 requests";
    static Result<Count> parse(std::string_view text);
    static std::string write(const Count& value);
};

template <>
struct Scalar<Share> {
    static constexpr std::string_view name = "share";
    static constexpr std::string_view example = "10% of connections";
    static Result<Share> parse(std::string_view text);
    static std::string write(const Share& value);
};

enum class DnsTransport { udp, tcp };

template <>
struct Words<DnsTransport> {
    static constexpr std::array<std::pair<std::string_view, DnsTransport>, 2> words{
        {{"udp", DnsTransport::udp}, {"tcp", DnsTransport::tcp}}};
};

// Requests that a message-layer selector means; an empty field matches everything.
struct RequestMatch {
    std::optional<std::string> method{};
    std::optional<std::string> path{};    // exact, or a prefix when it ends in *
    std::optional<std::string> header{};  // "Name: value", or "Name" for any value
    static constexpr auto fields() {
        return std::tuple{
            optional("method", &RequestMatch::method, "the request's method"),
            optional("path", &RequestMatch::path, "its path; a prefix when it ends in *"),
            optional("header", &RequestMatch::header, "`Name: value`, or `Name` for any value")};
    }
    bool operator==(const RequestMatch&) const = default;
};

// Everything left out selects everything.
struct Selectors {
    std::optional<Direction> direction{};  // default: the fault's own
    std::optional<Phase> phase{};
    std::optional<Port> port{};           // of the callee
    std::optional<std::string> source{};  // a node's name, or an address with optional /length
    std::optional<Count> first{};
    std::optional<Count> nth{};
    std::optional<Share> probability{};
    std::optional<RequestMatch> match{};
    std::optional<std::string>
        query{};  // the name asked for; one that begins with *. means all below
    std::optional<std::string> type{};  // of a query: A, AAAA, …
    std::optional<DnsTransport> transport{};
    std::optional<Duration> lasting{};  // key `for`: heals by itself after this

    static constexpr auto fields() {
        return std::tuple{
            optional("direction", &Selectors::direction,
                     "`up` along the link's arrow, `down` against it, or `both`"),
            optional("phase", &Selectors::phase, "only this part of a TCP connection"),
            optional("port", &Selectors::port, "only traffic of this port of the callee"),
            optional("source", &Selectors::source, "only traffic that this node or address began"),
            optional("first", &Selectors::first,
                     "only the first N connections, requests or queries"),
            optional("nth", &Selectors::nth, "only the Nth connection, request or query"),
            optional(
                "probability", &Selectors::probability,
                "only this share of connections, requests or queries, decided once from the seed"),
            optional("match", &Selectors::match, "only requests like this"),
            optional("query", &Selectors::query,
                     "only queries for this name; `*.example` means all names below it"),
            optional("type", &Selectors::type, "only queries for records of this type: A, AAAA, …"),
            optional("transport", &Selectors::transport, "only queries over `udp`, or over `tcp`"),
            optional("for", &Selectors::lasting, "heal by itself after this long")};
    }
    bool operator==(const Selectors&) const = default;
};

// The selectors a fault understands, as a set of names; anything else is an error that says so.
struct Accepts {
    bool direction = false, phase = false, port = false, source = false, connections = false,
         requests = false, match = false, queries = false;
    constexpr bool operator==(const Accepts&) const = default;
};

inline constexpr Accepts packet_selectors{
    .direction = true, .phase = true, .port = true, .source = true, .connections = true};
inline constexpr Accepts stream_selectors{
    .port = true, .source = true, .connections = true, .requests = true, .match = true};
inline constexpr Accepts message_selectors{
    .port = true, .source = true, .connections = true, .requests = true, .match = true};
// Of faults that act on bytes: they see connections, and know nothing of requests.
inline constexpr Accepts flow_selectors{.direction = true, .source = true, .connections = true};
inline constexpr Accepts resolver_selectors{.source = true, .queries = true};
inline constexpr Accepts no_selectors{};

}  // namespace etimedout
