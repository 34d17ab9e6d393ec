// Forget idle flows: a firewall that keeps state, and not for long.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct ForgetIdleFlows {
    static constexpr std::string_view kind = "forget_idle_flows";
    static constexpr std::string_view doc =
        "Track connections, and refuse packets of those that were idle for `after`.";
    static constexpr std::string_view recipe =
        "connection tracking in the link's router, nf_conntrack_tcp_timeout_established "
        "`after` and nf_conntrack_tcp_loose 0; connections open before are unknown to it";
    static constexpr std::string_view witness = "the rule's packet counter";
    static constexpr std::string_view caller_sees =
        "a pooled connection that worked before: writes vanish, or are answered by RST with "
        "`with: reset`; new ones work";
    static constexpr std::string_view look_alike =
        "`blackhole` with `phase: established`: hits busy connections too; `half_open`: the "
        "RST is the callee's";
    static constexpr std::string_view needs = needs_text::firewall;
    static constexpr Layer layer = Layer::firewall;
    static constexpr Accepts accepts = Accepts{.port = true, .source = true};
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "after: 1s";
    static constexpr bool of_connections = true;

    Duration after{};
    UnknownFlow with = UnknownFlow::drop;

    static constexpr auto fields() {
        return std::tuple{
            required("after", &ForgetIdleFlows::after, "idle for so long, in whole seconds")
                .at_least(1e9)
                .at_most(86400e9),
            optional("with", &ForgetIdleFlows::with, "what is done with their packets")};
    }
    Decision decide() const { return RouterPlan{ForgetFlows{after, with}}; }
    bool operator==(const ForgetIdleFlows&) const = default;
};

}  // namespace etimedout
