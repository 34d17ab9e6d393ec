// DnsSilent: a resolver that is dead, or behind a firewall.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsSilent {
    static constexpr std::string_view kind = "dns_silent";
    static constexpr std::string_view doc = "Do not answer queries.";
    static constexpr std::string_view recipe =
        "the resolver reads queries and drops them; over TCP it leaves the connection open";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "glibc waits `timeout` (5 s) for each resolver and asks them all `attempts` (2) "
        "times, then EAI_AGAIN; with a second resolver the answer is 5 s late";
    static constexpr std::string_view look_alike =
        "`blackhole` on the link to the resolver: moves its rule's counter";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return ResolverPlan{DnsSilence{}}; }
    bool operator==(const DnsSilent&) const = default;
};

}  // namespace etimedout
