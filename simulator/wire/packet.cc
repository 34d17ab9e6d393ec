// Packets: Ethernet frames taken apart into TCP segments, UDP datagrams and ICMP messages.
#include "simulator/wire/packet.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/wire/checksum.hh"

namespace etimedout {

namespace {

constexpr std::uint8_t icmp_protocol = 1;
constexpr std::uint8_t tcp_protocol = 6;
constexpr std::uint8_t udp_protocol = 17;
constexpr std::uint8_t icmp6_protocol = 58;

// An IP packet's transport part.
struct Transport {
    PacketAddress from{};
    PacketAddress to{};
    std::uint8_t protocol = 0;
    ByteView bytes{};          // as captured, without padding of the frame
    std::uint32_t length = 0;  // on the wire
    bool is_fragment = false;  // the first one; bytes and length are of this fragment alone
};

PacketAddress read_v4(ByteView bytes, std::size_t at) {
    PacketAddress address;
    for (std::size_t i = 0; i < 4; ++i) address.bytes[i] = read_u8(bytes, at + i);
    return address;
}

PacketAddress read_v6(ByteView bytes, std::size_t at) {
    PacketAddress address;
    address.is_v6 = true;
    for (std::size_t i = 0; i < 16; ++i) address.bytes[i] = read_u8(bytes, at + i);
    return address;
}

// What may be cut short: a packet quoted in an ICMP error is, and its header's checksum was
// verified by whoever quotes it.
enum class Source { frame, quoted };

// RFC 791. A total length of 0 is a segment larger than 64 KiB that was captured before it was cut
// (Linux "BIG TCP").
std::optional<Transport> decode_v4(ByteView packet, Source source) {
    if (packet.size() < 20 || read_u8(packet, 0) >> 4U != 4) return std::nullopt;
    const std::size_t header = (read_u8(packet, 0) & 0xFU) * 4U;
    if (header < 20 || header > packet.size()) return std::nullopt;
    if (source == Source::frame && internet_sum(packet.first(header)) != 0xFFFF) {
        return std::nullopt;  // every hop drops it
    }
    const std::uint32_t total = read_u16(packet, 2);
    const std::uint32_t whole = total == 0 ? static_cast<std::uint32_t>(packet.size()) : total;
    if (whole < header) return std::nullopt;
    const std::uint16_t fragment = read_u16(packet, 6);
    if ((fragment & 0x1FFFU) != 0) return std::nullopt;
    Transport transport;
    transport.from = read_v4(packet, 12);
    transport.to = read_v4(packet, 16);
    transport.protocol = read_u8(packet, 9);
    transport.length = whole - static_cast<std::uint32_t>(header);
    transport.bytes =
        packet.subspan(header, std::min<std::size_t>(transport.length, packet.size() - header));
    transport.is_fragment = (fragment & 0x2000U) != 0;
    return transport;
}

// RFC 8200 section 4.1: hop-by-hop, routing, fragment and destination options in front of the
// transport; RFC 4302's authentication header too. Encrypted payloads are not looked into.
std::optional<Transport> decode_v6(ByteView packet) {
    constexpr std::uint8_t hop_by_hop = 0;
    constexpr std::uint8_t routing = 43;
    constexpr std::uint8_t fragment = 44;
    constexpr std::uint8_t authentication = 51;
    constexpr std::uint8_t destination = 60;
    constexpr std::size_t fixed = 40;
    if (packet.size() < fixed || read_u8(packet, 0) >> 4U != 6) return std::nullopt;
    Transport transport;
    transport.from = read_v6(packet, 8);
    transport.to = read_v6(packet, 24);
    transport.protocol = read_u8(packet, 6);
    const std::size_t declared = read_u16(packet, 4);  // 0: a jumbogram (RFC 2675)
    std::size_t left = declared == 0 ? packet.size() - fixed : declared;
    ByteView rest = packet.subspan(fixed, std::min(left, packet.size() - fixed));
    for (;;) {
        const std::uint8_t header = transport.protocol;
        if (header != hop_by_hop && header != routing && header != fragment &&
            header != authentication && header != destination) {
            break;
        }
        if (rest.size() < 8) return std::nullopt;
        std::size_t size = (read_u8(rest, 1) + 1U) * 8U;
        if (header == fragment) size = 8;
        if (header == authentication) size = (read_u8(rest, 1) + 2U) * 4U;
        if (size > rest.size()) return std::nullopt;
        if (header == fragment) {
            const std::uint16_t offset = read_u16(rest, 2);
            if ((offset & 0xFFF8U) != 0) return std::nullopt;
            transport.is_fragment = (offset & 1U) != 0;
        }
        transport.protocol = read_u8(rest, 0);
        rest = rest.subspan(size);
        left -= size;
    }
    transport.bytes = rest;
    transport.length = static_cast<std::uint32_t>(left);
    return transport;
}

// What can be checked: nothing but whole packets.
bool is_whole(const Transport& transport) {
    return !transport.is_fragment && transport.bytes.size() == transport.length;
}

std::uint16_t pseudo_sum_of(const Transport& transport) {
    return pseudo_header_sum(transport.from, transport.to, transport.protocol, transport.length);
}

Endpoint from_of(const Transport& transport) {
    return {transport.from,
            transport.bytes.size() >= 4 ? read_u16(transport.bytes, 0) : std::uint16_t{0}};
}
Endpoint to_of(const Transport& transport) {
    return {transport.to,
            transport.bytes.size() >= 4 ? read_u16(transport.bytes, 2) : std::uint16_t{0}};
}

Packet damaged(const Transport& transport) {
    return DamagedPacket{from_of(transport), to_of(transport), transport.protocol};
}

// RFC 9293 section 3.1.
Packet decode_tcp(const Transport& transport) {
    const ByteView bytes = transport.bytes;
    if (bytes.size() < 20) return std::monostate{};
    if (is_whole(transport) && !is_intact(bytes, read_u16(bytes, 16), pseudo_sum_of(transport))) {
        return damaged(transport);
    }
    const std::size_t header = (read_u8(bytes, 12) >> 4U) * 4U;
    if (header < 20 || header > transport.length) return std::monostate{};
    const std::uint8_t flags = read_u8(bytes, 13);
    TcpSegment segment;
    segment.from = from_of(transport);
    segment.to = to_of(transport);
    segment.sequence = read_u32(bytes, 4);
    segment.acknowledged = read_u32(bytes, 8);
    segment.flags = {.fin = (flags & 0x01U) != 0,
                     .syn = (flags & 0x02U) != 0,
                     .rst = (flags & 0x04U) != 0,
                     .ack = (flags & 0x10U) != 0};
    segment.window = read_u16(bytes, 14);
    segment.length = transport.length - static_cast<std::uint32_t>(header);
    if (header < bytes.size()) segment.payload = bytes.subspan(header);
    return segment;
}

// RFC 768. A checksum of 0 is none at all.
Packet decode_udp(const Transport& transport) {
    const ByteView bytes = transport.bytes;
    if (bytes.size() < 8) return std::monostate{};
    const std::uint16_t stored = read_u16(bytes, 6);
    const std::uint16_t declared = read_u16(bytes, 4);
    if (is_whole(transport) && stored != 0 && !is_intact(bytes, stored, pseudo_sum_of(transport))) {
        return damaged(transport);
    }
    UdpDatagram datagram;
    datagram.from = from_of(transport);
    datagram.to = to_of(transport);
    // The UDP length covers all fragments, of which this is the first.
    const std::uint32_t whole = declared >= 8 ? declared : transport.length;
    datagram.length = whole - 8;
    datagram.payload = bytes.subspan(8, std::min<std::size_t>(datagram.length, bytes.size() - 8));
    return datagram;
}

// Errors quote the packet they answer: RFC 792, RFC 4443 section 2.4.
bool is_error(const IcmpMessage& message) {
    if (message.from.is_v6) return message.type < 128;
    constexpr std::array<std::uint8_t, 5> errors{3, 4, 5, 11, 12};
    return std::find(errors.begin(), errors.end(), message.type) != errors.end();
}

std::optional<QuotedPacket> quoted_in(const IcmpMessage& message, ByteView after_header) {
    if (!is_error(message)) return std::nullopt;
    const auto inner =
        message.from.is_v6 ? decode_v6(after_header) : decode_v4(after_header, Source::quoted);
    if (!inner) return std::nullopt;
    QuotedPacket quoted{inner->protocol, {inner->from, 0}, {inner->to, 0}};
    if (inner->protocol == tcp_protocol || inner->protocol == udp_protocol) {
        quoted.from = from_of(*inner);
        quoted.to = to_of(*inner);
    }
    return quoted;
}

Packet decode_icmp(const Transport& transport) {
    const ByteView bytes = transport.bytes;
    if (bytes.size() < 8 || (transport.protocol == icmp6_protocol) != transport.from.is_v6) {
        return std::monostate{};
    }
    const std::uint16_t pseudo = transport.from.is_v6 ? pseudo_sum_of(transport) : std::uint16_t{0};
    if (is_whole(transport) && internet_sum(bytes, pseudo) != 0xFFFF) {
        return DamagedPacket{{transport.from, 0}, {transport.to, 0}, transport.protocol};
    }
    IcmpMessage message;
    message.from = transport.from;
    message.to = transport.to;
    message.type = read_u8(bytes, 0);
    message.code = read_u8(bytes, 1);
    message.length = transport.length - 8;
    message.about = quoted_in(message, bytes.subspan(8));
    return message;
}

std::string_view unreachable_name(const IcmpMessage& message) {
    constexpr std::array<std::string_view, 16> v4{"net",
                                                  "host",
                                                  "protocol",
                                                  "port",
                                                  "too_big",
                                                  "source_route",
                                                  "net_unknown",
                                                  "host_unknown",
                                                  "isolated",
                                                  "net_prohibited",
                                                  "host_prohibited",
                                                  "net_service",
                                                  "host_service",
                                                  "admin_prohibited",
                                                  "precedence",
                                                  "precedence_cutoff"};
    constexpr std::array<std::string_view, 8> v6{
        "no_route", "admin_prohibited", "beyond_scope", "host",
        "port",     "source_policy",    "reject_route", "source_route"};
    if (message.from.is_v6) return message.code < v6.size() ? v6[message.code] : "";
    return message.code < v4.size() ? v4[message.code] : "";
}

// The name without its code; empty for the nameless.
std::string_view type_name(const IcmpMessage& message) {
    if (message.from.is_v6) {
        switch (message.type) {
            case 1:
                return "unreachable";
            case 2:
                return "packet_too_big";
            case 3:
                return "time_exceeded";
            case 4:
                return "parameter_problem";
            case 128:
                return "echo_request";
            case 129:
                return "echo_reply";
            case 133:
                return "router_solicitation";
            case 134:
                return "router_advertisement";
            case 135:
                return "neighbour_solicitation";
            case 136:
                return "neighbour_advertisement";
            case 137:
                return "redirect";
            default:
                return "";
        }
    }
    switch (message.type) {
        case 0:
            return "echo_reply";
        case 3:
            return "unreachable";
        case 4:
            return "source_quench";
        case 5:
            return "redirect";
        case 8:
            return "echo_request";
        case 11:
            return "time_exceeded";
        case 12:
            return "parameter_problem";
        default:
            return "";
    }
}

}  // namespace

Packet decode_frame(ByteView frame) {
    constexpr std::uint16_t ipv4 = 0x0800;
    constexpr std::uint16_t ipv6 = 0x86DD;
    constexpr std::uint16_t vlan = 0x8100;
    constexpr std::uint16_t service_vlan = 0x88A8;
    constexpr int most_tags = 4;  // two are usual; more is not a network
    if (frame.size() < 14) return std::monostate{};
    std::size_t at = 12;
    std::uint16_t type = read_u16(frame, at);
    for (int tags = 0; (type == vlan || type == service_vlan) && tags < most_tags; ++tags) {
        at += 4;
        if (at + 2 > frame.size()) return std::monostate{};
        type = read_u16(frame, at);
    }
    std::optional<Transport> transport;
    if (type == ipv4) transport = decode_v4(frame.subspan(at + 2), Source::frame);
    if (type == ipv6) transport = decode_v6(frame.subspan(at + 2));
    if (!transport) return std::monostate{};
    switch (transport->protocol) {
        case tcp_protocol:
            return decode_tcp(*transport);
        case udp_protocol:
            return decode_udp(*transport);
        case icmp_protocol:
        case icmp6_protocol:
            return decode_icmp(*transport);
        default:
            return std::monostate{};
    }
}

std::string name_of(const IcmpMessage& message) {
    const std::string_view type = type_name(message);
    if (type == "unreachable") {
        const std::string_view code = unreachable_name(message);
        if (!code.empty()) return fmt::format("unreachable/{}", code);
    }
    if (type == "time_exceeded" && message.code < 2) {
        return message.code == 0 ? "time_exceeded/hops" : "time_exceeded/reassembly";
    }
    if (type.empty() || type == "unreachable" || type == "time_exceeded") {
        return fmt::format("icmp/{}/{}", message.type, message.code);
    }
    return std::string{type};
}

bool is_link_housekeeping(const IcmpMessage& message) {
    return message.from.is_v6 &&
           ((message.type >= 130 && message.type <= 137) || message.type == 143);
}

}  // namespace etimedout
