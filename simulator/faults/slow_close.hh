// Slow close: the end of the stream comes late.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SlowClose {
    static constexpr std::string_view kind = "slow_close";
    static constexpr std::string_view doc = "Pass the end of the stream on `delay` after it came.";
    static constexpr std::string_view recipe = "the engine keeps the FIN";
    static constexpr std::string_view witness = "the engine's record of ends kept back";
    static constexpr std::string_view caller_sees =
        "a connection that stays open after its last byte; bodies without a length that do not "
        "end";
    static constexpr std::string_view look_alike = "`half_open`: the end never comes";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration delay{};

    static constexpr auto fields() {
        return std::tuple{required("delay", &SlowClose::delay, "how late").at_most(31536000e9)};
    }
    Decision decide() const { return FlowPlan{FlowLateEnd{delay}}; }
    bool operator==(const SlowClose&) const = default;
};

}  // namespace etimedout
