// Stall: an answer stops in the middle, and nothing is closed.
#pragma once

#include "simulator/faults/amount.hh"
#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct StallFault {
    static constexpr std::string_view kind = "stall";
    static constexpr std::string_view doc =
        "Let `after` pass, bytes or events, then nothing more, and close nothing.";
    static constexpr std::string_view recipe =
        "the proxy keeps what comes behind, and passes it on when the fault is healed";
    static constexpr std::string_view witness = "the proxy's record of streams stalled";
    static constexpr std::string_view caller_sees =
        "silence in the middle of an answer: its own read timeout, or for ever";
    static constexpr std::string_view look_alike =
        "`hold`: nothing passes from the first byte on; `zero_window`: the reader's fault";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Amount after{};

    static constexpr auto fields() {
        return std::tuple{required("after", &StallFault::after,
                                   "what passes: bytes of the connection, or events of an answer")};
    }
    Decision decide() const {
        if (after.unit == AmountUnit::events) return StreamPlan{StallEvents{after.number}};
        return FlowPlan{FlowStall{after.number}};
    }
    bool operator==(const StallFault&) const = default;
};

}  // namespace etimedout
