// Firewall rules as text for nft.
#include <cmath>

#include <fmt/format.h>

#include "simulator/net/firewall.hh"

namespace etimedout {

namespace {

// Everything that passes here at the same hook is ordered: refusals, then marks, then bands, so
// that only what survives is marked.
constexpr int refusal_priority = 0;
constexpr int mark_priority = 10;
constexpr int bands_priority = 20;

constexpr std::int64_t share_steps = 1'000'000;

std::string_view nft_icmp_code(Refusal refusal) {
    switch (refusal) {
        case Refusal::net_unreachable:
            return "net-unreachable";
        case Refusal::host_unreachable:
            return "host-unreachable";
        case Refusal::protocol_unreachable:
            return "prot-unreachable";
        case Refusal::net_prohibited:
            return "net-prohibited";
        case Refusal::host_prohibited:
            return "host-prohibited";
        case Refusal::admin_prohibited:
            return "admin-prohibited";
        default:
            return "port-unreachable";
    }
}

// RFC 4443 has fewer codes; RFC 7915 section 4.2 says which stands for which. Protocol
// unreachable would be another message (parameter problem), which no firewall sends.
std::string_view nft_icmpv6_code(Refusal refusal) {
    switch (refusal) {
        case Refusal::net_unreachable:
            return "no-route";
        case Refusal::host_unreachable:
            return "addr-unreachable";
        case Refusal::net_prohibited:
        case Refusal::host_prohibited:
        case Refusal::admin_prohibited:
            return "admin-prohibited";
        default:
            return "port-unreachable";
    }
}

std::string action_rules(const FirewallAction& action) {
    if (const auto* mark = std::get_if<Marks>(&action)) {
        return fmt::format("        counter name \"fired\" meta mark set meta mark | {:#x}\n",
                           *mark);
    }
    if (const auto* unknown = std::get_if<UnknownPackets>(&action)) {
        return fmt::format("        ct state invalid counter name \"fired\" {}\n",
                           unknown->with == UnknownFlow::drop ? "drop" : "reject with tcp reset");
    }
    const Refusal refusal = std::get<Refusal>(action);
    if (refusal == Refusal::drop) return "        counter name \"fired\" drop\n";
    if (refusal == Refusal::tcp_reset) {
        return "        counter name \"fired\" reject with tcp reset\n";
    }
    return fmt::format(
        "        meta nfproto ipv4 counter name \"fired\" reject with icmp type {}\n"
        "        meta nfproto ipv6 counter name \"fired\" reject with icmpv6 type {}\n",
        nft_icmp_code(refusal), nft_icmpv6_code(refusal));
}

std::string address_match(const FirewallRule& rule, std::string_view side) {
    if (!rule.source) return {};
    const bool v6 = rule.source->find(':') != std::string::npos;
    return fmt::format(" {} {} {}", v6 ? "ip6" : "ip", side, *rule.source);
}

std::string nft_phase_match(const std::optional<Phase>& phase) {
    if (!phase) return {};
    switch (*phase) {
        case Phase::syn:
            return " tcp flags & (syn | ack) == syn";
        case Phase::syn_ack:
            return " tcp flags & (syn | ack) == (syn | ack)";
        case Phase::established:
            break;
    }
    return " tcp flags & syn == 0x0";
}

// A connection selector and a reset are about TCP, whatever else is left open.
bool needs_tcp_match(const FirewallRule& rule) {
    return rule.connections || rule.action == FirewallAction{Refusal::tcp_reset} ||
           std::holds_alternative<UnknownPackets>(rule.action);
}

std::string selection(const FirewallRule& rule, Direction way) {
    const bool up = way == Direction::up;
    std::string text = fmt::format("iifname \"{}\"", up ? near_interface_name : far_interface_name);
    text += address_match(rule, up ? "saddr" : "daddr");
    if (needs_tcp_match(rule)) text += " meta l4proto tcp";
    if (rule.port) {
        text += fmt::format(" th {} {}", up ? "dport" : "sport", rule.port->number);
        // Ports mean something in these alone.
        if (!needs_tcp_match(rule)) text.insert(text.find(" th "), " meta l4proto { tcp, udp }");
    }
    return text + nft_phase_match(rule.phase);
}

std::string tuple(Direction way, std::string_view family) {
    if (way == Direction::up) {
        return fmt::format("{0} saddr . tcp sport . {0} daddr . tcp dport", family);
    }
    return fmt::format("{0} daddr . tcp dport . {0} saddr . tcp sport", family);
}

std::string sets() {
    std::string text;
    for (const std::string_view name : {"seen", "chosen"}) {
        for (const std::string_view version : {"4", "6"}) {
            text += fmt::format(
                "    set {0}{1} {{\n"
                "        type ipv{1}_addr . inet_service . ipv{1}_addr . inet_service\n"
                "        size 65536\n"
                "        flags dynamic\n"
                "    }}\n",
                name, version);
        }
    }
    return text;
}

std::string decision(const ConnectionSelector& selector) {
    if (const auto* first = std::get_if<FirstConnections>(&selector)) {
        return fmt::format("numgen inc mod {} < {}", endless_count, first->count);
    }
    if (const auto* nth = std::get_if<NthConnection>(&selector)) {
        return fmt::format("numgen inc mod {} == {}", endless_count, nth->number - 1);
    }
    const double share = std::get<SomeConnections>(selector).share.value;
    const auto steps = std::lround(share * static_cast<double>(share_steps));
    // nft refuses a comparison that is always true.
    if (steps >= share_steps) return "meta l4proto tcp";
    return fmt::format("numgen random mod {} < {}", share_steps, steps);
}

// A connection is decided upon once, when its first SYN comes by, and remembered.
std::string choosing(const ConnectionSelector& selector) {
    return fmt::format(
        "    chain choose {{\n"
        "        {0} @seen4 return\n"
        "        {1} @seen6 return\n"
        "        add @seen4 {{ {0} }}\n"
        "        add @seen6 {{ {1} }}\n"
        "        {2} jump remember\n"
        "    }}\n"
        "    chain remember {{\n"
        "        add @chosen4 {{ {0} }}\n"
        "        add @chosen6 {{ {1} }}\n"
        "    }}\n",
        tuple(Direction::up, "ip"), tuple(Direction::up, "ip6"), decision(selector));
}

std::string way_chain(std::string_view name, Direction way) {
    return fmt::format(
        "    chain {} {{\n"
        "        counter name \"matched\"\n"
        "        {} @chosen4 jump fire\n"
        "        {} @chosen6 jump fire\n"
        "    }}\n",
        name, tuple(way, "ip"), tuple(way, "ip6"));
}

std::string forward_chain(const FirewallRule& rule) {
    std::string text = fmt::format(
        "    chain forward {{\n"
        "        type filter hook forward priority {}; policy accept;\n",
        std::holds_alternative<Marks>(rule.action) ? mark_priority : refusal_priority);
    const bool up = rule.direction != Direction::down;
    const bool down = rule.direction != Direction::up;
    if (rule.connections) {
        FirewallRule beginning = rule;
        beginning.phase = Phase::syn;
        text += fmt::format("        {} jump choose\n", selection(beginning, Direction::up));
    }
    if (up) text += fmt::format("        {} jump up\n", selection(rule, Direction::up));
    if (down) text += fmt::format("        {} jump down\n", selection(rule, Direction::down));
    return text + "    }\n";
}

}  // namespace

std::string nft_table(unsigned slot) { return fmt::format("etimedout_{}", slot); }

std::string nft_arm(const FirewallRule& rule) {
    std::string text = fmt::format("# fault {}\ntable inet {} {{\n", comment_text(rule.fault),
                                   nft_table(rule.slot));
    text += "    counter matched {\n    }\n    counter fired {\n    }\n";
    if (rule.connections) text += sets() + choosing(*rule.connections);
    text += "    chain fire {\n" + action_rules(rule.action) + "    }\n";
    if (rule.connections) {
        if (rule.direction != Direction::down) text += way_chain("up", Direction::up);
        if (rule.direction != Direction::up) text += way_chain("down", Direction::down);
    } else {
        for (const std::string_view way : {"up", "down"}) {
            const bool wanted = rule.direction == Direction::both || word_of(rule.direction) == way;
            if (!wanted) continue;
            text += fmt::format(
                "    chain {} {{\n        counter name \"matched\"\n        jump fire\n    }}\n",
                way);
        }
    }
    return text + forward_chain(rule) + "}\n";
}

std::string nft_heal(unsigned slot) {
    return fmt::format("delete table inet {}\n", nft_table(slot));
}

std::string nft_bands(const std::vector<BandRule>& bands) {
    // Declaring it first makes deleting it legal when it is not there yet.
    std::string text = "table inet etimedout_bands {\n}\ndelete table inet etimedout_bands\n";
    if (bands.empty()) return text;
    text += fmt::format(
        "table inet etimedout_bands {{\n"
        "    chain forward {{\n"
        "        type filter hook forward priority {}; policy accept;\n",
        bands_priority);
    for (const auto& [direction, band] : bands) {
        text += fmt::format(
            "        oifname \"{}\" meta mark & {:#x} == {:#x} meta priority set {:x}:{:x}\n",
            direction == Direction::up ? far_interface_name : near_interface_name, all_marks,
            band.marks, band.priority >> 16U, band.priority & 0xffffU);
    }
    return text + "    }\n}\n";
}

}  // namespace etimedout
