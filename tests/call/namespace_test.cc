// Calls from a network namespace in which nothing leads anywhere.
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

#include "tests/call/callee.hh"

namespace etimedout {
namespace {

// The ends of these calls, made on a thread in a namespace of its own; none where that is denied.
std::vector<CallEnd> in_the_void(const std::vector<CallPlan>& plans) {
    std::vector<CallEnd> ends;
    std::thread thread{[&] {
        if (::unshare(CLONE_NEWNET) != 0) return;
        const WorldClock clock;
        CallState state;
        for (const auto& plan : plans) ends.push_back(run_call(plan, clock, state));
    }};
    thread.join();
    return ends;
}

CallPlan to_elsewhere(decltype(CallStep::what) what) {
    CallPlan plan = plan_to(80, std::move(what));
    plan.address = "192.0.2.1";
    return plan;
}

TEST(NamespaceTest, WithoutARouteEveryKindOfCallIsUnreachable) {
    // A new namespace has no routes at all: ENETUNREACH at once, from our own kernel.
    const auto ends = in_the_void(
        {to_elsewhere(TcpCall{}), to_elsewhere(HttpCall{}), to_elsewhere(PingCall{2, 1ms, 1ms})});
    if (ends.empty()) GTEST_SKIP() << "may not make network namespaces: run as root";
    for (const auto& end : ends) {
        EXPECT_EQ(end.outcome, "unreachable") << end.detail;
        EXPECT_EQ(end.error, "ENETUNREACH") << end.detail;
    }
}

TEST(NamespaceTest, WithoutAServerANameIsNotKnownAtOnce) {
    // No name server can be reached, so nobody is waited for: a failure, not a timeout.
    CallPlan plan = to_elsewhere(DnsCall{"name.example", "A"});
    plan.step.deadline = 30s;
    const auto ends = in_the_void({plan});
    if (ends.empty()) GTEST_SKIP() << "may not make network namespaces: run as root";
    EXPECT_EQ(ends[0].outcome, "dns_failure") << ends[0].detail;
}

}  // namespace
}  // namespace etimedout
