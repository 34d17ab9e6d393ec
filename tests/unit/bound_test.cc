// Bounds: tolerances and the default window.
#include "simulator/base/bound.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

using Window = std::pair<Duration, Duration>;

Window window(std::string_view text) {
    const auto bound = parse_duration_bound(text);
    if (!bound) {
        ADD_FAILURE() << text << ": " << bound.error().message;
        return {};
    }
    const Bound<Duration>& read = bound.value();
    return {read.at_least.value_or(-1ns), read.at_most.value_or(-1ns)};
}

Bound<std::int64_t> count(std::string_view text) {
    const auto bound = parse_count_bound(text);
    EXPECT_TRUE(bound) << text;
    return bound.value();
}

TEST(Tolerances, ComeInThreeForms) {
    // To both sides alike, in parts of a hundred, or to each side its own.
    EXPECT_EQ(window("30s ±100ms"), (Window{29900ms, 30100ms}));
    EXPECT_EQ(window("30s +/-100ms"), (Window{29900ms, 30100ms}));
    EXPECT_EQ(window("2s ±10%"), (Window{1800ms, 2200ms}));
    EXPECT_EQ(window("10s -50ms/+1s"), (Window{9950ms, 11s}));
    EXPECT_EQ(window("100ms -10%/+50%"), (Window{90ms, 150ms}));
}

TEST(Tolerances, OfABareDurationAreTheDefaultWindow) {
    // T - max(5 ms, 1 %), T + max(50 ms, 10 %).
    EXPECT_EQ(window("10s"), (Window{9900ms, 11s}));
    EXPECT_EQ(window("100ms"), (Window{95ms, 150ms}));
    EXPECT_EQ(window("1ms"), (Window{0ms, 51ms}));
}

TEST(Tolerances, NeverReachBelowNothing) {
    // A duration is not negative.
    EXPECT_EQ(window("1s ±5s"), (Window{0s, 6s}));
}

TEST(Tolerances, HalfWrittenAreRefused) {
    // Each side needs its own, and each its unit.
    for (const char* text : {"10s -50ms", "10s ±", "10s ±5", "±5ms", "", "10s -5ms/+", "10 ±1s"}) {
        EXPECT_FALSE(parse_duration_bound(text)) << text;
    }
}

TEST(Tolerances, OfTheLongestDurationsDoNotOverflow) {
    // The default window would end after the end of time.
    const auto [low, high] = window("2500000h");
    EXPECT_GE(high, low);
    EXPECT_GE(high, 2500000h);
}

TEST(Counts, AreExactUnlessTheySayOtherwise) {
    // 3 is 3; and 10 % of 100 is 10.
    EXPECT_TRUE(count("3").contains(3));
    EXPECT_FALSE(count("3").contains(2));
    EXPECT_FALSE(count("3").contains(4));
    EXPECT_EQ(count("100 -5/+20").at_least, 95);
    EXPECT_EQ(count("100 -5/+20").at_most, 120);
    EXPECT_EQ(count("100 ±10%").at_most, 110);
    EXPECT_EQ(parse_size_bound("1000b ±10%").value().at_least, Bytes{900});
}

TEST(Counts, KeepHowTheyWereWritten) {
    // For the report.
    EXPECT_EQ(count(" 100 ±10% ").text, "100 ±10%");
}

TEST(Bounds, AnOpenEndHoldsEverything) {
    // at_most alone.
    const Bound<std::int64_t> bound{std::nullopt, 5, "at most 5"};
    EXPECT_TRUE(bound.contains(-100));
    EXPECT_TRUE(bound.contains(5));
    EXPECT_FALSE(bound.contains(6));
}

}  // namespace
}  // namespace etimedout
