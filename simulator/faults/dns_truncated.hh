// DnsTruncated: answers that do not fit into a datagram.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsTruncated {
    static constexpr std::string_view kind = "dns_truncated";
    static constexpr std::string_view doc =
        "Answer over UDP without records and with the bit TC: ask over TCP.";
    static constexpr std::string_view recipe =
        "the resolver sets TC and leaves the answer section empty";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "one more round trip and a TCP connection to port 53; a caller that cannot ask over "
        "TCP has no answer";
    static constexpr std::string_view look_alike =
        "an answer that is too large by itself: no fault has fired";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return ResolverPlan{DnsTruncate{}}; }
    bool operator==(const DnsTruncated&) const = default;
};

}  // namespace etimedout
