// Link down: the cable is out.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct LinkDown {
    static constexpr std::string_view kind = "link_down";
    static constexpr std::string_view doc = "Take the link's carrier away until healed.";
    static constexpr std::string_view recipe =
        "the callee's end of the link set down in the router";
    static constexpr std::string_view witness = "the interface's carrier_changes";
    static constexpr std::string_view caller_sees =
        "as a blackhole: retransmissions, then ETIMEDOUT; sometimes EHOSTUNREACH instead";
    static constexpr std::string_view look_alike =
        "`blackhole`: no carrier_changes; `dead_neighbour`: EHOSTUNREACH after 3 s";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return CarrierPlan{}; }
    bool operator==(const LinkDown&) const = default;
};

}  // namespace etimedout
