// Firewall rules as text for iptables-restore and ipset.
#include <cmath>

#include <fmt/format.h>

#include "simulator/net/firewall.hh"

namespace etimedout {

namespace {

std::string_view iptables_icmp_code(Refusal refusal) {
    switch (refusal) {
        case Refusal::net_unreachable:
            return "icmp-net-unreachable";
        case Refusal::host_unreachable:
            return "icmp-host-unreachable";
        case Refusal::protocol_unreachable:
            return "icmp-proto-unreachable";
        case Refusal::net_prohibited:
            return "icmp-net-prohibited";
        case Refusal::host_prohibited:
            return "icmp-host-prohibited";
        case Refusal::admin_prohibited:
            return "icmp-admin-prohibited";
        default:
            return "icmp-port-unreachable";
    }
}

std::string_view iptables_icmpv6_code(Refusal refusal) {
    switch (refusal) {
        case Refusal::net_unreachable:
            return "icmp6-no-route";
        case Refusal::host_unreachable:
            return "icmp6-addr-unreachable";
        case Refusal::net_prohibited:
        case Refusal::host_prohibited:
        case Refusal::admin_prohibited:
            return "icmp6-adm-prohibited";
        default:
            return "icmp6-port-unreachable";
    }
}

enum class Family { v4, v6 };

std::string target(const FirewallAction& action, Family family) {
    if (const auto* mark = std::get_if<Marks>(&action)) {
        return fmt::format("MARK --set-xmark {0:#x}/{0:#x}", *mark);
    }
    if (const auto* unknown = std::get_if<UnknownPackets>(&action)) {
        return unknown->with == UnknownFlow::drop ? "DROP" : "REJECT --reject-with tcp-reset";
    }
    const Refusal refusal = std::get<Refusal>(action);
    if (refusal == Refusal::drop) return "DROP";
    if (refusal == Refusal::tcp_reset) return "REJECT --reject-with tcp-reset";
    return fmt::format("REJECT --reject-with {}", family == Family::v4
                                                      ? iptables_icmp_code(refusal)
                                                      : iptables_icmpv6_code(refusal));
}

bool refuses_unknown(const FirewallRule& rule) {
    return std::holds_alternative<UnknownPackets>(rule.action);
}

bool tcp_only(const FirewallRule& rule) {
    return rule.connections || rule.phase || refuses_unknown(rule) ||
           rule.action == FirewallAction{Refusal::tcp_reset};
}

std::string_view iptables_phase_match(const std::optional<Phase>& phase) {
    if (!phase) return {};
    switch (*phase) {
        case Phase::syn:
            return " --tcp-flags SYN,ACK SYN";
        case Phase::syn_ack:
            return " --tcp-flags SYN,ACK SYN,ACK";
        case Phase::established:
            break;
    }
    return " --tcp-flags SYN NONE";
}

// Whether the rule can apply to this IP version at all.
bool concerns(const FirewallRule& rule, Family family) {
    if (!rule.source) return true;
    return (rule.source->find(':') != std::string::npos) == (family == Family::v6);
}

// One match per protocol that the rule is about: a port without TCP's own selectors means both.
std::vector<std::string> selections(const FirewallRule& rule, Direction way) {
    const bool up = way == Direction::up;
    std::string text = fmt::format("-i {}", up ? near_interface_name : far_interface_name);
    if (rule.source) text += fmt::format(" {} {}", up ? "-s" : "-d", *rule.source);
    std::string port;
    if (rule.port) port = fmt::format(" {} {}", up ? "--dport" : "--sport", rule.port->number);
    if (tcp_only(rule)) {
        return {fmt::format("{} -p tcp{}{}", text, port, iptables_phase_match(rule.phase))};
    }
    if (!rule.port) return {text};
    return {text + " -p tcp" + port, text + " -p udp" + port};
}

std::string chain_of(unsigned slot) { return fmt::format("ETIMEDOUT{}", slot); }

std::string set_name(const FirewallRule& rule, std::string_view what, Family family) {
    return fmt::format("etimedout{}_{}{}", rule.slot, what, family == Family::v4 ? 4 : 6);
}

std::string_view table_of(const FirewallRule& rule) {
    return std::holds_alternative<Marks>(rule.action) ? "mangle" : "filter";
}

// The helper chains of one rule, and the words its comments carry.
constexpr std::string_view up_chain = "_up";
constexpr std::string_view down_chain = "_down";
constexpr std::string_view fire_chain = "_fire";
constexpr std::string_view choose_chain = "_choose";

std::vector<std::string> chains_of(const FirewallRule& rule) {
    const std::string name = chain_of(rule.slot);
    std::vector<std::string> names{name};
    if (rule.connections) names.push_back(name + std::string{choose_chain});
    if (rule.direction != Direction::down) names.push_back(name + std::string{up_chain});
    if (rule.direction != Direction::up) names.push_back(name + std::string{down_chain});
    names.push_back(name + std::string{fire_chain});
    return names;
}

std::string choose_rules(const FirewallRule& rule, Family family) {
    const std::string chain = chain_of(rule.slot) + std::string{choose_chain};
    const std::string chosen = set_name(rule, "chosen", family);
    const std::string remember = fmt::format("-j SET --add-set {} src,src,dst", chosen);
    if (std::holds_alternative<FirstConnections>(*rule.connections)) {
        // The set holds no more than that many, and adding to a full one does nothing.
        return fmt::format("-A {} {}\n", chain, remember);
    }
    const std::string seen = set_name(rule, "seen", family);
    std::string text = fmt::format(
        "-A {0} -m set --match-set {1} src,src,dst -j RETURN\n"
        "-A {0} -j SET --add-set {1} src,src,dst\n",
        chain, seen);
    if (const auto* nth = std::get_if<NthConnection>(&*rule.connections)) {
        return text + fmt::format("-A {} -m statistic --mode nth --every {} --packet {} {}\n",
                                  chain, endless_count, nth->number - 1, remember);
    }
    return text + fmt::format("-A {} -m statistic --mode random --probability {:.6f} {}\n", chain,
                              std::get<SomeConnections>(*rule.connections).share.value, remember);
}

std::string way_rules(const FirewallRule& rule, Direction way, Family family) {
    const std::string name = chain_of(rule.slot);
    const bool up = way == Direction::up;
    std::string match;
    if (rule.connections) {
        match = fmt::format(" -m set --match-set {} {}", set_name(rule, "chosen", family),
                            up ? "src,src,dst" : "dst,dst,src");
    }
    return fmt::format(
        "-A {0}{1} -m comment --comment \"{2} matched\"\n"
        "-A {0}{1}{3} -j {0}{4}\n",
        name, up ? up_chain : down_chain, comment_text(rule.fault), match, fire_chain);
}

std::string arm_text(const FirewallRule& rule, Family family) {
    if (!concerns(rule, family)) return {};
    const std::string name = chain_of(rule.slot);
    std::string text = fmt::format("*{}\n", table_of(rule));
    for (const auto& chain : chains_of(rule)) text += fmt::format(":{} - [0:0]\n", chain);
    if (rule.connections) {
        FirewallRule beginning = rule;
        beginning.phase = Phase::syn;
        for (const auto& match : selections(beginning, Direction::up)) {
            text += fmt::format("-A {0} {1} -j {0}{2}\n", name, match, choose_chain);
        }
        text += choose_rules(rule, family);
    }
    for (const Direction way : {Direction::up, Direction::down}) {
        if (rule.direction != Direction::both && rule.direction != way) continue;
        for (const auto& match : selections(rule, way)) {
            text += fmt::format("-A {0} {1} -j {0}{2}\n", name, match,
                                way == Direction::up ? up_chain : down_chain);
        }
        text += way_rules(rule, way, family);
    }
    // A reset insists on the protocol in its own rule.
    const bool tcp = refuses_unknown(rule) || rule.action == FirewallAction{Refusal::tcp_reset};
    text += fmt::format("-A {}{}{}{} -m comment --comment \"{} fired\" -j {}\n", name, fire_chain,
                        tcp ? " -p tcp" : "",
                        refuses_unknown(rule) ? " -m conntrack --ctstate INVALID" : "",
                        comment_text(rule.fault), target(rule.action, family));
    // First in line: a mark must be there before the chain that reads it.
    return text + fmt::format("-I FORWARD 1 -j {}\nCOMMIT\n", name);
}

std::string heal_text(const FirewallRule& rule, Family family) {
    if (!concerns(rule, family)) return {};
    std::string text = fmt::format("*{}\n-D FORWARD -j {}\n", table_of(rule), chain_of(rule.slot));
    for (const auto& chain : chains_of(rule)) text += fmt::format("-F {}\n", chain);
    for (const auto& chain : chains_of(rule)) text += fmt::format("-X {}\n", chain);
    return text + "COMMIT\n";
}

// hash:ip,port,ip of source, source port and destination: a connection but for the callee's port,
// which two connections of one source port rarely differ in alone.
std::string set_text(const FirewallRule& rule, Family family) {
    if (!rule.connections || !concerns(rule, family)) return {};
    const auto create = [&](std::string_view what, std::int64_t most) {
        return fmt::format("create {} hash:ip,port,ip family {} maxelem {}\n",
                           set_name(rule, what, family), family == Family::v4 ? "inet" : "inet6",
                           most);
    };
    if (const auto* first = std::get_if<FirstConnections>(&*rule.connections)) {
        return create("chosen", first->count);
    }
    return create("chosen", 65536) + create("seen", 65536);
}

std::string destroy_text(const FirewallRule& rule, Family family) {
    if (!rule.connections || !concerns(rule, family)) return {};
    std::string text = fmt::format("destroy {}\n", set_name(rule, "chosen", family));
    if (!std::holds_alternative<FirstConnections>(*rule.connections)) {
        text += fmt::format("destroy {}\n", set_name(rule, "seen", family));
    }
    return text;
}

}  // namespace

IptablesText iptables_arm(const FirewallRule& rule, IpVersion version) {
    IptablesText text;
    if (version != IpVersion::v6) {
        text.ipset += set_text(rule, Family::v4);
        text.v4 = arm_text(rule, Family::v4);
    }
    if (version != IpVersion::v4) {
        text.ipset += set_text(rule, Family::v6);
        text.v6 = arm_text(rule, Family::v6);
    }
    return text;
}

IptablesText iptables_heal(const FirewallRule& rule, IpVersion version) {
    IptablesText text;
    if (version != IpVersion::v6) {
        text.ipset += destroy_text(rule, Family::v4);
        text.v4 = heal_text(rule, Family::v4);
    }
    if (version != IpVersion::v4) {
        text.ipset += destroy_text(rule, Family::v6);
        text.v6 = heal_text(rule, Family::v6);
    }
    return text;
}

IptablesText iptables_bands(const std::vector<BandRule>& bands, IpVersion version,
                            BandsChain chain) {
    // Naming a chain that exists empties it, in the same transaction.
    std::string text = "*mangle\n:ETIMEDOUT_BANDS - [0:0]\n";
    for (const auto& [direction, band] : bands) {
        text += fmt::format(
            "-A ETIMEDOUT_BANDS -o {} -m mark --mark {:#x}/{:#x} -j CLASSIFY --set-class "
            "{:x}:{:x}\n",
            direction == Direction::up ? far_interface_name : near_interface_name, band.marks,
            all_marks, band.priority >> 16U, band.priority & 0xffffU);
    }
    if (chain == BandsChain::fresh) text += "-A FORWARD -j ETIMEDOUT_BANDS\n";
    text += "COMMIT\n";
    IptablesText result;
    if (version != IpVersion::v6) result.v4 = text;
    if (version != IpVersion::v4) result.v6 = text;
    return result;
}

FirewallCounters iptables_counters(const std::string& saved, unsigned slot) {
    // [3:180] -A ETIMEDOUT1_up -m comment --comment "silence matched"
    FirewallCounters counters;
    const std::string chain = fmt::format("] -A {}_", chain_of(slot));
    std::size_t start = 0;
    while (start < saved.size()) {
        const std::size_t end = std::min(saved.find('\n', start), saved.size());
        const std::string_view line{saved.data() + start, end - start};
        start = end + 1;
        if (!line.starts_with('[') || line.find(chain) == std::string_view::npos) continue;
        const std::int64_t packets = std::strtoll(line.data() + 1, nullptr, 10);
        if (line.find(" matched\"") != std::string_view::npos) counters.matched += packets;
        if (line.find(" fired\"") != std::string_view::npos) counters.fired += packets;
    }
    return counters;
}

}  // namespace etimedout
