// SynQueue: attempts to connect that the kernel holds until someone decides about them.
#include "simulator/net/syn_queue.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include "simulator/net/firewall_engine.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/nft.hh"
#include "simulator/wire/checksum.hh"
#include "simulator/wire/packet.hh"

namespace etimedout {

namespace {

// Enough for the headers, and for what an ICMP error quotes.
constexpr std::uint32_t copied = 128;
constexpr std::uint32_t most_held = 65'536;
constexpr std::size_t tcp_header = 20;
constexpr std::size_t ip4_header = 20;

int queue_message(unsigned type) { return static_cast<int>((NFNL_SUBSYS_QUEUE << 8U) | type); }

nfgenmsg queue_header(std::uint16_t queue) {
    return {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(queue)};
}

std::string nft_holding(const HoldingPlan& plan) {
    std::string match;
    if (!plan.interface.empty()) match += fmt::format("iifname \"{}\" ", plan.interface);
    if (!plan.ports.empty())
        match += fmt::format("tcp dport {{ {} }} ", fmt::join(plan.ports, ", "));
    return fmt::format(
        "table inet etimedout_holding {{\n"
        "    chain hold {{\n"
        "        type filter hook prerouting priority raw; policy accept;\n"
        "        {}tcp flags & (fin | syn | rst | ack) == syn queue flags bypass to {}\n"
        "    }}\n"
        "}}\n",
        match, plan.queue);
}

std::string iptables_holding(const HoldingPlan& plan) {
    std::string match;
    if (!plan.interface.empty()) match += fmt::format(" -i {}", plan.interface);
    if (!plan.ports.empty()) {
        match += fmt::format(" -m multiport --dports {}", fmt::join(plan.ports, ","));
    }
    return fmt::format(
        "*raw\n"
        "-A PREROUTING -p tcp --syn{} -j NFQUEUE --queue-num {} --queue-bypass\n"
        "COMMIT\n",
        match, plan.queue);
}

void write_bytes(std::vector<std::byte>& packet, std::span<const std::byte> bytes) {
    packet.insert(packet.end(), bytes.begin(), bytes.end());
}
void write_u8(std::vector<std::byte>& packet, unsigned value) {
    packet.push_back(static_cast<std::byte>(value));
}
void write_u16(std::vector<std::byte>& packet, unsigned value) {
    write_u8(packet, value >> 8U & 0xffU);
    write_u8(packet, value & 0xffU);
}
void write_u32(std::vector<std::byte>& packet, std::uint32_t value) {
    write_u16(packet, value >> 16U);
    write_u16(packet, value & 0xffffU);
}
void write_address(std::vector<std::byte>& packet, const PacketAddress& address) {
    write_bytes(packet, std::as_bytes(std::span{address.bytes}).first(address.is_v6 ? 16u : 4u));
}

void put_checksum(std::vector<std::byte>& body, std::size_t at, std::uint16_t initial) {
    const auto sum = static_cast<std::uint16_t>(~internet_sum(body, initial));
    body[at] = static_cast<std::byte>(sum >> 8U);
    body[at + 1] = static_cast<std::byte>(sum & 0xffU);
}

std::vector<std::byte> ip_header(const HeldSyn& syn, std::uint8_t protocol, std::size_t length) {
    std::vector<std::byte> packet;
    constexpr unsigned hops = 64;
    if (syn.to.address.is_v6) {
        write_u32(packet, 6U << 28U);
        write_u16(packet, static_cast<unsigned>(length));
        write_u8(packet, protocol);
        write_u8(packet, hops);
    } else {
        write_u16(packet, 0x4500);
        write_u16(packet, static_cast<unsigned>(ip4_header + length));
        write_u32(packet, 0);
        write_u8(packet, hops);
        write_u8(packet, protocol);
        write_u16(packet, 0);
    }
    write_address(packet, syn.to.address);
    write_address(packet, syn.from.address);
    if (!syn.to.address.is_v6) put_checksum(packet, 10, 0);
    return packet;
}

// "No such port here" (RFC 9293, section 3.10.7.1).
std::vector<std::byte> reset_body(const HeldSyn& syn) {
    std::vector<std::byte> body;
    write_u16(body, syn.to.port);
    write_u16(body, syn.from.port);
    write_u32(body, 0);
    write_u32(body, syn.sequence + 1);
    write_u16(body, 0x5014);  // five words of header; RST and ACK
    write_u32(body, 0);       // window and checksum
    write_u16(body, 0);
    put_checksum(body, 16,
                 pseudo_header_sum(syn.to.address, syn.from.address, IPPROTO_TCP, tcp_header));
    return body;
}

std::uint8_t icmp_of(const HeldSyn& syn) {
    if (syn.to.address.is_v6) return IPPROTO_ICMPV6;
    return IPPROTO_ICMP;
}

// RFC 792 and RFC 4443, section 3.1. Nothing for other errors.
std::optional<std::uint8_t> unreachable_code(int error, bool is_v6) {
    switch (error) {
        case ENETUNREACH:
            return 0;
        case EHOSTUNREACH:
            return is_v6 ? 3 : 1;
        case EACCES:
            return is_v6 ? 1 : 13;
        default:
            return std::nullopt;
    }
}

std::vector<std::byte> unreachable_body(const HeldSyn& syn, std::uint8_t code) {
    const bool v6 = syn.to.address.is_v6;
    std::vector<std::byte> body;
    write_u8(body, v6 ? 1 : 3);
    write_u8(body, code);
    write_u16(body, 0);
    write_u32(body, 0);
    write_bytes(body, syn.packet);
    const std::uint16_t pseudo =
        v6 ? pseudo_header_sum(syn.to.address, syn.from.address, IPPROTO_ICMPV6,
                               static_cast<std::uint32_t>(body.size()))
           : std::uint16_t{0};
    put_checksum(body, 2, pseudo);
    return body;
}

// The packet as it would lie in an Ethernet frame, which is what can be taken apart.
std::optional<HeldSyn> held_syn(std::uint32_t id, std::span<const std::byte> packet) {
    if (packet.size() < ip4_header) return std::nullopt;
    const bool v6 = std::to_integer<unsigned>(packet[0]) >> 4U == 6;
    constexpr std::size_t ethernet_header = 14;
    std::vector<std::byte> frame(ethernet_header + packet.size());
    frame[12] = static_cast<std::byte>(v6 ? 0x86 : 0x08);
    frame[13] = static_cast<std::byte>(v6 ? 0xdd : 0x00);
    std::copy(packet.begin(), packet.end(), frame.begin() + ethernet_header);
    const Packet decoded = decode_frame(frame);
    const auto* tcp = std::get_if<TcpSegment>(&decoded);
    if (tcp == nullptr) return std::nullopt;
    return HeldSyn{id, tcp->from, tcp->to, tcp->sequence, {packet.begin(), packet.end()}};
}

Fd raw_socket(int family) {
    return Fd{::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW)};
}

}  // namespace

void hold_attempts(int network_namespace, const HoldingPlan& plan) {
    const std::string attempt = "hold attempts to connect";
    try {
        run_nft(network_namespace, nft_holding(plan), attempt);
        return;
    } catch (const Error&) {
        // A kernel without nft_queue may have its older sister, as below.
    }
    const std::string text = iptables_holding(plan);
    run_in_namespace(network_namespace, {"iptables-restore", "--noflush"}, text, attempt);
    run_in_namespace(network_namespace, {"ip6tables-restore", "--noflush"}, text, attempt);
}

SynQueue::SynQueue(int network_namespace, std::uint16_t queue)
    : kernel_{network_namespace, NETLINK_NETFILTER}, queue_{queue} {
    {
        const NamespaceGuard inside{network_namespace};
        raw4_ = raw_socket(AF_INET);
        raw6_ = raw_socket(AF_INET6);
    }
    if (!raw4_) throw_errno("open a raw socket", errno);
    // In one message: a queue that does not know yet what to copy would refuse what comes.
    NetlinkMessage message{queue_message(NFQNL_MSG_CONFIG), 0};
    message.header(queue_header(queue_));
    message.put(NFQA_CFG_CMD,
                nfqnl_msg_config_cmd{.command = NFQNL_CFG_CMD_BIND, ._pad = 0, .pf = 0});
    message.put(NFQA_CFG_PARAMS, nfqnl_msg_config_params{.copy_range = htonl(copied),
                                                         .copy_mode = NFQNL_COPY_PACKET});
    message.put(NFQA_CFG_QUEUE_MAXLEN, htonl(most_held));
    kernel_.request(message, "have attempts to connect held");
}

std::optional<HeldSyn> SynQueue::next() {
    if (waiting_.empty()) {
        kernel_.receive([this](const nlmsghdr& message) {
            if (message.nlmsg_type != queue_message(NFQNL_MSG_PACKET)) return;
            const NetlinkAttributes attributes = attributes_of(message, sizeof(nfgenmsg));
            const auto header = attributes.value<nfqnl_msg_packet_hdr>(NFQA_PACKET_HDR);
            const auto payload = attributes.find(NFQA_PAYLOAD);
            if (!header) return;
            const std::uint32_t id = ntohl(header->packet_id);
            auto syn = payload ? held_syn(id, *payload) : std::nullopt;
            if (syn) {
                waiting_.push_back(std::move(*syn));
            } else {
                let_pass({.id = id});  // whatever it is, it is not for us
            }
        });
        std::reverse(waiting_.begin(), waiting_.end());
    }
    if (waiting_.empty()) return std::nullopt;
    HeldSyn first = std::move(waiting_.back());
    waiting_.pop_back();
    return first;
}

void SynQueue::let_pass(const HeldSyn& syn) { decide(syn, NF_ACCEPT); }
void SynQueue::drop(const HeldSyn& syn) { decide(syn, NF_DROP); }

void SynQueue::decide(const HeldSyn& syn, std::uint32_t verdict) {
    NetlinkMessage message{queue_message(NFQNL_MSG_VERDICT), 0};
    message.header(queue_header(queue_));
    message.put(NFQA_VERDICT_HDR,
                nfqnl_msg_verdict_hdr{.verdict = htonl(verdict), .id = htonl(syn.id)});
    kernel_.send(message, "decide about an attempt to connect");
}

std::vector<std::byte> refusal_of(const HeldSyn& syn, int error) {
    std::vector<std::byte> body;
    std::uint8_t protocol = IPPROTO_TCP;
    if (error == ECONNREFUSED) {
        body = reset_body(syn);
    } else if (const auto code = unreachable_code(error, syn.to.address.is_v6)) {
        protocol = icmp_of(syn);
        body = unreachable_body(syn, *code);
    } else {
        return {};
    }
    std::vector<std::byte> packet = ip_header(syn, protocol, body.size());
    write_bytes(packet, body);
    return packet;
}

void SynQueue::refuse(const HeldSyn& syn, int error) {
    drop(syn);
    answer(syn, refusal_of(syn, error));
}

// A packet that cannot be sent is one that was lost.
void SynQueue::answer(const HeldSyn& syn, std::span<const std::byte> packet) {
    if (packet.empty()) return;
    const PacketAddress& caller = syn.from.address;
    if (caller.is_v6) {
        sockaddr_in6 there{};
        there.sin6_family = AF_INET6;
        std::memcpy(&there.sin6_addr, caller.bytes.data(), sizeof there.sin6_addr);
        ::sendto(raw6_.get(), packet.data(), packet.size(), 0,
                 reinterpret_cast<const sockaddr*>(&there), sizeof there);
    } else {
        sockaddr_in there{};
        there.sin_family = AF_INET;
        std::memcpy(&there.sin_addr, caller.bytes.data(), sizeof there.sin_addr);
        ::sendto(raw4_.get(), packet.data(), packet.size(), 0,
                 reinterpret_cast<const sockaddr*>(&there), sizeof there);
    }
}

}  // namespace etimedout
