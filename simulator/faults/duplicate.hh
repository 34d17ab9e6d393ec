// Duplicate: packets arrive twice.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Duplicate {
    static constexpr std::string_view kind = "duplicate";
    static constexpr std::string_view doc = "Deliver this share of all packets twice.";
    static constexpr std::string_view recipe =
        "netem duplicate at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness =
        "packets at the far end beyond those at the near end";
    static constexpr std::string_view caller_sees =
        "nothing over TCP but duplicate ACKs; over UDP two datagrams";
    static constexpr std::string_view look_alike =
        "retransmissions of the sender, which count in its TcpRetransSegs; these do not";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Probability share{};
    Probability correlation{};

    static constexpr auto fields() {
        return std::tuple{
            required("share", &Duplicate::share, "chance of each packet to be doubled"),
            optional("correlation", &Duplicate::correlation,
                     "how much a packet's fate resembles the one before")};
    }
    Decision decide() const {
        return PacketPlan{.duplicate = share, .duplicate_correlation = correlation};
    }
    bool operator==(const Duplicate&) const = default;
};

}  // namespace etimedout
