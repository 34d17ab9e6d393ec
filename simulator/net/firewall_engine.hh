// Firewall: the rules of one link's router, armed and healed while it forwards.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "simulator/net/firewall.hh"

namespace etimedout {

// Each rule is put in, and taken out, in one transaction that leaves the others alone. Nothing is
// spawned, and nothing exists in the kernel, before the first rule.
class Firewall {
public:
    Firewall(int network_namespace, FirewallBackend backend, IpVersion version);

    // `bands` after the change: those of the whole link. Only rules that mark change them.
    // Throws Error with the tool's own words when it refuses; then nothing has changed.
    void arm(const FirewallRule& rule, const std::vector<BandRule>& bands);
    // The counters as they were last.
    FirewallCounters heal(unsigned slot, const std::vector<BandRule>& bands);
    FirewallCounters counters(unsigned slot) const;
    FirewallBackend backend() const { return backend_; }

private:
    const FirewallRule& find(unsigned slot) const;
    void apply(const IptablesText& text) const;
    void arm_iptables(const FirewallRule& rule, const std::vector<BandRule>& bands);
    void undo_iptables(const FirewallRule& rule) const;
    FirewallCounters nft_counters(unsigned slot) const;

    int network_namespace_;
    FirewallBackend backend_;
    IpVersion version_;
    BandsChain bands_chain_ = BandsChain::fresh;
    std::vector<FirewallRule> rules_{};
};

// Runs a tool in a namespace and throws Error, naming the attempt and what the tool said, unless
// it ends well. Its output.
std::string run_in_namespace(int network_namespace, const std::vector<std::string>& arguments,
                             std::string_view input, std::string_view attempt);

}  // namespace etimedout
