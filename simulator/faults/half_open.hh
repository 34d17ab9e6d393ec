// Half open: a connection of which one end knows nothing any more.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct HalfOpen {
    static constexpr std::string_view kind = "half_open";
    static constexpr std::string_view doc =
        "Forget the node's open connections without a word, as a power cut does.";
    static constexpr std::string_view recipe =
        "each socket put into repair mode (TCP_REPAIR) and disconnected: no FIN and no RST";
    static constexpr std::string_view witness =
        "how many sockets are gone; TcpOutRsts of the node at the next data";
    static constexpr std::string_view caller_sees =
        "the connection stays ESTABLISHED; its first write succeeds, and the next says "
        "ECONNRESET; a reader without keep-alive waits for ever";
    static constexpr std::string_view look_alike =
        "`reset` and `kill`: say so at once; `blackhole`: no RST comes ever; "
        "`forget_idle_flows`: the callee still has it";
    static constexpr std::string_view needs = "an open connection";
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr bool of_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{ForgetConnections{}}; }
    bool operator==(const HalfOpen&) const = default;
};

}  // namespace etimedout
