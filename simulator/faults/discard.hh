// Discard: bytes vanish, and the connection stays open.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Discard {
    static constexpr std::string_view kind = "discard";
    static constexpr std::string_view doc =
        "Throw all data away; close when none came for `idle`, without `idle` never.";
    static constexpr std::string_view recipe = "the engine reads and forgets";
    static constexpr std::string_view witness = "the engine's record of bytes thrown away";
    static constexpr std::string_view caller_sees =
        "a request that nobody answers, or an answer that never comes";
    static constexpr std::string_view look_alike =
        "`blackhole` on an established connection: there the sender retransmits, here all is "
        "acknowledged";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration idle{};

    static constexpr auto fields() {
        return std::tuple{
            optional("idle", &Discard::idle, "close after so long without data; without, never")
                .at_most(31536000e9)};
    }
    Decision decide() const { return FlowPlan{FlowDiscard{idle}}; }
    bool operator==(const Discard&) const = default;
};

}  // namespace etimedout
