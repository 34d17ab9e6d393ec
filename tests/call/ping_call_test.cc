// The ping call over loopback, where this machine allows it.
#include <gtest/gtest.h>

#include <netinet/in.h>

#include "harness/call/lookup.hh"
#include "harness/call/ping_socket.hh"
#include "tests/call/callee.hh"

namespace etimedout {
namespace {

class PingCallTest : public testing::Test {
protected:
    void SetUp() override {
        try {
            const auto to = Lookups{}.look_up({"127.0.0.1", 0, AF_INET, 0}, clock_, 1min);
            const PingSocket probe{to->addresses.at(0), "probe"};
        } catch (const Error& error) {
            GTEST_SKIP() << error.what();
        }
    }

    WorldClock clock_;
    CallState state_;
};

TEST_F(PingCallTest, EachRequestIsAnsweredOnce) {
    // Three requests 5 ms apart: 10 ms at least.
    const CallEnd end = run_call(plan_to(0, PingCall{3, 5ms, 1s}), clock_, state_);
    EXPECT_EQ(end.outcome, "ok") << end.error << end.detail;
    EXPECT_EQ(end.sent, 3);
    EXPECT_EQ(end.received, 3);
    EXPECT_EQ(end.detail, "3 of 3 answered");
    EXPECT_GE(end.total, 10ms);
    ASSERT_TRUE(end.first_byte.has_value());
    EXPECT_LE(*end.first_byte, end.total);
}

TEST_F(PingCallTest, SeveralAtOnceDoNotTakeEachOthersAnswers) {
    // Raw sockets see all answers of the node.
    std::vector<std::thread> threads;
    std::vector<CallEnd> ends(8);
    for (std::size_t i = 0; i < ends.size(); ++i) {
        threads.emplace_back([&, i] {
            CallPlan plan = plan_to(0, PingCall{5, 1ms, 10s});
            plan.index = static_cast<std::int64_t>(i);
            ends[i] = run_call(plan, clock_, state_);
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& end : ends) EXPECT_EQ(end.detail, "5 of 5 answered");
}

TEST_F(PingCallTest, WhereNoRouteLeadsIsUnreachable) {
    // Our own kernel refuses to send to class E or the limited broadcast.
    CallPlan plan = plan_to(0, PingCall{1, 1ms, 10ms});
    plan.address = "255.255.255.255";
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "unreachable") << end.detail;
    EXPECT_NE(end.error, "");
}

TEST_F(PingCallTest, Ipv6IsAnsweredToo) {
    // ICMPv6 has other numbers, and a checksum that the kernel fills in.
    CallPlan plan = plan_to(0, PingCall{2, 1ms, 1s});
    plan.address = "::1";
    const CallEnd end = run_call(plan, clock_, state_);
    if (end.error == "EADDRNOTAVAIL" || end.error == "ENETUNREACH") GTEST_SKIP() << "no ::1 here";
    EXPECT_EQ(end.outcome, "ok") << end.error << end.detail;
}

}  // namespace
}  // namespace etimedout
