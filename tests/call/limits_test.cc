// Timers of a call, and what passes for a flow of bytes.
#include "harness/call/limits.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

TEST(LimitsTest, TheClientsOwnTimerIsToldFromTheHarnesssPatience) {
    // Whichever comes first; both at once is the client's.
    CallStep step;
    step.deadline = 10s;
    step.connect_timeout = 3s;
    EXPECT_EQ(Limits::of(step, 1s).while_connecting(), 4s);
    EXPECT_EQ(Limits::of(step, 1s).afterwards(), 11s);
    EXPECT_TRUE(Limits::of(step, 1s).is_own_while_connecting());
    EXPECT_FALSE(Limits::of(step, 1s).is_own_afterwards());
    step.timeout = 10s;
    EXPECT_TRUE(Limits::of(step, 1s).is_own_afterwards());
    step.timeout = 2s;
    EXPECT_EQ(Limits::of(step, 1s).while_connecting(), 3s);
    step.timeout = 11s;
    EXPECT_FALSE(Limits::of(step, 1s).is_own_afterwards());
}

TEST(FlowTest, ASilenceLongerThanAnyBeforeIsIdleness) {
    // Bytes every 100 ms: 150 ms of silence is the flow's pace, 300 ms is a stall.
    Flow flow;
    EXPECT_STREQ(flow.timeout_word(5s), "first_byte_timeout");
    flow.arrived(1000ms);
    EXPECT_STREQ(flow.timeout_word(1010ms), "idle_timeout");
    flow.arrived(1100ms);
    flow.arrived(1200ms);
    EXPECT_STREQ(flow.timeout_word(1350ms), "total_timeout");
    EXPECT_STREQ(flow.timeout_word(1500ms), "idle_timeout");
}

TEST(CollectedTest, WhatIsBeyond64KiBIsOnlyCounted) {
    // A call's end is a line in a log.
    Collected collected;
    for (int i = 0; i < 100; ++i) collected.add(std::string(1000, 'x'));
    EXPECT_EQ(collected.size, 100'000);
    EXPECT_EQ(collected.text.size(), 65'536U);
}

}  // namespace
}  // namespace etimedout
