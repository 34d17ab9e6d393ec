// Hold: bytes wait until the fault is healed.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Hold {
    static constexpr std::string_view kind = "hold";
    static constexpr std::string_view doc =
        "Keep all data, and pass it on when the fault is healed.";
    static constexpr std::string_view recipe =
        "the engine keeps what it reads, up to its queue's limit";
    static constexpr std::string_view witness = "the engine's record of pieces kept back";
    static constexpr std::string_view caller_sees = "a silence that ends with everything at once";
    static constexpr std::string_view look_alike =
        "`stall`: lets the first bytes through; `silent`: the request is taken and never "
        "passed on";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return FlowPlan{FlowThrottle{}}; }
    bool operator==(const Hold&) const = default;
};

}  // namespace etimedout
