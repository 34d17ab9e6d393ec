// Ports exhausted: no ephemeral port is left.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct PortsExhausted {
    static constexpr std::string_view kind = "ports_exhausted";
    static constexpr std::string_view doc =
        "Leave the node no ephemeral port for connections of its own.";
    static constexpr std::string_view recipe =
        "ip_local_port_range narrowed to two ports, and both bound";
    static constexpr std::string_view witness = "a connect() in the node, which finds no port";
    static constexpr std::string_view caller_sees =
        "EADDRNOTAVAIL at once, without a packet; open connections go on";
    static constexpr std::string_view look_alike =
        "`time_wait_pile_up`: sockets in TIME-WAIT hold the ports, towards one destination "
        "alone";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr bool of_callers = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{OccupyPorts{}}; }
    bool operator==(const PortsExhausted&) const = default;
};

}  // namespace etimedout
