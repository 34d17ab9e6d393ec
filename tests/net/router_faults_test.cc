// Faults of a router's state and of routes: each moves its own witness, and none of its
// look-alike's.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

constexpr std::uint16_t server_port = 80;

class RouterFaultTest : public ::testing::Test {
protected:
    void SetUp() override {
        LinkSpec spec = TwoNodes::bare();
        spec.latency = 100us;
        nodes_ = std::make_unique<TwoNodes>(spec);
        server_ = listening(nodes_->far.get(), link().addresses().far, server_port);
    }
    Link& link() { return *nodes_->link; }
    Attempt attempt() { return {nodes_->near.get(), link().addresses().far, server_port}; }
    void arm(const Fault& fault) { link().arm({.id = "f", .fault = fault}); }
    std::int64_t fired() { return link().witness("f").fired; }
    Fd accepted() { return Fd{::accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC)}; }
    std::int64_t counter_of(int network_namespace, std::string_view name) {
        const NamespaceGuard inside{network_namespace};
        return kernel_counter(name);
    }
    static bool passes(const Attempt& from, const Fd& to) {
        if (::send(from.fd(), "x", 1, MSG_NOSIGNAL) != 1) return false;
        pollfd readable{.fd = to.get(), .events = POLLIN, .revents = 0};
        char byte = 0;
        return ::poll(&readable, 1, 50) == 1 && ::recv(to.get(), &byte, 1, 0) == 1;
    }

    std::unique_ptr<TwoNodes> nodes_;
    Fd server_;
};

TEST_F(RouterFaultTest, OwnRoutesHaveTheirErrnoAtOnce) {
    // The caller's own kernel answers: no packet, and nothing of it is left when healed.
    const std::pair<RouteKind, int> cases[] = {{RouteKind::unreachable, EHOSTUNREACH},
                                               {RouteKind::prohibit, EACCES},
                                               {RouteKind::none, ENETUNREACH},
                                               {RouteKind::blackhole, EINVAL}};
    PacketWatch watch{link().router_namespace(), link().near_interface()};
    std::vector<Attempt> open;  // closing one would send packets into the next case
    for (const auto& [kind, error] : cases) {
        arm(OwnRoute{.to = kind});
        EXPECT_EQ(attempt().result(), error) << word_of(kind);
        EXPECT_EQ(fired(), 1) << word_of(kind);
        EXPECT_EQ(watch.count(), 0) << word_of(kind);
        link().heal("f");
        EXPECT_EQ(open.emplace_back(attempt()).result(), 0) << word_of(kind);
        int seen = 0;
        EXPECT_TRUE(eventually([&] { return (seen += watch.count()) == 3; }))
            << word_of(kind) << ": " << seen << " packets of a handshake";
    }
}

TEST_F(RouterFaultTest, ADeadNeighbourIsUnreachableAfterThreeQuestions) {
    // One ARP request a second, three in all.
    if (!in_virtual_time()) GTEST_SKIP() << "takes six seconds where time is real";
    for (const NextHop which : {NextHop::router, NextHop::callee}) {
        arm(DeadNeighbour{.which = which});
        EXPECT_EQ(fired(), 0) << "nobody has asked yet";
        EXPECT_EQ(attempt().result(), EHOSTUNREACH) << word_of(which);
        EXPECT_EQ(fired(), 1);
        link().heal("f");
        EXPECT_EQ(attempt().result(), 0) << word_of(which);
    }
}

TEST_F(RouterFaultTest, AFullFlowTableKeepsNewConnectionsOutAndNoOpenOne) {
    // nf_conntrack_max is one for the whole kernel.
    if (!in_virtual_time()) GTEST_SKIP() << "only a world's own kernel";
    Attempt before = attempt();
    ASSERT_EQ(before.result(), 0);
    const Fd end = accepted();
    arm(ConntrackFull{});
    EXPECT_TRUE(passes(before, end));
    EXPECT_EQ(fired(), 0);
    Attempt lost = attempt();
    EXPECT_TRUE(eventually([&] { return fired() >= 1; }));
    EXPECT_EQ(lost.state(), EINPROGRESS);
    EXPECT_EQ(counter_of(nodes_->far.get(), "TcpExtListenDrops"), 0);
    link().heal("f");
    EXPECT_EQ(attempt().result(), 0);
    arm(ConntrackFull{});  // what it left behind does not stand in its way
    link().heal("f");
}

TEST_F(RouterFaultTest, AForgottenFlowIsRefusedAndAFreshOneIsNot) {
    // It remembers a connection for one second, and three pass without a packet.
    if (!in_virtual_time()) GTEST_SKIP() << "takes three seconds where time is real";
    arm(ForgetIdleFlows{.after = 1s});
    Attempt caller = attempt();
    ASSERT_EQ(caller.result(), 0);
    const Fd end = accepted();
    EXPECT_TRUE(passes(caller, end));
    EXPECT_EQ(fired(), 0);
    ::poll(nullptr, 0, 3000);
    EXPECT_FALSE(passes(caller, end));
    EXPECT_GE(fired(), 1);
    EXPECT_EQ(counter_of(nodes_->far.get(), "TcpOutRsts"), 0);
    EXPECT_EQ(attempt().result(), 0);
    link().heal("f");
}

TEST_F(RouterFaultTest, AnMtuBlackHoleTakesLargePacketsAndSaysNothing) {
    // 1400 bytes do not fit into 1280; the router's ICMP error does not leave it.
    Attempt caller = attempt();
    ASSERT_EQ(caller.result(), 0);
    const Fd end = accepted();
    arm(MtuBlackHole{.mtu = 1280});
    EXPECT_TRUE(passes(caller, end));
    EXPECT_EQ(fired(), 0);
    const std::string large(1400, 'x');
    ASSERT_EQ(::send(caller.fd(), large.data(), large.size(), MSG_NOSIGNAL), 1400);
    EXPECT_TRUE(eventually([&] { return fired() >= 1; }));
    EXPECT_EQ(counter_of(nodes_->near.get(), "IcmpInMsgs"), 0);
    EXPECT_GE(counter_of(link().router_namespace(), "IpFragFails"), 1);
    link().heal("f");
    pollfd readable{.fd = end.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&readable, 1, 5000), 1) << "sent again, and through";
}

}  // namespace
}  // namespace etimedout::testing
