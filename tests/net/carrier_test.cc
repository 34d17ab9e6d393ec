// Carrier faults: the cable at the callee's end is out.
#include <gtest/gtest.h>

#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

TEST(Carrier, TakenAwayItIsSilenceAndGivenBackItWorks) {
    // Nothing answers while the cable is out, not even the router; the first SYN is lost.
    for (const IpVersion version : {IpVersion::v4, IpVersion::v6}) {
        TwoNodes nodes{TwoNodes::bare(version)};
        const auto& addresses = nodes.link->addresses();
        const std::string to = version == IpVersion::v4 ? addresses.far : addresses.far6;
        const Fd server = listening(nodes.far.get(), to, 80);
        nodes.link->arm({.id = "down", .fault = LinkDown{}});
        Attempt lost{nodes.near.get(), to, 80};
        EXPECT_EQ(lost.result(std::chrono::milliseconds{in_virtual_time() ? 500 : 50}),
                  EINPROGRESS);
        nodes.link->heal("down");
        EXPECT_EQ(Attempt(nodes.near.get(), to, 80).result(), 0);
        // The one that waited gets through with its next SYN.
        EXPECT_EQ(lost.result(), 0);
    }
}

TEST(Carrier, ItsWitnessMovesWithTheCableAlone) {
    // Down is one change, up again another; traffic changes nothing.
    TwoNodes nodes;
    nodes.link->arm({.id = "flap", .fault = LinkFlap{.down = 1s, .up = 1s}});
    EXPECT_TRUE(eventually([&] { return nodes.link->witness("flap").fired == 1; }));
    nodes.link->set_carrier(Carrier::present);
    EXPECT_TRUE(eventually([&] { return nodes.link->witness("flap").fired == 2; }));
    Attempt(nodes.near.get(), nodes.link->addresses().far, 80).result();
    EXPECT_EQ(nodes.link->witness("flap").fired, 2);
    nodes.link->set_carrier(Carrier::lost);
    EXPECT_TRUE(eventually([&] { return nodes.link->witness("flap").fired == 3; }));
    nodes.link->heal("flap");
    EXPECT_EQ(nodes.link->witness("flap").fired, 3);
}

TEST(Carrier, OfTwoFaultsTheLastHealedGivesItBack) {
    // The cable is out as long as anyone holds it.
    TwoNodes nodes;
    const std::string to = nodes.link->addresses().far;
    const Fd server = listening(nodes.far.get(), to, 80);
    nodes.link->arm({.id = "one", .fault = LinkDown{}});
    nodes.link->arm({.id = "other", .fault = LinkDown{}});
    nodes.link->heal("one");
    Attempt lost{nodes.near.get(), to, 80};
    EXPECT_EQ(lost.result(std::chrono::milliseconds{50}), EINPROGRESS);
    nodes.link->heal("other");
    EXPECT_EQ(lost.result(), 0);
}

TEST(Carrier, LeavesACaptureInTheRouterRunning) {
    // Only the callee's own end is down; the router's interfaces stay up.
    TwoNodes nodes;
    PacketWatch far{nodes.link->router_namespace(), nodes.link->far_interface()};
    const Fd server = listening(nodes.far.get(), nodes.link->addresses().far, 80);
    nodes.link->set_carrier(Carrier::lost);
    nodes.link->set_carrier(Carrier::present);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far, 80).result(), 0);
    EXPECT_GE(far.count(), 2);
}

}  // namespace
}  // namespace etimedout::testing
