// Burst loss: packets vanish in a row.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct BurstLoss {
    static constexpr std::string_view kind = "burst_loss";
    static constexpr std::string_view doc = "Lose packets in bursts (Gilbert-Elliott model).";
    static constexpr std::string_view recipe =
        "netem loss gemodel at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness = "the qdisc's drop count";
    static constexpr std::string_view caller_sees =
        "pauses of a retransmission timeout or more, then normal speed";
    static constexpr std::string_view look_alike =
        "`link_flap`: loses everything for a while, and moves carrier_changes; `loss`: the "
        "same share, spread";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Probability enter{};
    Probability leave{};
    Probability loss_in_burst{1.0};
    Probability loss_between{};

    static constexpr auto fields() {
        return std::tuple{
            required("enter", &BurstLoss::enter, "chance per packet that a burst begins"),
            required("leave", &BurstLoss::leave, "chance per packet that the burst ends"),
            optional("loss_in_burst", &BurstLoss::loss_in_burst, "chance of loss inside a burst"),
            optional("loss_between", &BurstLoss::loss_between, "chance of loss between bursts")};
    }
    Decision decide() const {
        return PacketPlan{.bursts = GilbertElliott{enter, leave, loss_in_burst, loss_between}};
    }
    bool operator==(const BurstLoss&) const = default;
};

}  // namespace etimedout
