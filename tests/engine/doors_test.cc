// Listeners: addresses in Go's words, and what rules do to those who knock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "simulator/proxy/address.hh"
#include "tests/engine/loopback.hh"

namespace etimedout {
namespace {

ProxyPlan plan_to(const Listener& upstream) {
    ProxyPlan plan;
    plan.name = "p";
    plan.listen = "127.0.0.1:0";
    plan.upstream = upstream.address();
    return plan;
}

std::vector<ProxyRule> only(DoorPlan plan) {
    ProxyRule rule;
    rule.id = "door";
    rule.plan = plan;
    return {rule};
}

// What a connect without waiting becomes within this time; ETIMEDOUT when it hangs.
int knock(const std::string& address, int milliseconds) {
    const auto there = numeric_address(split_host_port(address).value()).value();
    const Fd socket{::socket(there.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (::connect(socket.get(), there.get(), there.size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd one{socket.get(), POLLOUT, 0};
    if (::poll(&one, 1, milliseconds) == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

std::string why_not(const std::string& listen) {
    Witnessing witness;
    Engine engine{{.workers = 1}, witness};
    const Listener upstream;
    ProxyPlan plan = plan_to(upstream);
    plan.listen = listen;
    try {
        engine.open(plan);
    } catch (const ListenError& error) {
        return error.what();
    }
    return "";
}

TEST(Doors, WhatIsWrongWithAnAddressIsSaidAsGoSaysIt) {
    const Listener taken;
    EXPECT_EQ(why_not(taken.address()),
              "listen tcp " + taken.address() + ": bind: address already in use");
    EXPECT_EQ(why_not("nope"), "listen tcp: address nope: missing port in address");
    EXPECT_EQ(why_not("127.0.0.1:99999"), "listen tcp: address 99999: invalid port");
    EXPECT_EQ(why_not("::1:80"), "listen tcp: address ::1:80: too many colons in address");
    EXPECT_EQ(why_not("no-such-host.invalid:80"),
              "listen tcp: lookup no-such-host.invalid: no such host");
}

TEST(Doors, AnAddressIsResolvedAndAPortFound) {
    EXPECT_EQ(resolved_listen("localhost:4711"), "127.0.0.1:4711");
    EXPECT_EQ(resolved_listen("0.0.0.0:4711"), resolved_listen(":4711"));
    Witnessing witness;
    Engine engine{{.workers = 1}, witness};
    const Listener upstream;
    ProxyPlan plan = plan_to(upstream);
    plan.listen = "";
    const auto proxy = engine.open(plan);
    EXPECT_THAT(proxy->listen(), testing::MatchesRegex("\\[::\\]:[0-9]+|0.0.0.0:[0-9]+"));
    EXPECT_EQ(knock("127.0.0.1" + proxy->listen().substr(proxy->listen().rfind(':')), 5000), 0);
}

TEST(Doors, ABlackholeDropsSyns) {
    // Nothing answers the SYN: the connect hangs, and with it healed the SYN's second copy, a
    // second later, gets through.
    Witnessing witness;
    Engine engine{{.workers = 1}, witness};
    const Listener upstream;
    const auto proxy = engine.open(plan_to(upstream));
    EXPECT_EQ(knock(proxy->listen(), 5000), 0);
    proxy->set_rules(only(DoorBlackhole{}));
    EXPECT_TRUE(eventually([&] { return knock(proxy->listen(), 50) == ETIMEDOUT; }));
    proxy->set_rules({});
    EXPECT_TRUE(eventually([&] { return knock(proxy->listen(), 50) == 0; }));
}

TEST(Doors, ARefusalRefusesAndOpenConnectionsGoOn) {
    Witnessing witness;
    Engine engine{{.workers = 1}, witness};
    const Listener upstream;
    const auto proxy = engine.open(plan_to(upstream));
    const Fd client = connect_to(proxy->listen());
    const Fd server = upstream.accept();
    proxy->set_rules(only(DoorRefuse{}));
    EXPECT_TRUE(eventually([&] { return knock(proxy->listen(), 50) == ECONNREFUSED; }));
    send_all(client, "x");
    EXPECT_EQ(receive(server, 1), "x");
    proxy->set_rules({});
    EXPECT_TRUE(eventually([&] { return knock(proxy->listen(), 50) == 0; }));
}

TEST(Doors, ASlowDoorLetsThemWait) {
    // The kernel has taken the connection; nobody dials the upstream for 50 ms.
    Witnessing witness;
    Engine engine{{.workers = 1}, witness};
    const Listener upstream;
    ProxyPlan plan = plan_to(upstream);
    plan.rules = only(DoorSlow{50ms});
    const auto proxy = engine.open(plan);
    const auto began = std::chrono::steady_clock::now();
    const Fd client = connect_to(proxy->listen());
    const Fd server = upstream.accept();
    EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms);
}

}  // namespace
}  // namespace etimedout
