// The dns call.
#include "harness/call/lookup.hh"

#include <gtest/gtest.h>
#include <netdb.h>

#include "tests/call/callee.hh"

namespace etimedout {
namespace {

TEST(DnsCallTest, LocalhostIsKnownEverywhere) {
    // From the hosts file, in each family that is asked for.
    const WorldClock clock;
    CallState state;
    const CallEnd end = run_call(plan_to(0, DnsCall{"localhost", "A"}), clock, state);
    EXPECT_EQ(end.outcome, "ok") << end.detail;
    EXPECT_EQ(end.addresses, std::vector<std::string>{"127.0.0.1"});
    EXPECT_TRUE(end.dns.has_value());
}

TEST(DnsCallTest, ANumericNameNeedsNoServer) {
    // As for programs, which take either.
    const WorldClock clock;
    CallState state;
    const CallEnd v6 = run_call(plan_to(0, DnsCall{"fd00::1", "AAAA"}), clock, state);
    EXPECT_EQ(v6.addresses, std::vector<std::string>{"fd00::1"});
    const CallEnd wrong = run_call(plan_to(0, DnsCall{"fd00::1", "A"}), clock, state);
    EXPECT_EQ(wrong.outcome, "dns_failure");
    EXPECT_NE(wrong.detail, "");
}

TEST(DnsCallTest, TryAgainIsATimeoutOnlyIfItTookTime) {
    // A resolver waits one second at least; SERVFAIL comes at once and has the same code.
    CallEnd end;
    describe_failure({EAI_AGAIN, 0, 2ms, {}}, end);
    EXPECT_EQ(end.outcome, "dns_failure");
    describe_failure({EAI_AGAIN, 0, 10s, {}}, end);
    EXPECT_EQ(end.outcome, "dns_timeout");
    describe_failure({EAI_NONAME, 0, 10s, {}}, end);
    EXPECT_EQ(end.outcome, "dns_failure");
    describe_failure({EAI_SYSTEM, EMFILE, 1ms, {}}, end);
    EXPECT_EQ(end.error, "EMFILE");
}

TEST(DnsCallTest, AnAddressIsWrittenWithItsPort) {
    // IPv6 in brackets.
    const WorldClock clock;
    Lookups lookups;
    const auto v6 = lookups.look_up({"::1", 80, AF_INET6, AI_NUMERICHOST}, clock, 1min);
    ASSERT_TRUE(v6 && v6->addresses.size() == 1);
    EXPECT_EQ(v6->addresses[0].text(), "[::1]:80");
    EXPECT_EQ(v6->addresses[0].host(), "::1");
}

}  // namespace
}  // namespace etimedout
