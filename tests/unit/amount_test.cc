// Amounts of bytes or events: what can be written, and what a mistake is told.
#include "simulator/faults/amount.hh"

#include <gtest/gtest.h>

#include "simulator/faults/all_faults.hh"

namespace etimedout {
namespace {

TEST(Amount, IsASizeOrANumberOfEvents) {
    const auto amount = [](std::string_view text) { return Scalar<Amount>::parse(text).value(); };
    EXPECT_EQ(amount("4kb"), (Amount{4000, AmountUnit::bytes}));
    EXPECT_EQ(amount("4k bytes"), (Amount{4096, AmountUnit::bytes}));
    EXPECT_EQ(amount("0 b"), (Amount{0, AmountUnit::bytes}));
    EXPECT_EQ(amount("20 events"), (Amount{20, AmountUnit::events}));
    EXPECT_EQ(amount("1 event"), (Amount{1, AmountUnit::events}));
    for (const std::string_view text : {"4kb", "20 events", "1 event", "0 events", "1b"}) {
        EXPECT_EQ(amount(Scalar<Amount>::write(amount(text))), amount(text));
    }
    EXPECT_EQ(Scalar<Amount>::write(amount("1 events")), "1 event");
}

TEST(Amount, AMistakeIsToldWhatToWrite) {
    for (const std::string_view text : {"", "20", "20 requests", "many", "4 kb events"}) {
        const auto read = Scalar<Amount>::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().advice.find("20 events"), std::string::npos) << text;
    }
    EXPECT_EQ(Scalar<Amount>::parse("20").error().message,
              "`20` is neither a size nor a number of events");
    EXPECT_EQ(Scalar<Amount>::parse("-1 events").error().message,
              "`-1 events` is no number of events");
    EXPECT_EQ(Scalar<EventCount>::parse("4kb").error().message, "`4kb` is no number of events");
    EXPECT_EQ(Scalar<EventCount>::parse("4kb").error().advice, "write `20 events`");
    EXPECT_EQ(Scalar<EventCount>::write({3}), "3 events");
}

TEST(Amount, WhatStallsOrCutsFollowsFromIt) {
    // Bytes are of the connection, events of one answer.
    EXPECT_EQ(decision_of(StallFault{{4000, AmountUnit::bytes}}),
              Decision{FlowPlan{FlowStall{4000}}});
    EXPECT_EQ(decision_of(StallFault{{4, AmountUnit::events}}),
              Decision{StreamPlan{StallEvents{4}}});
    EXPECT_EQ(decision_of(CutFault{{4000, AmountUnit::bytes}, CutHow::rst}),
              (Decision{FlowPlan{FlowCut{4000, CutHow::rst}}}));
    EXPECT_EQ(decision_of(CutFault{{4, AmountUnit::events}, CutHow::rst}),
              (Decision{StreamPlan{CutEvents{4, CutHow::rst}}}));
}

}  // namespace
}  // namespace etimedout
