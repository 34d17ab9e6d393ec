// A link carries packets between two nodes, and nothing else.
#include <set>

#include <gtest/gtest.h>

#include "simulator/net/link_spec.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/net/shaper.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

TEST(LinkAddresses, FollowFromTheIndex) {
    // The first link is number 1; near is .1.2, far is .2.2.
    const LinkAddresses first = LinkAddresses::of(0);
    EXPECT_EQ(first.near, "10.1.1.2");
    EXPECT_EQ(first.near_router, "10.1.1.1");
    EXPECT_EQ(first.far_router, "10.1.2.1");
    EXPECT_EQ(first.far, "10.1.2.2");
    EXPECT_EQ(first.near6, "fd00:1:1::2");
    EXPECT_EQ(first.near_router6, "fd00:1:1::1");
    EXPECT_EQ(first.far_router6, "fd00:1:2::1");
    EXPECT_EQ(first.far6, "fd00:1:2::2");
    EXPECT_EQ(LinkAddresses::of(249).far, "10.250.2.2");
}

TEST(LinkAddresses, EndWith250Links) {
    // One octet holds the number.
    EXPECT_THROW(LinkAddresses::of(250), Error);
}

TEST(Link, CarriesTcpOverIpv4) {
    // Three packets through the router make a connection.
    const TwoNodes nodes;
    const Fd server = listening(nodes.far.get(), nodes.link->addresses().far, 80);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far, 80).result(), 0);
}

TEST(Link, RefusesByTheCalleesOwnKernelWhereNothingListens) {
    // A closed port answers with a reset, and no rule of ours is involved.
    const TwoNodes nodes;
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far, 81).result(), ECONNREFUSED);
}

TEST(Link, CarriesTcpOverIpv6Alone) {
    // An IPv6 link has no IPv4 address.
    const TwoNodes nodes{TwoNodes::bare(IpVersion::v6)};
    const Fd server = listening(nodes.far.get(), nodes.link->addresses().far6, 80);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far6, 80).result(), 0);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far, 80).result(), ENETUNREACH);
}

TEST(Link, CarriesBothIpVersions) {
    // A link of both has two addresses at each end.
    const TwoNodes nodes{TwoNodes::bare(IpVersion::both)};
    const Fd server = listening(nodes.far.get(), nodes.link->addresses().far, 80);
    const Fd server6 = listening(nodes.far.get(), nodes.link->addresses().far6, 80);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far, 80).result(), 0);
    EXPECT_EQ(Attempt(nodes.near.get(), nodes.link->addresses().far6, 80).result(), 0);
}

TEST(Link, CarriesNothingByItself) {
    // No ARP, no neighbour discovery, no multicast reports: a silent scenario is a silent link.
    for (const IpVersion version : {IpVersion::v4, IpVersion::v6, IpVersion::both}) {
        const TwoNodes nodes{TwoNodes::bare(version)};
        PacketWatch near{nodes.link->router_namespace(), nodes.link->near_interface()};
        PacketWatch far{nodes.link->router_namespace(), nodes.link->far_interface()};
        // Reports come within the first seconds, where time is free to wait for them.
        if (in_virtual_time()) {
            eventually([] { return false; });
        }
        EXPECT_EQ(near.count(), 0) << word_of(version);
        EXPECT_EQ(far.count(), 0) << word_of(version);
    }
}

TEST(Link, CarriesOneConnectionAsThreePacketsAtEachEnd) {
    // SYN, SYN-ACK and ACK, with no neighbour resolution before them.
    const TwoNodes nodes;
    const Fd server = listening(nodes.far.get(), nodes.link->addresses().far, 80);
    PacketWatch near{nodes.link->router_namespace(), nodes.link->near_interface()};
    Attempt attempt{nodes.near.get(), nodes.link->addresses().far, 80};
    ASSERT_EQ(attempt.result(), 0);
    int seen = 0;
    EXPECT_TRUE(eventually([&] { return (seen += near.count()) == 3; })) << seen;
}

TEST(Link, TwoOfThemGiveANodeTwoAddresses) {
    // The kernel chooses the address of the link that leads to the peer.
    const TwoNodes nodes;
    const Fd third = new_network_namespace();
    const Link second{LinkPlan{.name = "second",
                               .index = 1,
                               .spec = TwoNodes::bare(),
                               .near_namespace = nodes.near.get(),
                               .far_namespace = third.get()}};
    const Fd server = listening(third.get(), second.addresses().far, 80);
    Attempt attempt{nodes.near.get(), second.addresses().far, 80};
    ASSERT_EQ(attempt.result(), 0);
    sockaddr_in own{};
    socklen_t size = sizeof own;
    void* start = &own;
    ::getsockname(attempt.fd(), static_cast<sockaddr*>(start), &size);
    EXPECT_EQ(ntohl(own.sin_addr.s_addr), 0x0a020102U);  // 10.2.1.2
}

TEST(Link, NeedsTwoNodes) {
    // A node reaches itself by its loopback, past any router.
    const Fd node = new_network_namespace();
    EXPECT_THROW(Link(LinkPlan{.name = "self",
                               .spec = TwoNodes::bare(),
                               .near_namespace = node.get(),
                               .far_namespace = node.get()}),
                 Error);
}

TEST(Link, LeavesNoInterfaceBehindInItsNodes) {
    // The cable goes with the link: the address is gone, so there is no route to the peer.
    TwoNodes nodes;
    const std::string far = nodes.link->addresses().far;
    nodes.link.reset();
    EXPECT_EQ(Attempt(nodes.near.get(), far, 80).result(), ENETUNREACH);
}

TEST(Link, SaysWhenTheKernelCannotShape) {
    // Either the physics is there, or the link says what is missing and what to do.
    TwoNodes nodes;
    if (nodes.link->shortfall().empty()) {
        EXPECT_TRUE(eventually([&] {
            Attempt attempt{nodes.near.get(), nodes.link->addresses().far, 80};
            attempt.result();
            return nodes.link->stats(Direction::up).packets > 0;
        }));
        return;
    }
    EXPECT_NE(nodes.link->shortfall().find("--time virtual"), std::string::npos)
        << nodes.link->shortfall();
    EXPECT_THROW(nodes.link->arm({.id = "slow", .fault = Latency{.delay = 1ms}}), Error);
}

TEST(Link, RefusesWhatIsNoFaultOfTheNetwork) {
    // A status comes from a server.
    TwoNodes nodes;
    EXPECT_THROW(nodes.link->arm({.id = "status", .fault = Status{}}), Error);
    EXPECT_THROW(nodes.link->witness("status"), Error);
    EXPECT_THROW(nodes.link->heal("status"), Error);
}

}  // namespace
}  // namespace etimedout::testing
