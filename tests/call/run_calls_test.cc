// Many calls of one step.
#include "harness/call/run_calls.hh"

#include <set>

#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/call/callee.hh"

namespace etimedout {
namespace {

class RunCallsTest : public testing::Test {
protected:
    RunCallsTest() {
        serve({.first_byte = 5ms});
        step_.id = "c";
        step_.node = "client";
        step_.link = "api";
        step_.what = HttpCall{};
    }
    void serve(StubRoute route) {
        StubSpec spec;
        spec.port = Port{0};
        spec.all = std::move(route);
        stub_ = std::make_unique<Stub>("up", spec, clock_);
    }
    CallRun run() {
        const CallTarget target{"", "127.0.0.1", stub_->port(), "/"};
        return run_calls(step_, target, clock_, sink_, state_);
    }
    // Begins, and ends, by index; checks that each end follows its begin.
    std::map<std::int64_t, Duration> begins() {
        std::map<std::int64_t, Duration> result;
        std::set<std::int64_t> ended;
        for (const auto& event : sink_.take()) {
            if (const auto* begin = std::get_if<CallBegin>(&event.what)) {
                EXPECT_EQ(begin->what, "http");
                EXPECT_EQ(begin->link, "api");
                EXPECT_TRUE(result.emplace(begin->index, event.t).second);
            }
            if (const auto* end = std::get_if<CallEnd>(&event.what)) {
                EXPECT_TRUE(result.contains(end->index));
                EXPECT_TRUE(ended.insert(end->index).second);
            }
        }
        EXPECT_EQ(result.size(), ended.size());
        return result;
    }

    WorldClock clock_;
    std::unique_ptr<Stub> stub_;
    CallStep step_;
    CallState state_;
    MemorySink sink_;
};

TEST_F(RunCallsTest, OneCallIsTheDefault) {
    // Index 1, begun and ended.
    EXPECT_EQ(run().outcomes, (std::map<std::string, std::int64_t>{{"response", 1}}));
    EXPECT_EQ(begins().begin()->first, 1);
}

TEST_F(RunCallsTest, TimesAreMadeOneAfterTheOther) {
    // Four of 5 ms each: each begins when the one before has ended.
    step_.times = 4;
    EXPECT_EQ(run().calls, 4);
    const auto seen = begins();
    ASSERT_EQ(seen.size(), 4U);
    for (std::int64_t i = 2; i <= 4; ++i) EXPECT_GE(seen.at(i) - seen.at(i - 1), 5ms);
}

TEST_F(RunCallsTest, ManyCallersShareTheTimes) {
    // 64 calls by 16 callers, each index once.
    step_.times = 64;
    step_.concurrency = 16;
    EXPECT_EQ(run().outcomes.at("response"), 64);
    EXPECT_EQ(begins().rbegin()->first, 64);
    EXPECT_EQ(stub_->record().requests, 64);
}

TEST_F(RunCallsTest, ARateDoesNotWaitForAnswers) {
    // The stub answers none of the first ten; all have begun all the same, each on its time.
    serve({.silent = true});
    step_.times = 10;
    step_.rate = 1000;
    step_.timeout = 300ms;
    const Duration begin = clock_.now();
    const CallRun result = run();
    EXPECT_EQ(result.outcomes.at("first_byte_timeout"), 10);
    const auto seen = begins();
    for (std::int64_t i = 1; i <= 10; ++i) EXPECT_GE(seen.at(i) - begin, (i - 1) * 1ms);
    EXPECT_EQ(stub_->record().requests, 10);
}

TEST_F(RunCallsTest, ARateWithConcurrencyIsBounded) {
    // Two places, and answers after 20 ms: the third cannot begin before.
    serve({.first_byte = 20ms});
    step_.times = 3;
    step_.rate = 100'000;
    step_.concurrency = 2;
    EXPECT_EQ(run().calls, 3);
    const auto seen = begins();
    EXPECT_GE(seen.at(3) - seen.at(1), 20ms);
}

TEST_F(RunCallsTest, ForGoesOnUntilItsTimeIsOver) {
    // 60 ms at 100 calls a second are the calls at 0, 10, 20, 30, 40 and 50 ms.
    step_.lasting = 60ms;
    step_.rate = 100;
    EXPECT_EQ(run().calls, 6);
}

TEST_F(RunCallsTest, WithReuseEachCallerHasAConnectionOfItsOwn) {
    // Four callers at once have four at the most.
    step_.connection = ConnectionUse::reuse;
    step_.times = 40;
    step_.concurrency = 4;
    EXPECT_EQ(run().outcomes.at("response"), 40);
    EXPECT_LE(stub_->record().connections, 4);
}

TEST_F(RunCallsTest, WhatCannotBeMadeIsThrownAfterTheOthersEnd) {
    // The folder of an exec call is not there.
    step_.what = ExecCall{"true"};
    step_.times = 3;
    const CallTarget target{"", "", 0, "/no/such/folder"};
    EXPECT_THROW(run_calls(step_, target, clock_, sink_, state_), Error);
}

}  // namespace
}  // namespace etimedout
