// DnsFlapping: a resolver that fails now and then.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsFlapping {
    static constexpr std::string_view kind = "dns_flapping";
    static constexpr std::string_view doc =
        "Fail for `bad`, answer rightly for `good`, and so on from when this was armed.";
    static constexpr std::string_view recipe = "the resolver answers with `rcode` while it is bad";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "of calls at different times some fail; which do follows from the clock alone";
    static constexpr std::string_view look_alike =
        "`link_flap` of the link to the resolver: moves its carrier_changes";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration bad{5s};
    Duration good{5s};
    DnsCode rcode = DnsCode::servfail;

    static constexpr auto fields() {
        return std::tuple{
            optional("bad", &DnsFlapping::bad, "how long it fails").at_least(1),
            optional("good", &DnsFlapping::good, "how long it answers rightly").at_least(1),
            optional("rcode", &DnsFlapping::rcode, "with what it fails")};
    }
    Decision decide() const { return ResolverPlan{DnsFlap{bad, good, rcode}}; }
    bool operator==(const DnsFlapping&) const = default;
};

}  // namespace etimedout
