// MTU black hole: large packets vanish, and nobody is told.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct MtuBlackHole {
    static constexpr std::string_view kind = "mtu_black_hole";
    static constexpr std::string_view doc =
        "Have the router pass on packets up to `mtu`, and keep its ICMP errors to itself.";
    static constexpr std::string_view recipe =
        "routes with that MTU in the link's router, and a rule there that drops its own "
        "`fragmentation needed`";
    static constexpr std::string_view witness =
        "IpFragFails of the router (Ip6InTooBigErrors for IPv6)";
    static constexpr std::string_view caller_sees =
        "connecting and small requests work; large ones stall until ETIMEDOUT, unless "
        "tcp_mtu_probing finds the size";
    static constexpr std::string_view look_alike =
        "`loss`: small packets suffer too; `zero_window`: the callee acknowledges, with "
        "window 0";
    static constexpr std::string_view needs = needs_text::firewall;
    static constexpr Layer layer = Layer::firewall;
    static constexpr Accepts accepts = Accepts{.direction = true};
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "mtu: 600";
    static constexpr bool of_large_packets = true;

    std::int64_t mtu = 0;

    static constexpr auto fields() {
        return std::tuple{required("mtu", &MtuBlackHole::mtu,
                                   "largest packet that goes on; IPv6 has 1280 at least")
                              .at_least(552)
                              .at_most(65'535)};
    }
    Decision decide() const { return RouterPlan{ShrinkMtu{mtu}}; }
    bool operator==(const MtuBlackHole&) const = default;
};

}  // namespace etimedout
