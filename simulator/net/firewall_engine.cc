// Firewall: the rules of one link's router, armed and healed while it forwards.
#include "simulator/net/firewall_engine.hh"

#include <algorithm>

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "simulator/net/namespace_guard.hh"
#include "simulator/net/netlink.hh"
#include "simulator/net/nft.hh"
#include "simulator/net/tool.hh"

namespace etimedout {

namespace {

std::int64_t read_counter(NetlinkSocket& kernel, const std::string& table, std::string_view name) {
    NetlinkMessage message{(NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETOBJ, NLM_F_ACK};
    message.header(nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
    message.put_text(NFTA_OBJ_TABLE, table);
    message.put_text(NFTA_OBJ_NAME, name);
    message.put(NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
    std::int64_t packets = 0;
    kernel.collect(message, fmt::format("read the counter {} of table {}", name, table),
                   [&](const nlmsghdr& answer) {
                       const auto data =
                           attributes_of(answer, sizeof(nfgenmsg)).nested(NFTA_OBJ_DATA);
                       if (!data) return;
                       const auto value = data->value<std::uint64_t>(NFTA_COUNTER_PACKETS);
                       packets = static_cast<std::int64_t>(be64toh(value.value_or(0)));
                   });
    return packets;
}

}  // namespace

std::string run_in_namespace(int network_namespace, const std::vector<std::string>& arguments,
                             std::string_view input, std::string_view attempt) {
    const NamespaceGuard inside{network_namespace};
    ToolResult result = run_tool(arguments, input);
    check_tool(arguments.front(), result, attempt);
    return std::move(result.output);
}

Firewall::Firewall(int network_namespace, FirewallBackend backend, IpVersion version)
    : network_namespace_{network_namespace}, backend_{backend}, version_{version} {}

const FirewallRule& Firewall::find(unsigned slot) const {
    const auto found = std::ranges::find(rules_, slot, &FirewallRule::slot);
    if (found == rules_.end()) throw Error{fmt::format("no firewall rule {} is armed", slot)};
    return *found;
}

void Firewall::apply(const IptablesText& text) const {
    if (!text.v4.empty()) {
        run_in_namespace(network_namespace_, {"iptables-restore", "--noflush"}, text.v4,
                         "change the firewall");
    }
    if (!text.v6.empty()) {
        run_in_namespace(network_namespace_, {"ip6tables-restore", "--noflush"}, text.v6,
                         "change the IPv6 firewall");
    }
}

void Firewall::arm_iptables(const FirewallRule& rule, const std::vector<BandRule>& bands) {
    const IptablesText text = iptables_arm(rule, version_);
    if (!text.ipset.empty()) {
        run_in_namespace(network_namespace_, {"ipset", "restore"}, text.ipset,
                         fmt::format("arm fault {}", rule.fault));
    }
    if (std::holds_alternative<Marks>(rule.action)) {
        apply(iptables_bands(bands, version_, bands_chain_));
        bands_chain_ = BandsChain::existing;
    }
    apply(text);
}

// Several tools, several transactions: whatever an earlier one did is taken back. That some of it
// was never there is expected.
void Firewall::undo_iptables(const FirewallRule& rule) const {
    const IptablesText text = iptables_heal(rule, version_);
    const auto attempt = [&](const std::vector<std::string>& command, const std::string& input) {
        if (input.empty()) return;
        const NamespaceGuard inside{network_namespace_};
        run_tool(command, input);
    };
    attempt({"iptables-restore", "--noflush"}, text.v4);
    attempt({"ip6tables-restore", "--noflush"}, text.v6);
    std::size_t start = 0;
    while (start < text.ipset.size()) {  // one by one: the first that fails ends a run
        const std::size_t end = text.ipset.find('\n', start) + 1;
        attempt({"ipset", "restore"}, text.ipset.substr(start, end - start));
        start = end;
    }
}

void Firewall::arm(const FirewallRule& rule, const std::vector<BandRule>& bands) {
    if (backend_ == FirewallBackend::nftables) {
        std::string text = nft_arm(rule);
        if (std::holds_alternative<Marks>(rule.action)) text += nft_bands(bands);
        run_nft(network_namespace_, text, fmt::format("arm fault {}", rule.fault));
    } else {
        try {
            arm_iptables(rule, bands);
        } catch (const Error&) {
            undo_iptables(rule);
            throw;
        }
    }
    rules_.push_back(rule);
}

FirewallCounters Firewall::heal(unsigned slot, const std::vector<BandRule>& bands) {
    const FirewallRule rule = find(slot);
    const FirewallCounters last = counters(slot);
    const bool marks = std::holds_alternative<Marks>(rule.action);
    const std::string attempt = fmt::format("heal fault {}", rule.fault);
    if (backend_ == FirewallBackend::nftables) {
        std::string text = nft_heal(slot);
        if (marks) text += nft_bands(bands);
        run_nft(network_namespace_, text, attempt);
    } else {
        const IptablesText text = iptables_heal(rule, version_);
        apply(text);
        if (marks) apply(iptables_bands(bands, version_, bands_chain_));
        if (!text.ipset.empty()) {
            run_in_namespace(network_namespace_, {"ipset", "restore"}, text.ipset, attempt);
        }
    }
    std::erase_if(rules_, [&](const FirewallRule& r) { return r.slot == slot; });
    return last;
}

FirewallCounters Firewall::nft_counters(unsigned slot) const {
    // Asking the kernel takes microseconds, and nft many milliseconds.
    NetlinkSocket kernel{network_namespace_, NETLINK_NETFILTER};
    const std::string table = nft_table(slot);
    return {.matched = read_counter(kernel, table, "matched"),
            .fired = read_counter(kernel, table, "fired")};
}

FirewallCounters Firewall::counters(unsigned slot) const {
    const FirewallRule& rule = find(slot);
    if (backend_ == FirewallBackend::nftables) return nft_counters(slot);
    const std::string table = std::holds_alternative<Marks>(rule.action) ? "mangle" : "filter";
    FirewallCounters sum;
    const auto add = [&](const std::string& tool) {
        const auto saved = run_in_namespace(network_namespace_, {tool, "-c", "-t", table}, {},
                                            "read the firewall's counters");
        const FirewallCounters part = iptables_counters(saved, slot);
        sum.matched += part.matched;
        sum.fired += part.fired;
    };
    if (version_ != IpVersion::v6) add("iptables-save");
    if (version_ != IpVersion::v4) add("ip6tables-save");
    return sum;
}

}  // namespace etimedout
