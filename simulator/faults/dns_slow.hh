// DnsSlow: a resolver that answers late.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsSlow {
    static constexpr std::string_view kind = "dns_slow";
    static constexpr std::string_view doc = "Answer queries rightly, but late.";
    static constexpr std::string_view recipe = "the resolver holds each answer for `delay`";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "the name is resolved that much later; beyond its resolver's timeout (glibc: 5 s) a "
        "caller asks again, and takes the late answer if the question still stands";
    static constexpr std::string_view look_alike =
        "`latency` on the link to the resolver: delays what else passes there, too";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration delay{};

    static constexpr auto fields() {
        return std::tuple{required("delay", &DnsSlow::delay, "how late").at_least(1)};
    }
    Decision decide() const { return ResolverPlan{DnsDelay{delay}}; }
    bool operator==(const DnsSlow&) const = default;
};

}  // namespace etimedout
