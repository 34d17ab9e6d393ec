// Loss: packets vanish independently of each other.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Loss {
    static constexpr std::string_view kind = "loss";
    static constexpr std::string_view doc =
        "Lose this share of all packets, each independently of the others.";
    static constexpr std::string_view recipe =
        "netem loss at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness = "the qdisc's drop count";
    static constexpr std::string_view caller_sees =
        "retransmissions, so latency in steps of the retransmission timeout; a timeout at last";
    static constexpr std::string_view look_alike =
        "`blackhole` of a share: its rule's counter moves, not the qdisc's; a full queue "
        "(`rate`)";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Probability share{};
    Probability correlation{};

    static constexpr auto fields() {
        return std::tuple{required("share", &Loss::share, "chance of each packet to be lost"),
                          optional("correlation", &Loss::correlation,
                                   "how much a packet's fate resembles the one before")};
    }
    Decision decide() const { return PacketPlan{.loss = share, .loss_correlation = correlation}; }
    bool operator==(const Loss&) const = default;
};

}  // namespace etimedout
