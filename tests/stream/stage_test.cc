// Every stage on a clock of its own: when bytes leave, which, and what an end becomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/stream/stage.hh"

namespace etimedout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What left, and when it was due: "5ms ab", "7ms FIN".
class Bench {
public:
    explicit Bench(const FlowPlan& plan, std::uint64_t seed = 1)
        : stage_{make_stage(plan, {Rng{seed, "test"}, Moment{}, nullptr})} {}

    void put(Duration at, std::string bytes) {
        stage_->take(Item::data(std::move(bytes), Moment{at}));
    }
    void put(Duration at, Item::Kind kind) { stage_->take(Item::end(kind, Moment{at})); }
    std::vector<std::string> until(Duration now) {
        std::vector<std::string> left;
        while (const auto item = stage_->give(Moment{now})) left.push_back(text_of(*item));
        return left;
    }
    std::vector<std::string> dissolve(Duration now) {
        std::vector<std::string> left;
        for (const Item& item : stage_->dissolve(Moment{now})) left.push_back(text_of(item));
        return left;
    }
    Stage& stage() { return *stage_; }

private:
    static std::string text_of(const Item& item) {
        const std::string when = Scalar<Duration>::write(item.at.time_since_epoch());
        switch (item.kind) {
            case Item::Kind::data:
                return when + " " + item.bytes;
            case Item::Kind::fin:
                return when + " FIN";
            case Item::Kind::close:
                return when + " CLOSE";
            case Item::Kind::reset:
                return when + " RST";
        }
        return "?";
    }
    std::unique_ptr<Stage> stage_;
};

TEST(Delay, EveryByteLeavesThatMuchLaterAndOrderIsKept) {
    // 100 ms for each, whatever the others do; the end comes behind the last byte.
    Bench bench{FlowDelay{.delay = 100ms}};
    bench.put(0ms, "a");
    bench.put(30ms, "b");
    bench.put(31ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(99ms), IsEmpty());
    EXPECT_EQ(bench.stage().next(), Moment{100ms});
    EXPECT_EQ(bench.stage().held(), 2u);
    EXPECT_THAT(bench.until(200ms), ElementsAre("100ms a", "130ms b", "130ms FIN"));
    EXPECT_EQ(bench.stage().held(), 0u);
}

TEST(Delay, JitterIsWholeMillisecondsOfItsRange) {
    // 5 ms give or take 3: 2 to 7 ms, each as likely (a range that is open at its upper end).
    std::map<Duration, int> seen;
    for (std::uint64_t seed = 0; seed < 6000; ++seed) {
        const auto stage = make_stage(FlowDelay{.delay = 5ms, .jitter = 3ms},
                                      {Rng{seed, "test"}, Moment{}, nullptr});
        stage->take(Item::data("x", Moment{}));
        ++seen[stage->next()->time_since_epoch()];
    }
    ASSERT_EQ(seen.size(), 6u);
    EXPECT_EQ(seen.begin()->first, 2ms);
    EXPECT_EQ(seen.rbegin()->first, 7ms);
    for (const auto& [delay, count] : seen) EXPECT_NEAR(count, 1000, 150) << human(delay);
}

TEST(Delay, AChangeReleasesTheFirstAndCountsTheRestFromWhenTheyCame) {
    // 5 s becomes 1 s after 250 ms: as measured of Toxiproxy, the second chunk leaves at 1.05 s.
    Bench bench{FlowDelay{.delay = 5s}};
    bench.put(0ms, "a");
    bench.put(50ms, "b");
    bench.stage().change(FlowDelay{.delay = 1s}, Moment{250ms});
    EXPECT_THAT(bench.until(250ms), ElementsAre("250ms a"));
    EXPECT_THAT(bench.until(2s), ElementsAre("1050ms b"));
}

TEST(Delay, WhatWaitsLeavesAtOnceWhenTheFaultIsGone) {
    Bench bench{FlowDelay{.delay = 5s}};
    bench.put(0ms, "a");
    bench.put(50ms, "b");
    EXPECT_THAT(bench.dissolve(250ms), ElementsAre("250ms a", "250ms b"));
}

TEST(Throttle, ATenthOfASecondOfBytesLeavesAfterTheTimeItTakes) {
    // 100 bytes a second: 10 bytes after each 100 ms, no burst at the begin.
    Bench bench{FlowThrottle{.bytes_per_second = 100}};
    bench.put(0ms, "0123456789abcdefghijXYZ");
    EXPECT_THAT(bench.until(99ms), IsEmpty());
    EXPECT_THAT(bench.until(10s), ElementsAre("100ms 0123456789", "200ms abcdefghij", "230ms XYZ"));
}

TEST(Throttle, RateZeroKeepsEverythingUntilItIsGone) {
    Bench bench{FlowThrottle{}};
    bench.put(0ms, "abc");
    bench.put(1ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(24h), IsEmpty());
    EXPECT_EQ(bench.stage().next(), std::nullopt);
    EXPECT_EQ(bench.stage().held(), 3u);
    EXPECT_THAT(bench.dissolve(5s), ElementsAre("0s abc", "1ms FIN"));
}

TEST(Throttle, WhatWasBegunIsNotSentTwice) {
    // 10 bytes are gone when the fault is: the rest follows.
    Bench bench{FlowThrottle{.bytes_per_second = 100}};
    bench.put(0ms, "0123456789abcdefghij");
    EXPECT_THAT(bench.until(150ms), ElementsAre("100ms 0123456789"));
    EXPECT_THAT(bench.dissolve(150ms), ElementsAre("0s abcdefghij"));
}

TEST(Throttle, ASharedRateIsSharedByTwoConnections) {
    // Each alone would take 1 s; together they take 2.
    const auto budget = std::make_shared<SharedBudget>();
    const FlowThrottle plan{.bytes_per_second = 100, .shared = true};
    const auto one = make_stage(plan, {Rng{1, "a"}, Moment{}, budget});
    const auto two = make_stage(plan, {Rng{1, "b"}, Moment{}, budget});
    one->take(Item::data(std::string(100, 'a'), Moment{}));
    two->take(Item::data(std::string(100, 'b'), Moment{}));
    Moment last{};
    for (Moment now{}; now <= Moment{3s}; now += 1ms) {
        while (const auto item = one->give(now)) last = std::max(last, item->at);
        while (const auto item = two->give(now)) last = std::max(last, item->at);
    }
    EXPECT_EQ(last, Moment{2s});
}

TEST(LateEnd, OnlyTheEndIsLate) {
    Bench bench{FlowLateEnd{700ms}};
    bench.put(0ms, "a");
    bench.put(10ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(700ms), ElementsAre("0s a"));
    EXPECT_THAT(bench.until(710ms), ElementsAre("710ms FIN"));
}

TEST(Discard, ClosesWhenNothingCameForItsTime) {
    // Each chunk arms the timer again, as Toxiproxy's `timeout` does.
    Bench bench{FlowDiscard{1s}};
    bench.put(600ms, "lost");
    EXPECT_THAT(bench.until(1500ms), IsEmpty());
    EXPECT_THAT(bench.until(1600ms), ElementsAre("1600ms CLOSE"));
}

TEST(Discard, WithoutATimeItNeverCloses) {
    Bench bench{FlowDiscard{}};
    bench.put(0ms, "lost");
    EXPECT_THAT(bench.until(24h), IsEmpty());
    EXPECT_EQ(bench.stage().next(), std::nullopt);
}

TEST(Discard, GoneItClosesOnlyWhatItTookBytesFrom) {
    Bench touched{FlowDiscard{}};
    touched.put(0ms, "lost");
    EXPECT_THAT(touched.dissolve(5s), ElementsAre("5s CLOSE"));
    Bench untouched{FlowDiscard{}};
    EXPECT_THAT(untouched.dissolve(5s), IsEmpty());
}

TEST(Reset, ComesSoMuchAfterTheFirstBytes) {
    Bench bench{FlowReset{200ms}};
    EXPECT_THAT(bench.until(24h), IsEmpty());  // an idle connection lives
    bench.put(1s, "request");
    bench.put(1100ms, "more");
    EXPECT_THAT(bench.until(10s), ElementsAre("1200ms RST"));
}

TEST(Slice, PiecesHaveAboutTheSizeAndAPauseBehindEach) {
    Bench bench{FlowSlice{.average = 2, .variation = 0, .pause = 10ms}};
    bench.put(0ms, "abcdefgh");
    bench.put(0ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(1s), ElementsAre("0s ab", "10ms cd", "20ms ef", "30ms gh", "40ms FIN"));
}

TEST(Slice, NoByteIsLostWhateverTheVariation) {
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        Bench bench{FlowSlice{.average = 7, .variation = 6, .pause = 1us}, seed};
        std::string whole;
        for (int i = 0; i < 500; ++i) whole += static_cast<char>('a' + i % 26);
        bench.put(0ms, whole);
        std::string got;
        for (const std::string& piece : bench.until(1s)) got += piece.substr(piece.find(' ') + 1);
        ASSERT_EQ(got, whole) << seed;
    }
}

TEST(Cut, EndsTheConnectionBehindSoManyBytes) {
    Bench bench{FlowCut{5, CutHow::fin}};
    bench.put(0ms, "abc");
    bench.put(1ms, "defg");
    bench.put(2ms, "lost");
    EXPECT_THAT(bench.until(1s), ElementsAre("0s abc", "1ms de", "1ms CLOSE"));
}

TEST(Cut, ExactlySoManyBytesEndItToo) {
    Bench bench{FlowCut{3, CutHow::rst}};
    bench.put(0ms, "abc");
    EXPECT_THAT(bench.until(1s), ElementsAre("0s abc", "0s RST"));
    Bench none{FlowCut{0, CutHow::fin}};
    none.put(0ms, "a");
    EXPECT_THAT(none.until(1s), ElementsAre("0s CLOSE"));
}

TEST(Cut, TheCountSurvivesAChange) {
    Bench bench{FlowCut{5, CutHow::fin}};
    bench.put(0ms, "abcd");
    bench.stage().change(FlowCut{6, CutHow::fin}, Moment{1ms});
    bench.put(2ms, "efg");
    EXPECT_THAT(bench.until(1s), ElementsAre("0s abcd", "2ms ef", "2ms CLOSE"));
}

TEST(Stall, KeepsWhatComesBehindSoManyBytes) {
    Bench bench{FlowStall{2}};
    bench.put(0ms, "abc");
    bench.put(1ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(24h), ElementsAre("0s ab"));
    EXPECT_EQ(bench.stage().held(), 1u);
    EXPECT_THAT(bench.dissolve(2s), ElementsAre("0s c", "1ms FIN"));
}

TEST(Stall, AStreamThatEndsBeforeItEnds) {
    Bench bench{FlowStall{10}};
    bench.put(0ms, "abc");
    bench.put(1ms, Item::Kind::fin);
    EXPECT_THAT(bench.until(1s), ElementsAre("0s abc", "1ms FIN"));
}

TEST(Deadline, EndsWhateverPasses) {
    Bench bench{FlowDeadline{1s, CutHow::rst}};
    bench.put(900ms, "a");
    EXPECT_THAT(bench.until(2s), ElementsAre("900ms a", "1s RST"));
    bench.put(2s, "lost");
    EXPECT_THAT(bench.until(3s), IsEmpty());
}

TEST(Idle, EndsOnlyAfterAPause) {
    Bench bench{FlowIdle{1s, CutHow::fin}};
    bench.put(900ms, "a");
    EXPECT_THAT(bench.until(1899ms), ElementsAre("900ms a"));
    EXPECT_THAT(bench.until(1900ms), ElementsAre("1900ms CLOSE"));
}

TEST(HalfClose, EndsOneDirectionBehindSoManyBytes) {
    Bench bench{FlowHalfClose{2}};
    bench.put(0ms, "abc");
    EXPECT_THAT(bench.until(1s), ElementsAre("0s ab", "0s FIN"));
    Bench at_once{FlowHalfClose{0}};
    EXPECT_THAT(at_once.until(0ms), ElementsAre("0s FIN"));
}

TEST(Corrupt, FlipsOneBitInTheShareAskedFor) {
    // 1 % of 100,000 bytes: 1,000, give or take five standard deviations of 31.
    Bench bench{FlowCorrupt{Probability{0.01}}};
    bench.put(0ms, std::string(60'000, '\0'));
    bench.put(0ms, std::string(40'000, '\0'));
    int damaged = 0;
    for (const std::string& piece : bench.until(1s)) {
        for (const char c : piece.substr(3)) {
            if (c == '\0') continue;
            ++damaged;
            EXPECT_EQ(std::popcount(static_cast<unsigned char>(c)), 1);
        }
    }
    EXPECT_NEAR(damaged, 1000, 160);
    Bench all{FlowCorrupt{Probability{1.0}}};
    all.put(0ms, std::string(3, '\0'));
    EXPECT_THAT(all.until(1s)[0].substr(3), testing::Not(testing::HasSubstr(std::string(1, '\0'))));
}

TEST(Loss, AStallLikeARetransmissionAndNoByteLost) {
    Bench bench{FlowLoss{.chance = Probability{1.0}, .pause = 200ms}};
    bench.put(0ms, "a");
    bench.put(5ms, "b");
    EXPECT_THAT(bench.until(1s), ElementsAre("200ms a", "205ms b"));
    Bench never{FlowLoss{.chance = Probability{0.0}}};
    never.put(0ms, "a");
    EXPECT_THAT(never.until(1s), ElementsAre("0s a"));
}

TEST(TimeFor, DoesNotOverflow) {
    EXPECT_EQ(time_for(1'000'000'000'000, 1000), Duration{std::chrono::seconds{1'000'000'000}});
    EXPECT_EQ(time_for(1, 3), Duration{333'333'333});
}

}  // namespace
}  // namespace etimedout
