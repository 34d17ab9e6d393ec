// TIME-WAIT pile-up: ports that nobody uses and nobody may have.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct TimeWaitPileUp {
    static constexpr std::string_view kind = "time_wait_pile_up";
    static constexpr std::string_view doc =
        "Leave all ephemeral ports of the node in TIME-WAIT towards each callee it has a link "
        "to.";
    static constexpr std::string_view recipe =
        "ip_local_port_range narrowed to `ports` until healed, and as many connections over the "
        "node's links opened and closed; the kernel gives each port back after 60 s";
    static constexpr std::string_view witness =
        "sockets in TIME-WAIT (ss -tan), and a connect() in the node that finds no port";
    static constexpr std::string_view caller_sees =
        "EADDRNOTAVAIL at once, without a packet; tcp_tw_reuse 1 gives ports back after a "
        "second";
    static constexpr std::string_view look_alike =
        "`ports_exhausted`: no socket is in TIME-WAIT, and no destination can be reached";
    static constexpr std::string_view needs = "a node that has a link to a callee that listens";
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr bool of_callers = true;

    std::int64_t ports = 16;

    static constexpr auto fields() {
        return std::tuple{optional("ports", &TimeWaitPileUp::ports, "how many ports the node has")
                              .at_least(1)
                              .at_most(20'000)};
    }
    Decision decide() const { return NodePlan{PileUpTimeWait{ports}}; }
    bool operator==(const TimeWaitPileUp&) const = default;
};

}  // namespace etimedout
