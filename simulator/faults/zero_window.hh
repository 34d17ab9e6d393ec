// Zero window: a receiver that does not take what arrives.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct ZeroWindow {
    static constexpr std::string_view kind = "zero_window";
    static constexpr std::string_view doc =
        "Keep the node's server from reading, so that its kernel closes the windows of "
        "connections.";
    static constexpr std::string_view recipe =
        "a program stopped by SIGSTOP, a stub's event loop at a stand; the windows are the "
        "kernel's own";
    static constexpr std::string_view witness =
        "TCPToZeroWindowAdv of the node; its callers' TCPWinProbe";
    static constexpr std::string_view caller_sees =
        "small requests are sent and never answered; large ones stop in the middle and stay "
        "there, TCP_USER_TIMEOUT ends them";
    static constexpr std::string_view look_alike =
        "`silent`: everything is taken; `blackhole`: nothing is acknowledged, and "
        "tcp_retries2 ends it";
    static constexpr std::string_view needs = needs_text::server;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{StopReading{}}; }
    bool operator==(const ZeroWindow&) const = default;
};

}  // namespace etimedout
