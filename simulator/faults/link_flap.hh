// Link flap: the cable has a loose contact.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct LinkFlap {
    static constexpr std::string_view kind = "link_flap";
    static constexpr std::string_view doc =
        "Take the link's carrier away for `down`, give it back for `up`, and again.";
    static constexpr std::string_view recipe =
        "the callee's end of the link set down and up in the router, on the world's clock";
    static constexpr std::string_view witness = "the interface's carrier_changes";
    static constexpr std::string_view caller_sees =
        "retransmissions that succeed once the link is back";
    static constexpr std::string_view look_alike =
        "`burst_loss`: the carrier stays, the qdisc's drop count moves";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Duration down{};
    Duration up{};

    static constexpr auto fields() {
        return std::tuple{required("down", &LinkFlap::down, "how long each outage lasts")
                              .at_least(1e6)
                              .at_most(86400e9),
                          required("up", &LinkFlap::up, "how long it works between outages")
                              .at_least(1e6)
                              .at_most(86400e9)};
    }
    Decision decide() const { return CarrierPlan{.down = down, .up = up}; }
    bool operator==(const LinkFlap&) const = default;
};

}  // namespace etimedout
