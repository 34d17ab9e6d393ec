// Which fault a connection or a request meets.
#include "simulator/stream/fault_table.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

ArmedFault armed(std::string id, Fault fault, Selectors selectors = {}) {
    return {std::move(id), std::move(fault), std::move(selectors)};
}

ConnectionFacts connection(std::int64_t number, std::string_view source = "10.0.0.1") {
    return {number, IpAddress::parse(source).value(), 80};
}

// The ids of the faults that so many requests on one connection meet; "-" for none.
std::string verdicts(FaultTable& table, std::int64_t on, int requests,
                     const RequestHead& head = {}) {
    std::string result;
    for (int number = 1; number <= requests; ++number) {
        const auto verdict = table.judge(connection(on), RequestFacts{number, &head});
        result += verdict ? verdict->fault : "-";
    }
    return result;
}

TEST(FaultTableTest, FirstTwoOfAStreamFaultAreConnections) {
    // At the stream layer the default unit is the connection, with all its requests.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Reset{}, {.first = Count{2, {}}}));
    EXPECT_EQ(verdicts(table, 7, 2), "aa");
    EXPECT_EQ(verdicts(table, 8, 1), "a");
    EXPECT_EQ(verdicts(table, 9, 3), "---");
    EXPECT_EQ(table.witness("a").matched, 3);
    EXPECT_EQ(table.witness("a").fired, 2);
}

TEST(FaultTableTest, FirstTwoOfAMessageFaultAreRequests) {
    // At the message layer the default unit is the request, on whichever connection.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Status{}, {.first = Count{2, {}}}));
    EXPECT_EQ(verdicts(table, 1, 1), "a");
    EXPECT_EQ(verdicts(table, 2, 3), "a--");
    EXPECT_EQ(table.witness("a").matched, 4);
    EXPECT_EQ(table.witness("a").fired, 2);
}

TEST(FaultTableTest, TheSecondRequestOfAConnectionIsItsFirstReuse) {
    // The keep-alive race: the pooled connection was opened before the fault was armed.
    FaultTable table{"stub", 1};
    const Count second{2, CountedUnit::requests_per_connection};
    table.arm(armed("a", Reset{}, {.nth = second}));
    EXPECT_TRUE(table.judge(connection(1), RequestFacts{2, nullptr}).has_value());
    EXPECT_EQ(verdicts(table, 2, 3), "-a-");
    EXPECT_EQ(table.witness("a").matched, 4);
    EXPECT_EQ(table.witness("a").fired, 2);
}

TEST(FaultTableTest, TheFirstArmedThatAppliesActsAndTheOthersCountOn) {
    // Numbers are about traffic, not about what other faults left over.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Status{}, {.first = Count{1, {}}}));
    table.arm(armed("b", Status{}, {.first = Count{2, {}}}));
    EXPECT_EQ(verdicts(table, 1, 3), "ab-");
    EXPECT_EQ(table.witness("b").matched, 3);
    EXPECT_EQ(table.witness("b").fired, 1);
}

TEST(FaultTableTest, SourceAndPortLeaveOthersAlone) {
    // What a fault is not for, it has not matched.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Silent{}, {.source = "10.0.1.0/24"}));
    table.arm(armed("b", Silent{}, {.port = Port{81}}));
    EXPECT_FALSE(table.judge(connection(1, "10.0.0.1")).has_value());
    EXPECT_EQ(table.judge(connection(2, "10.0.1.9"))->fault, "a");
    EXPECT_EQ(table.witness("a").matched, 1);
    EXPECT_EQ(table.witness("b").matched, 0);
}

TEST(FaultTableTest, AMatchOfTheHeadSelectsAndIsCounted) {
    // `nth: 2` of POST /pay* is the second such request, not the second request.
    FaultTable table{"stub", 1};
    Selectors selectors{.nth = Count{2, {}}};
    selectors.match = RequestMatch{"POST", "/pay*", "X-Tenant: blue"};
    table.arm(armed("a", Status{}, selectors));
    EXPECT_TRUE(table.needs_head());
    const RequestHead pay{.method = "POST", .target = "/pay/1", .headers = {{"x-tenant", "blue"}}};
    const RequestHead other{.method = "POST", .target = "/pay/1", .headers = {{"x-tenant", "red"}}};
    EXPECT_EQ(verdicts(table, 1, 1, pay), "-");
    EXPECT_EQ(verdicts(table, 2, 2, other), "--");
    EXPECT_EQ(verdicts(table, 3, 2, pay), "a-");
    EXPECT_EQ(table.witness("a").matched, 3);
    table.heal("a");
    EXPECT_FALSE(table.needs_head());
}

TEST(FaultTableTest, ANameAloneMatchesAnyValueOfTheHeader) {
    // A header's absence is what such a selector tells apart.
    FaultTable table{"stub", 1};
    Selectors selectors;
    selectors.match = RequestMatch{.header = "Authorization"};
    table.arm(armed("a", Status{}, selectors));
    EXPECT_EQ(verdicts(table, 1, 1, {.headers = {{"authorization", "x"}}}), "a");
    EXPECT_EQ(verdicts(table, 1, 1), "-");
}

TEST(FaultTableTest, AChanceIsTakenOncePerConnectionAndFollowsTheSeed) {
    // Same seed, same connections; 10% of 2000 is 200, and seven standard deviations are 94.
    const auto hit = [](std::uint64_t seed) {
        FaultTable table{"stub", seed};
        table.arm(armed("a", Reset{}, {.probability = Share{Probability{0.1}, {}}}));
        std::vector<std::int64_t> result;
        for (std::int64_t number = 1; number <= 2000; ++number) {
            const bool first = table.judge(connection(number)).has_value();
            EXPECT_EQ(table.judge(connection(number)).has_value(), first);
            if (first) result.push_back(number);
        }
        EXPECT_EQ(table.witness("a").matched, 2000);
        EXPECT_EQ(table.witness("a").fired, static_cast<std::int64_t>(result.size()));
        return result;
    };
    const auto one = hit(1);
    EXPECT_EQ(hit(1), one);
    EXPECT_NE(hit(2), one);
    EXPECT_GT(one.size(), 106U);
    EXPECT_LT(one.size(), 294U);
}

TEST(FaultTableTest, AHealedFaultActsNoMoreButKeepsItsWitness) {
    // The witness is read when the world ends.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Silent{}));
    EXPECT_EQ(verdicts(table, 1, 1), "a");
    table.heal("a");
    EXPECT_EQ(verdicts(table, 2, 1), "-");
    EXPECT_EQ(table.witness("a").matched, 1);
    EXPECT_EQ(table.witness("a").evidence, "stub's own record: acted on 1 of 1 connections");
    EXPECT_EQ(table.witness("x").matched, 0);
}

TEST(FaultTableTest, PlainBytesAreNoRequests) {
    // A fault that counts requests never matches them, so the run says that it was never met.
    FaultTable table{"stub", 1};
    table.arm(armed("a", Status{}));
    table.arm(armed("b", Reset{}, {.first = Count{1, CountedUnit::requests}}));
    EXPECT_FALSE(table.judge(connection(1)).has_value());
    EXPECT_EQ(table.witness("a").matched, 0);
    EXPECT_EQ(table.witness("b").matched, 0);
}

TEST(FaultTableTest, WhatCannotBeArmedIsRefused) {
    // A packet fault here would never fire.
    FaultTable table{"stub", 1};
    EXPECT_THROW(table.arm(armed("a", Latency{})), Error);
    EXPECT_THROW(table.arm(armed("b", Reset{}, {.source = "gateway"})), Error);
    table.arm(armed("c", Reset{}));
    EXPECT_THROW(table.arm(armed("c", Reset{})), Error);
}

}  // namespace
}  // namespace etimedout
