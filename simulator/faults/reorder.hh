// Reorder: packets overtake each other.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Reorder {
    static constexpr std::string_view kind = "reorder";
    static constexpr std::string_view doc =
        "Let this share of packets overtake the others, which wait for `delay`.";
    static constexpr std::string_view recipe =
        "netem reorder at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness = "the order of packets at the far end";
    static constexpr std::string_view caller_sees =
        "duplicate ACKs, spurious retransmissions, lower throughput";
    static constexpr std::string_view look_alike =
        "`loss`: the late packet never comes; both show duplicate acknowledgements";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Probability share{};
    Duration delay{};
    Probability correlation{};
    std::int64_t gap = 0;

    static constexpr auto fields() {
        return std::tuple{required("share", &Reorder::share, "chance of each packet to overtake"),
                          required("delay", &Reorder::delay, "how long the overtaken ones wait")
                              .at_least(1)
                              .at_most(3600e9),
                          optional("correlation", &Reorder::correlation,
                                   "how much a packet's fate resembles the one before"),
                          optional("gap", &Reorder::gap, "only every gap-th packet may overtake")
                              .at_least(0)
                              .at_most(1000000)};
    }
    Decision decide() const {
        return PacketPlan{.delay = delay,
                          .reorder = share,
                          .reorder_correlation = correlation,
                          .reorder_gap = static_cast<std::uint32_t>(gap)};
    }
    bool operator==(const Reorder&) const = default;
};

}  // namespace etimedout
