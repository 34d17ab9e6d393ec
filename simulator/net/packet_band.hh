// Marks and bands: how a firewall rule tells the shaper which packets a fault is for.
#pragma once

#include <cstdint>

namespace etimedout {

// Bits of the packet mark; a packet fault with selectors has one.
using Marks = std::uint32_t;

// Packets that carry all of these marks, and no others, go to this band.
struct PacketBand {
    Marks marks = 0;
    std::uint32_t priority = 0;  // the skb's priority that leads there, 0x10002 for `1:2`
    bool operator==(const PacketBand&) const = default;
};

}  // namespace etimedout
