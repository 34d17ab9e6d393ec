// ResolverFaults: which query meets which fault, and what is counted.
#include "simulator/dns/resolver_faults.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

QueryFacts query(std::string_view name, std::string_view type = "A", Duration t = {}) {
    return {.name = name, .type = type, .source = IpAddress::parse("10.1.0.1").value(), .t = t};
}

ArmedFault silent(Selectors selectors) { return {"f", DnsSilent{}, std::move(selectors)}; }

TEST(ResolverFaults, NameTypeTransportAndSourceSelect) {
    ResolverFaults faults{"dns", 1};
    faults.arm(silent({.source = "10.1.0.1",
                       .query = "Api.example.",
                       .type = "AAAA",
                       .transport = DnsTransport::udp}),
               {}, {});
    EXPECT_TRUE(faults.judge(query("api.example", "AAAA")));
    EXPECT_FALSE(faults.judge(query("api.example", "A")));
    EXPECT_FALSE(faults.judge(query("other.example", "AAAA")));
    QueryFacts other = query("api.example", "AAAA");
    other.transport = DnsTransport::tcp;
    EXPECT_FALSE(faults.judge(other));
    other = query("api.example", "AAAA");
    other.source = IpAddress::parse("10.1.0.2").value();
    EXPECT_FALSE(faults.judge(other));
    EXPECT_EQ(faults.witness("f").matched, 1);
    EXPECT_EQ(faults.witness("f").fired, 1);
}

TEST(ResolverFaults, FirstAndNthCountTheQueriesThatOthersSelectorsLeave) {
    ResolverFaults faults{"dns", 1};
    faults.arm(silent({.first = Count{2, {}}, .query = "a"}), {}, {});
    faults.arm({"second", DnsErrorFault{}, {.nth = Count{3, {}}}}, {}, {});
    EXPECT_TRUE(faults.judge(query("a")));
    EXPECT_FALSE(faults.judge(query("b")));
    EXPECT_TRUE(faults.judge(query("a")));  // the third for `second`, which comes behind the first
    EXPECT_FALSE(faults.judge(query("a")));
    EXPECT_EQ(faults.witness("f").matched, 3);
    EXPECT_EQ(faults.witness("f").fired, 2);
    EXPECT_EQ(faults.witness("second").matched, 4);
    EXPECT_EQ(faults.witness("second").fired, 0);
}

TEST(ResolverFaults, AShareFollowsFromTheSeed) {
    const auto pattern = [](std::uint64_t seed) {
        ResolverFaults faults{"dns", seed};
        faults.arm(silent({.probability = Share{Probability{0.5}, {}}}), {}, {});
        std::string made;
        for (int i = 0; i < 64; ++i) made += faults.judge(query("a")) ? '1' : '0';
        return made;
    };
    EXPECT_EQ(pattern(1), pattern(1));
    EXPECT_NE(pattern(1), pattern(2));
    EXPECT_NE(pattern(1).find('0'), std::string::npos);
    EXPECT_NE(pattern(1).find('1'), std::string::npos);
}

TEST(ResolverFaults, FlappingFollowsTheClockFromWhenItWasArmed) {
    ResolverFaults faults{"dns", 1};
    faults.arm({"f", DnsFlapping{.bad = 2s, .good = 3s}, {}}, 10s, {});
    for (const auto& [t, bad] : std::vector<std::pair<Duration, bool>>{
             {10s, true}, {11999ms, true}, {12s, false}, {14999ms, false}, {15s, true}}) {
        EXPECT_EQ(faults.judge(query("a", "A", t)).has_value(), bad) << t.count();
    }
}

TEST(ResolverFaults, StaleKeepsTheRecordsOfItsMoment) {
    ResolverFaults faults{"dns", 1};
    DnsRecords before;
    before["a"].a = {"10.0.0.1"};
    faults.arm({"f", DnsStaleFault{}, {}}, {}, before);
    const auto ruling = faults.judge(query("a"));
    ASSERT_TRUE(ruling && ruling->records);
    EXPECT_EQ(ruling->records->at("a").a, std::vector<std::string>{"10.0.0.1"});
}

TEST(ResolverFaults, AHealedFaultDecidesNothingAndIsRemembered) {
    ResolverFaults faults{"dns", 1};
    faults.arm(silent({}), {}, {});
    EXPECT_TRUE(faults.judge(query("a")));
    faults.heal("f");
    EXPECT_FALSE(faults.judge(query("a")));
    EXPECT_EQ(faults.witness("f").fired, 1);
    EXPECT_EQ(faults.witness("never").fired, 0);
}

TEST(ResolverFaults, AFaultOfAnotherLayerIsRefused) {
    ResolverFaults faults{"dns", 1};
    EXPECT_THROW(faults.arm({"f", Blackhole{}, {}}, {}, {}), Error);
}

TEST(ResolverFaults, OverTcpNothingIsTruncated) {
    ResolverFaults faults{"dns", 1};
    faults.arm({"f", DnsTruncated{}, {}}, {}, {});
    EXPECT_TRUE(faults.judge(query("a")));
    QueryFacts tcp = query("a");
    tcp.transport = DnsTransport::tcp;
    EXPECT_FALSE(faults.judge(tcp));
    EXPECT_EQ(faults.witness("f").matched, 2);
    EXPECT_EQ(faults.witness("f").fired, 1);
}

}  // namespace
}  // namespace etimedout
