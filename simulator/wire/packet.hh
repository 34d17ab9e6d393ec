// Packets: Ethernet frames taken apart into TCP segments, UDP datagrams and ICMP messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "simulator/wire/address.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

struct TcpFlags {
    bool fin = false;
    bool syn = false;
    bool rst = false;
    bool ack = false;
};

struct TcpSegment {
    Endpoint from{};
    Endpoint to{};
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0;  // meaningless without flags.ack
    TcpFlags flags{};
    std::uint16_t window = 0;  // as written, not scaled
    ByteView payload{};        // as captured; a view into the frame
    std::uint32_t length = 0;  // of the payload on the wire; more than captured in a short capture
};

struct UdpDatagram {
    Endpoint from{};
    Endpoint to{};
    ByteView payload{};        // as captured
    std::uint32_t length = 0;  // of the payload on the wire
};

// The packet that an ICMP error answers, as far as the error quotes it.
struct QuotedPacket {
    std::uint8_t protocol = 0;  // IANA protocol number: 6 TCP, 17 UDP
    Endpoint from{};            // ports 0 where the protocol has none
    Endpoint to{};
};

struct IcmpMessage {
    PacketAddress from{};
    PacketAddress to{};
    std::uint8_t type = 0;  // of ICMP or, where the addresses are IPv6, of ICMPv6
    std::uint8_t code = 0;
    std::uint32_t length = 0;  // what follows the eight bytes of the header
    std::optional<QuotedPacket> about{};
};

// A TCP segment, UDP datagram or ICMP message whose checksum says that a bit has flipped. Whoever
// receives it drops it, so its fields prove nothing; the addresses are as they arrived.
struct DamagedPacket {
    Endpoint from{};
    Endpoint to{};
    std::uint8_t protocol = 0;
};

// Nothing (std::monostate): ARP, other protocols, later fragments, or cut too short to tell.
using Packet = std::variant<std::monostate, TcpSegment, UdpDatagram, IcmpMessage, DamagedPacket>;

// `frame` is what was captured of an Ethernet frame, VLAN tags included. Of a fragmented packet
// the first fragment counts. Never reads beyond the frame, whatever its fields claim.
Packet decode_frame(ByteView frame);

// "echo_request", "unreachable/host", "packet_too_big", … or "icmp/TYPE/CODE" for the nameless.
std::string name_of(const IcmpMessage& message);

// Neighbour discovery, router solicitation and multicast listener reports: what IPv6 has for ARP
// and IGMP (RFC 4861, RFC 3810).
bool is_link_housekeeping(const IcmpMessage& message);

}  // namespace etimedout
