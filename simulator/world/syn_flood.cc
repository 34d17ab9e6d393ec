// SynFlood: a crowd beside a node that begins connections there and never answers.
#include "simulator/world/syn_flood.hh"

#include <array>
#include <cstddef>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "simulator/net/namespace_guard.hh"
#include "simulator/wire/checksum.hh"

namespace etimedout {

namespace {

constexpr auto interface_name = "crowd";
constexpr MacAddress node_mac{0x02, 0, 0, 0xff, 0, 1};
constexpr MacAddress crowd_mac{0x02, 0, 0, 0xff, 0, 2};

// Of the cable (RFC 5737), and of the crowd (RFC 2544): nobody else has them.
constexpr auto node_end = "198.51.100.1";
constexpr auto crowd_end = "198.51.100.2";
constexpr auto node_end6 = "fd00:ffff::1";
constexpr auto crowd_end6 = "fd00:ffff::2";

constexpr std::uint32_t first_sequence = 1;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t rst = 0x04;

PacketAddress packet_address(const SocketAddress& address) {
    PacketAddress result;
    result.is_v6 = address.family() == AF_INET6;
    const IpAddress ip = address.ip();
    const std::size_t from = result.is_v6 ? 0 : 12;
    std::copy(ip.bytes.begin() + static_cast<std::ptrdiff_t>(from), ip.bytes.end(),
              result.bytes.begin());
    return result;
}

// 198.18.0.0/15 and fd00:fffe::/64, by number.
PacketAddress crowd_address(std::uint16_t number, bool v6) {
    const auto high = static_cast<std::uint8_t>(number >> 8U);
    const auto low = static_cast<std::uint8_t>(number & 0xffU);
    PacketAddress address;
    address.is_v6 = v6;
    if (v6) {
        address.bytes = {0xfd, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, high, low};
    } else {
        address.bytes = {198, 18, high, low};
    }
    return address;
}

class PacketBytes {
public:
    void u8(unsigned value) { bytes_.push_back(static_cast<std::byte>(value)); }
    void u16(unsigned value) {
        u8(value >> 8U & 0xffU);
        u8(value & 0xffU);
    }
    void u32(std::uint32_t value) {
        u16(value >> 16U);
        u16(value & 0xffffU);
    }
    void address(const PacketAddress& address) {
        for (std::size_t i = 0; i < (address.is_v6 ? 16U : 4U); ++i) u8(address.bytes.at(i));
    }
    void set_u16(std::size_t at, unsigned value) {
        bytes_.at(at) = static_cast<std::byte>(value >> 8U & 0xffU);
        bytes_.at(at + 1) = static_cast<std::byte>(value & 0xffU);
    }
    const std::vector<std::byte>& all() const { return bytes_; }

private:
    std::vector<std::byte> bytes_{};
};

struct Segment {
    Endpoint from{};
    Endpoint to{};
    std::uint8_t flags = 0;
    std::uint32_t sequence = 0;
};

// RFC 9293 section 3.1, without options.
std::vector<std::byte> tcp_header(const Segment& segment) {
    constexpr unsigned words = 5;
    constexpr std::size_t checksum_at = 16;
    constexpr std::uint8_t tcp = 6;
    PacketBytes header;
    header.u16(segment.from.port);
    header.u16(segment.to.port);
    header.u32(segment.sequence);
    header.u32(0);
    header.u8(words << 4U);
    header.u8(segment.flags);
    header.u16(64'240);  // window
    header.u16(0);       // checksum
    header.u16(0);       // urgent pointer
    const auto pseudo = pseudo_header_sum(segment.from.address, segment.to.address, tcp, words * 4);
    header.set_u16(checksum_at, static_cast<std::uint16_t>(~internet_sum(header.all(), pseudo)));
    return header.all();
}

// RFC 791 and RFC 8200. The kernel fills in IPv4's total length, identification and checksum.
std::vector<std::byte> packet_of(const Segment& segment) {
    constexpr unsigned hops = 64;
    const auto tcp = tcp_header(segment);
    const auto size = static_cast<unsigned>(tcp.size());
    PacketBytes packet;
    if (segment.to.address.is_v6) {
        packet.u32(0x60000000);
        packet.u16(size);
        packet.u8(IPPROTO_TCP);
        packet.u8(hops);
    } else {
        packet.u8(0x45);
        packet.u8(0);
        packet.u16(size + 20);
        packet.u32(0);
        packet.u8(hops);
        packet.u8(IPPROTO_TCP);
        packet.u16(0);
    }
    packet.address(segment.from.address);
    packet.address(segment.to.address);
    auto bytes = packet.all();
    bytes.insert(bytes.end(), tcp.begin(), tcp.end());
    return bytes;
}

bool is_loopback(const SocketAddress& address) {
    const IpAddress ip = address.ip();
    return ip == socket_address(in6addr_loopback, 0).ip() ||
           (address.family() == AF_INET && ip.bytes[12] == 127);
}

InterfacePlan end_of_cable(bool nodes) {
    InterfacePlan plan{.name = interface_name};
    plan.addresses = {{nodes ? node_end : crowd_end, 24}, {nodes ? node_end6 : crowd_end6, 64}};
    const MacAddress other = nodes ? crowd_mac : node_mac;
    plan.neighbours = {{nodes ? crowd_end : node_end, other},
                       {nodes ? crowd_end6 : node_end6, other}};
    if (nodes) {
        plan.routes = {{{"198.18.0.0", 15}, crowd_end, node_end},
                       {{"fd00:fffe::", 64}, crowd_end6, node_end6}};
    } else {
        // All the node's own addresses lie there.
        plan.routes = {{{"10.0.0.0", 8}, node_end, crowd_end},
                       {{"fd00::", 16}, node_end6, crowd_end6}};
    }
    return plan;
}

}  // namespace

SynFlood::SynFlood(int node) : crowd_{new_network_namespace()} {
    cable_.emplace(VethEnd{node, interface_name, node_mac},
                   VethEnd{crowd_.get(), interface_name, crowd_mac}, 1500);
    configure_interface(node, end_of_cable(true));
    configure_interface(crowd_.get(), end_of_cable(false));
    wait_until_working(node, end_of_cable(true));
    wait_until_working(crowd_.get(), end_of_cable(false));
    const NamespaceGuard inside{crowd_.get()};
    raw4_ =
        Fd{checked("open a raw socket", ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW))};
    raw6_ =
        Fd{checked("open a raw socket", ::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW))};
}

void SynFlood::send(const SocketAddress& listener, const Member& member, std::uint8_t flags,
                    std::uint32_t sequence) {
    constexpr std::uint16_t first_port = 1024;
    SocketAddress to = listener;
    if (is_loopback(listener)) {
        const bool v6 = listener.family() == AF_INET6;
        to = numeric_address({v6 ? node_end6 : node_end, std::to_string(listener.port())}).value();
    }
    const Segment segment{.from = {crowd_address(member.number, to.family() == AF_INET6),
                                   static_cast<std::uint16_t>(first_port + member.turn)},
                          .to = {packet_address(to), to.port()},
                          .flags = flags,
                          .sequence = sequence};
    const auto packet = packet_of(segment);
    // A raw IPv6 socket takes the port for a protocol.
    if (to.family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(to.get())->sin6_port = 0;
    const Fd& raw = to.family() == AF_INET6 ? raw6_ : raw4_;
    checked("send a SYN", ::sendto(raw.get(), packet.data(), packet.size(), 0, to.get(), to.size));
}

void SynFlood::knock(const SocketAddress& listener, const Member& member) {
    send(listener, member, syn, first_sequence);
}

void SynFlood::take_back(const SocketAddress& listener, const Member& member) {
    send(listener, member, rst, first_sequence + 1);
}

}  // namespace etimedout
