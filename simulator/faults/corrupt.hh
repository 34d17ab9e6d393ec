// Corrupt: one bit of a packet flips.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Corrupt {
    static constexpr std::string_view kind = "corrupt";
    static constexpr std::string_view doc = "Flip one random bit in this share of all packets.";
    static constexpr std::string_view recipe =
        "netem corrupt at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness =
        "checksum errors of the receiver (TcpInCsumErrors, IpInHdrErrors)";
    static constexpr std::string_view caller_sees =
        "as loss: the receiver's checksum fails and the packet is dropped";
    static constexpr std::string_view look_alike =
        "`loss`: the receiver never sees the packet; here its TcpInCsumErrors moves";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Probability share{};
    Probability correlation{};

    static constexpr auto fields() {
        return std::tuple{required("share", &Corrupt::share, "chance of each packet to be damaged"),
                          optional("correlation", &Corrupt::correlation,
                                   "how much a packet's fate resembles the one before")};
    }
    Decision decide() const {
        return PacketPlan{.corrupt = share, .corrupt_correlation = correlation};
    }
    bool operator==(const Corrupt&) const = default;
};

}  // namespace etimedout
