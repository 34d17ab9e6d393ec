// Half close: one direction ends early, the other goes on.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct HalfClose {
    static constexpr std::string_view kind = "half_close";
    static constexpr std::string_view doc =
        "Let `after` pass and then say FIN in this direction alone (RFC 9293, 3.6).";
    static constexpr std::string_view recipe = "shutdown(SHUT_WR) on the engine's socket";
    static constexpr std::string_view witness = "the engine's record of directions closed";
    static constexpr std::string_view caller_sees =
        "end of file while it may still send; servers that take it for a client that has gone";
    static constexpr std::string_view look_alike = "`hang_up`: both directions end";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Bytes after{};

    static constexpr auto fields() {
        return std::tuple{optional("after", &HalfClose::after, "so much passes before")};
    }
    Decision decide() const { return FlowPlan{FlowHalfClose{after.count}}; }
    bool operator==(const HalfClose&) const = default;
};

}  // namespace etimedout
