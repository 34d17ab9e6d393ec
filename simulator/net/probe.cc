// What this kernel and machine can do to a network, found out by trying.
#include "simulator/net/probe.hh"

#include <fmt/format.h>

#include "simulator/net/diversion.hh"
#include "simulator/net/firewall_engine.hh"
#include "simulator/net/interface.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/netem.hh"
#include "simulator/net/syn_queue.hh"

namespace etimedout {

namespace {

template <class Attempt>
NetCapability tried(std::string remedy, Attempt attempt) {
    try {
        attempt();
        return {.present = true};
    } catch (const Error& failure) {
        return {.reason = failure.what(), .remedy = std::move(remedy)};
    }
}

// The rule goes with its namespace.
void make(FirewallBackend backend, const FirewallRule& rule) {
    const Fd scratch = new_network_namespace();
    Firewall firewall{scratch.get(), backend, IpVersion::both};
    firewall.arm(rule, {});
    firewall.counters(rule.slot);
}

FirewallRule plain_rule() {
    return {.fault = "probe", .slot = 1, .action = Refusal::admin_prohibited, .port = Port{1}};
}

FirewallRule choosing_rule() {
    FirewallRule rule = plain_rule();
    rule.connections = NthConnection{1};
    return rule;
}

NetCapability try_nftables() {
    return tried("install nftables; a kernel without nf_tables needs --time virtual",
                 [] { make(FirewallBackend::nftables, choosing_rule()); });
}

NetCapability try_iptables() {
    return tried("install iptables; a kernel without it needs --time virtual",
                 [] { make(FirewallBackend::iptables, plain_rule()); });
}

void check_qdisc(std::string_view kind, int error) {
    if (error == 0) return;
    throw Error{fmt::format("the kernel refuses a {} qdisc: {}", kind, errno_name(error))};
}

}  // namespace

NetCapabilities probe_network() {
    NetCapabilities found;
    found.namespaces = tried("run as root, allow user namespaces, or run with --time virtual", [] {
        const Fd one = new_network_namespace();
        const Fd other = new_network_namespace();
        const VethPair pair{
            {one.get(), "a", {2, 0, 0, 0, 0, 1}}, {other.get(), "b", {2, 0, 0, 0, 0, 2}}, 1500};
    });
    if (!found.namespaces.present) {
        const NetCapability none{.reason = "needs network namespaces",
                                 .remedy = found.namespaces.remedy};
        return {found.namespaces, none, none, none, none, none, none};
    }
    found.netem = tried(advice_on_qdisc("netem"), [] {
        // On one interface after the other: each is tried as a root.
        const Fd scratch = new_network_namespace();
        NetlinkSocket kernel{scratch.get()};
        const unsigned loopback = interface_facts(scratch.get(), "lo").index;
        check_qdisc("netem", try_netem(kernel, loopback));
        const Fd second = new_network_namespace();
        NetlinkSocket other{second.get()};
        check_qdisc("prio", try_prio(other, interface_facts(second.get(), "lo").index));
    });
    found.nftables = try_nftables();
    found.iptables = try_iptables();
    found.ipset = tried("install ipset; a kernel without ip_set needs --time virtual",
                        [] { make(FirewallBackend::iptables, choosing_rule()); });
    found.tproxy = tried("a kernel without nft_tproxy and nft_socket needs --time virtual", [&] {
        const Fd scratch = new_network_namespace();
        divert(scratch.get(),
               found.nftables.present ? FirewallBackend::nftables : FirewallBackend::iptables,
               {.ip = IpVersion::both});
    });
    found.nfqueue = tried(
        "with --time virtual it is there; without, callers of a link with a proxy are let in "
        "before the callee has answered",
        [] {
            const Fd scratch = new_network_namespace();
            const SynQueue queue{scratch.get()};
            hold_attempts(scratch.get(), {});
        });
    return found;
}

std::optional<FirewallBackend> probe_firewall() {
    if (try_nftables().present) return FirewallBackend::nftables;
    if (try_iptables().present) return FirewallBackend::iptables;
    return std::nullopt;
}

FirewallBackend required_firewall() {
    // Asked once: the kernel and its tools stay what they are.
    static const NetCapability nftables = try_nftables();
    if (nftables.present) return FirewallBackend::nftables;
    static const NetCapability iptables = try_iptables();
    if (iptables.present) return FirewallBackend::iptables;
    throw Error{fmt::format("no firewall to put a rule into: nftables: {}; iptables: {}",
                            nftables.reason, iptables.reason),
                "install nftables, or run with --time virtual"};
}

}  // namespace etimedout
