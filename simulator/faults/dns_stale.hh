// DnsStaleFault: a resolver that keeps what was true.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsStaleFault {
    static constexpr std::string_view kind = "dns_stale";
    static constexpr std::string_view doc =
        "Answer with the records as they were when this was armed, whatever `set` changes.";
    static constexpr std::string_view recipe = "the resolver answers from a copy of its records";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "the old address: of a server that is gone, ETIMEDOUT or ECONNREFUSED";
    static constexpr std::string_view look_alike =
        "a cache in between that keeps records for their time to live: the resolver is not asked";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return ResolverPlan{DnsStale{}}; }
    bool operator==(const DnsStaleFault&) const = default;
};

}  // namespace etimedout
