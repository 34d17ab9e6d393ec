// The Internet checksum, and what a capture's checksums say about damage on the way.
#pragma once

#include <cstdint>

#include "simulator/wire/address.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

// The one's complement sum of 16-bit words (RFC 1071), folded, not inverted. An odd last byte is
// padded with a zero.
std::uint16_t internet_sum(ByteView bytes, std::uint32_t initial = 0);

// The sum over the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section
// 8.1), not inverted.
std::uint16_t pseudo_header_sum(const PacketAddress& from, const PacketAddress& to,
                                std::uint8_t protocol, std::uint32_t length);

// Whether a transport header and its payload may have arrived as they were sent: the checksum is
// right, or it is the bare pseudo header sum that Linux leaves there for hardware to complete
// (CHECKSUM_PARTIAL; on a veth nothing ever completes it). netem completes it before it corrupts a
// packet, so a damaged one shows neither. `stored` is the checksum field.
bool is_intact(ByteView segment, std::uint16_t stored, std::uint16_t pseudo_sum);

}  // namespace etimedout
