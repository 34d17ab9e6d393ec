// What this kernel and machine can do to a network, found out by trying.
#pragma once

#include <optional>
#include <string>

#include "simulator/net/firewall.hh"

namespace etimedout {

struct NetCapability {
    bool present = false;
    std::string reason{};  // why not
    std::string remedy{};  // what to do about it
};

struct NetCapabilities {
    NetCapability namespaces{};  // network namespaces with veth pairs
    NetCapability netem{};       // with prio: latency, loss and the other packet faults
    NetCapability nftables{};
    NetCapability iptables{};
    NetCapability ipset{};    // with iptables: first, nth and probability of connections
    NetCapability tproxy{};   // a proxy in the middle of a link: faults of streams and messages
    NetCapability nfqueue{};  // a caller hears from the callee through that proxy, and not from it
};

// Tries each in a namespace of its own, with the very rules and messages that faults use; module
// lists and versions are not asked. Runs nft, iptables and ipset.
NetCapabilities probe_network();

// nftables, else iptables, else nothing.
std::optional<FirewallBackend> probe_firewall();
// The same, asked once per process; throws Error with what both said where there is none.
FirewallBackend required_firewall();

}  // namespace etimedout
