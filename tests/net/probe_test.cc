// Probing tells what there is, why not, and what to do.
#include <gtest/gtest.h>

#include "simulator/net/probe.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

void expect_whole(const char* name, const NetCapability& capability) {
    if (capability.present) {
        EXPECT_TRUE(capability.reason.empty()) << name;
    } else {
        EXPECT_FALSE(capability.reason.empty()) << name;
        EXPECT_FALSE(capability.remedy.empty()) << name;
    }
    std::printf("%-10s %s %s\n", name, capability.present ? "yes" : "no",
                capability.reason.c_str());
}

TEST(Probe, EachCapabilityIsThereOrSaysWhyNotAndWhatToDo) {
    // A capability is either there, or has a reason and a remedy.
    const NetCapabilities found = probe_network();
    expect_whole("namespaces", found.namespaces);
    expect_whole("netem", found.netem);
    expect_whole("nftables", found.nftables);
    expect_whole("iptables", found.iptables);
    expect_whole("ipset", found.ipset);
    expect_whole("tproxy", found.tproxy);
    expect_whole("nfqueue", found.nfqueue);
}

TEST(Probe, TheVirtualKernelHasEverything) {
    // All of it is built in.
    if (!in_virtual_time()) GTEST_SKIP() << "not in the virtual kernel";
    const NetCapabilities found = probe_network();
    EXPECT_TRUE(found.namespaces.present);
    EXPECT_TRUE(found.netem.present) << found.netem.reason;
    EXPECT_TRUE(found.nftables.present) << found.nftables.reason;
    EXPECT_TRUE(found.iptables.present) << found.iptables.reason;
    EXPECT_TRUE(found.ipset.present) << found.ipset.reason;
    EXPECT_TRUE(found.tproxy.present) << found.tproxy.reason;
    EXPECT_TRUE(found.nfqueue.present) << found.nfqueue.reason;
}

TEST(Probe, TheFirewallChosenIsOneThatIsThere) {
    // nftables is taken where both work.
    const NetCapabilities found = probe_network();
    const auto chosen = probe_firewall();
    if (found.nftables.present) {
        EXPECT_EQ(chosen, FirewallBackend::nftables);
    } else if (found.iptables.present) {
        EXPECT_EQ(chosen, FirewallBackend::iptables);
    } else {
        EXPECT_FALSE(chosen);
        EXPECT_THROW(required_firewall(), Error);
    }
}

}  // namespace
}  // namespace etimedout::testing
