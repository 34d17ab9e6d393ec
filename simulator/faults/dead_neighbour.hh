// Dead neighbour: a host on the same wire that does not answer.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DeadNeighbour {
    static constexpr std::string_view kind = "dead_neighbour";
    static constexpr std::string_view doc =
        "Leave the question for a link-layer address unanswered: the router's, or the "
        "callee's.";
    static constexpr std::string_view recipe =
        "the permanent neighbour entry removed and ARP switched on at the end that asks; IPv6 "
        "likewise";
    static constexpr std::string_view witness =
        "the entry in state FAILED (ip neigh) at the end that asked";
    static constexpr std::string_view caller_sees =
        "EHOSTUNREACH after 3 s, three ARP requests: by its own kernel, or for `which: "
        "callee` by ICMP from the router";
    static constexpr std::string_view look_alike =
        "`blackhole`: ETIMEDOUT, later; `reject` with host_unreachable: at once";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "which: router";

    NextHop which = NextHop::router;

    static constexpr auto fields() {
        return std::tuple{optional("which", &DeadNeighbour::which, "who does not answer")};
    }
    Decision decide() const { return RouterPlan{LoseNeighbour{which}}; }
    bool operator==(const DeadNeighbour&) const = default;
};

}  // namespace etimedout
