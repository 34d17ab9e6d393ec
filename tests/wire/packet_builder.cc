// Builds captures: frames with right checksums, and a TCP conversation told step by step.
#include "tests/wire/packet_builder.hh"

#include <arpa/inet.h>

#include "simulator/wire/checksum.hh"

namespace etimedout::test {

namespace {

constexpr std::size_t ethernet_header = 14;

void put_u8(Frame& frame, unsigned value) { frame.push_back(static_cast<std::byte>(value)); }
void put_u16(Frame& frame, unsigned value) {
    put_u8(frame, value >> 8U & 0xFFU);
    put_u8(frame, value & 0xFFU);
}
void put_u32(Frame& frame, std::uint32_t value) {
    put_u16(frame, value >> 16U);
    put_u16(frame, value & 0xFFFFU);
}
void set_u16(Frame& frame, std::size_t at, unsigned value) {
    frame[at] = static_cast<std::byte>(value >> 8U & 0xFFU);
    frame[at + 1] = static_cast<std::byte>(value & 0xFFU);
}
void put_address(Frame& frame, const PacketAddress& from) {
    for (std::size_t i = 0; i < (from.is_v6 ? 16U : 4U); ++i) put_u8(frame, from.bytes[i]);
}
void put_bytes(Frame& frame, ByteView bytes) {
    frame.insert(frame.end(), bytes.begin(), bytes.end());
}

struct IpFields {
    PacketAddress from;
    PacketAddress to;
    std::uint8_t protocol;
};

Frame ip_frame(const IpFields& ip, const Frame& transport) {
    Frame frame(12);
    put_u16(frame, ip.from.is_v6 ? 0x86DD : 0x0800);
    if (ip.from.is_v6) {
        put_u32(frame, 0x60000000);
        put_u16(frame, static_cast<unsigned>(transport.size()));
        put_u8(frame, ip.protocol);
        put_u8(frame, 64);
    } else {
        put_u16(frame, 0x4500);
        put_u16(frame, static_cast<unsigned>(transport.size() + 20));
        put_u32(frame, 0x00004000);
        put_u8(frame, 64);
        put_u8(frame, ip.protocol);
        put_u16(frame, 0);
    }
    put_address(frame, ip.from);
    put_address(frame, ip.to);
    if (!ip.from.is_v6) {
        const auto sum = internet_sum(ByteView{frame}.subspan(ethernet_header, 20));
        set_u16(frame, ethernet_header + 10, 0xFFFFU & ~static_cast<unsigned>(sum));
    }
    put_bytes(frame, transport);
    return frame;
}

void finish_checksum(Frame& transport, std::size_t at, std::uint16_t initial, Checksum how) {
    const unsigned complete =
        0xFFFFU & ~static_cast<unsigned>(internet_sum(ByteView{transport}, initial));
    switch (how) {
        case Checksum::complete:
            set_u16(transport, at, complete);
            break;
        case Checksum::partial:
            set_u16(transport, at, initial);
            break;
        case Checksum::wrong:
            set_u16(transport, at, complete ^ 0x0100U);
            break;
    }
}

std::uint16_t pseudo(const IpFields& ip, const Frame& transport) {
    return pseudo_header_sum(ip.from, ip.to, ip.protocol,
                             static_cast<std::uint32_t>(transport.size()));
}

}  // namespace

PacketAddress address(std::string_view text) {
    PacketAddress result;
    result.is_v6 = text.find(':') != std::string_view::npos;
    ::inet_pton(result.is_v6 ? AF_INET6 : AF_INET, std::string{text}.c_str(), result.bytes.data());
    return result;
}

Endpoint endpoint(std::string_view address_text, std::uint16_t port) {
    return {address(address_text), port};
}

Frame tcp_frame(const TcpFields& fields, std::string_view payload, Checksum checksum) {
    Frame segment;
    put_u16(segment, fields.from.port);
    put_u16(segment, fields.to.port);
    put_u32(segment, fields.sequence);
    put_u32(segment, fields.acknowledged);
    put_u8(segment, 5U << 4U);
    put_u8(segment, fields.flags);
    put_u16(segment, fields.window);
    put_u32(segment, 0);
    put_bytes(segment, as_byte_view(payload));
    const IpFields ip{fields.from.address, fields.to.address, 6};
    finish_checksum(segment, 16, pseudo(ip, segment), checksum);
    return ip_frame(ip, segment);
}

Frame udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload) {
    Frame datagram;
    put_u16(datagram, from.port);
    put_u16(datagram, to.port);
    put_u16(datagram, static_cast<unsigned>(payload.size() + 8));
    put_u16(datagram, 0);
    put_bytes(datagram, as_byte_view(payload));
    const IpFields ip{from.address, to.address, 17};
    finish_checksum(datagram, 6, pseudo(ip, datagram), Checksum::complete);
    return ip_frame(ip, datagram);
}

Frame icmp_frame(const IcmpFields& fields, const Frame& body) {
    Frame message;
    put_u8(message, fields.type);
    put_u8(message, fields.code);
    put_u16(message, 0);
    put_u32(message, 0);
    put_bytes(message, body);
    const IpFields ip{fields.from, fields.to,
                      static_cast<std::uint8_t>(fields.from.is_v6 ? 58 : 1)};
    finish_checksum(message, 2, ip.from.is_v6 ? pseudo(ip, message) : std::uint16_t{0},
                    Checksum::complete);
    return ip_frame(ip, message);
}

Frame quote(const Frame& frame, std::size_t bytes) {
    const std::size_t end = std::min(frame.size(), ethernet_header + bytes);
    return {frame.begin() + ethernet_header, frame.begin() + static_cast<std::ptrdiff_t>(end)};
}

Frame with_extensions(const Frame& frame, const std::vector<Extension>& extensions) {
    constexpr std::size_t fixed = ethernet_header + 40;
    Frame result{frame.begin(), frame.begin() + fixed};
    std::size_t next_header_at = ethernet_header + 6;
    const std::byte transport = frame[next_header_at];
    for (const Extension& extension : extensions) {
        result[next_header_at] = static_cast<std::byte>(extension.type);
        next_header_at = result.size();
        put_bytes(result, extension.bytes);
    }
    result[next_header_at] = transport;
    result.insert(result.end(), frame.begin() + fixed, frame.end());
    set_u16(result, ethernet_header + 4, static_cast<unsigned>(result.size() - fixed));
    return result;
}

Frame with_vlan(const Frame& frame, std::uint16_t type) {
    Frame result{frame.begin(), frame.begin() + 12};
    put_u16(result, type);
    put_u16(result, 5);
    result.insert(result.end(), frame.begin() + 12, frame.end());
    return result;
}

Talk::Talk(CaptureBuilder& capture, Options options)
    : capture_{capture},
      options_{options},
      client_{options.client, options.client_isn, options.client_isn},
      server_{options.server, options.server_isn, options.server_isn} {}

void Talk::send(Duration t, End& from, const End& to, std::uint8_t flags,
                std::string_view payload) {
    TcpFields fields{from.self, to.self, from.next, 0, flags, from.window};
    if ((flags & ack) != 0) fields.acknowledged = to.highest;
    capture_.add(t, tcp_frame(fields, payload));
    from.next += static_cast<std::uint32_t>(payload.size());
    if ((flags & (syn | fin)) != 0) ++from.next;
    if (static_cast<std::int32_t>(from.next - from.highest) > 0) from.highest = from.next;
}

void Talk::client_sends(Duration t, std::uint8_t flags, std::string_view payload) {
    send(t, client_, server_, flags, payload);
}
void Talk::server_sends(Duration t, std::uint8_t flags, std::string_view payload) {
    send(t, server_, client_, flags, payload);
}

void Talk::handshake(Duration t) {
    client_sends(t, syn);
    server_sends(t, syn | ack);
    client_sends(t, ack);
}

}  // namespace etimedout::test
