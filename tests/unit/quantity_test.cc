// Quantities: read, written, and refused.
#include "simulator/base/quantity.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

template <class T>
T read(std::string_view text) {
    const auto value = Scalar<T>::parse(text);
    if (!value) {
        ADD_FAILURE() << text << ": " << value.error().message;
        return {};
    }
    return *value;
}

template <class T>
std::string mistake(std::string_view text) {
    const auto value = Scalar<T>::parse(text);
    return value ? std::string{"none"} : value.error().message + "; " + value.error().advice;
}

TEST(Durations, HaveSixUnits) {
    // 1 h is 3600 s, 1 us is 1000 ns.
    EXPECT_EQ(read<Duration>("5ns"), 5ns);
    EXPECT_EQ(read<Duration>("5us"), 5us);
    EXPECT_EQ(read<Duration>("5ms"), 5ms);
    EXPECT_EQ(read<Duration>("1.5s"), 1500ms);
    EXPECT_EQ(read<Duration>(" 2 m "), 2min);
    EXPECT_EQ(read<Duration>("1h"), 1h);
    EXPECT_EQ(read<Duration>("0s"), 0s);
}

TEST(Durations, WithoutAUnitAreRefused) {
    // 5 may be milliseconds or minutes.
    EXPECT_EQ(mistake<Duration>("5"),
              "5 what? a duration needs a unit; write 5s (units: us, ms, s, m or h)");
    EXPECT_EQ(mistake<Duration>("5kb"),
              "`kb` is not a unit of a duration; units are us, ms, s, m or h");
    EXPECT_EQ(mistake<Duration>("-5s"), "a duration cannot be negative; write 5s");
    EXPECT_EQ(mistake<Duration>(""),
              "a duration is missing here; write a number and a unit, for example 5s");
    EXPECT_EQ(
        mistake<Duration>("fast"),
        "`fast` is not a duration; write a number and a unit (us, ms, s, m or h), for example 5s");
    EXPECT_EQ(mistake<Duration>("1.2.3s"),
              "`1.2.3s` is not a duration; write a number and a unit (us, ms, s, m or h), for "
              "example 5s");
    EXPECT_EQ(mistake<Duration>("99999999999h"),
              "`99999999999h` is too large for a duration; write a smaller one");
}

TEST(Durations, AreWrittenSoThatTheyReadAgain) {
    // The largest unit that divides them.
    EXPECT_EQ(Scalar<Duration>::write(90s), "90s");
    EXPECT_EQ(Scalar<Duration>::write(1500ms), "1500ms");
    EXPECT_EQ(Scalar<Duration>::write(0s), "0s");
    for (const Duration value :
         {1ns, Duration{999}, Duration{1us}, Duration{1'234'567}, Duration{3h}}) {
        EXPECT_EQ(read<Duration>(Scalar<Duration>::write(value)), value);
    }
}

TEST(Durations, AreShownWithFourDigits) {
    // For people, not for reading again.
    EXPECT_EQ(human(30s), "30.00s");
    EXPECT_EQ(human(1'504us), "1.504ms");
    EXPECT_EQ(human(0s), "0s");
    EXPECT_EQ(human(135'200ms), "135.2s");
    EXPECT_EQ(human(-250ms), "-250.0ms");
}

TEST(Sizes, CountInThousandsOrIn1024) {
    // kb as in rates, k as memory is counted.
    EXPECT_EQ(read<Bytes>("1kb"), Bytes{1000});
    EXPECT_EQ(read<Bytes>("1k"), Bytes{1024});
    EXPECT_EQ(read<Bytes>("2M"), Bytes{2 << 20});
    EXPECT_EQ(read<Bytes>("2mb"), Bytes{2'000'000});
    EXPECT_EQ(read<Bytes>("1gb"), Bytes{1'000'000'000});
    EXPECT_EQ(read<Bytes>("512 bytes"), Bytes{512});
    EXPECT_EQ(read<Bytes>("4k bytes"), Bytes{4096});
    EXPECT_EQ(mistake<Bytes>("4"),
              "4 what? a size needs a unit; write 4k (units: b, kb, mb, gb, k or M)");
    for (const std::int64_t count : {0LL, 1LL, 1000LL, 4096LL, 3LL << 20U}) {
        EXPECT_EQ(read<Bytes>(Scalar<Bytes>::write(Bytes{count})), Bytes{count});
    }
}

TEST(Rates, AreInBitsPerSecond) {
    // Powers of 1000; a rate of nothing is another fault.
    EXPECT_EQ(read<Rate>("10mbit"), Rate{10'000'000});
    EXPECT_EQ(read<Rate>("1gbit"), Rate{1'000'000'000});
    EXPECT_EQ(Scalar<Rate>::write(Rate{1'500'000}), "1500kbit");
    EXPECT_EQ(mistake<Rate>("0bit"),
              "a rate of nothing lets nothing pass; use the fault blackhole");
}

TEST(Shares, ArePercentages) {
    // 0.99 is most likely 99 %, and 5 is 5 %.
    EXPECT_DOUBLE_EQ(read<Probability>("2.5%").value, 0.025);
    EXPECT_EQ(Scalar<Probability>::write(Probability{0.025}), "2.5%");
    EXPECT_EQ(mistake<Probability>("5"), "5 what? a share needs a %; write 5%");
    EXPECT_EQ(mistake<Probability>("0.99"), "0.99 what? a share needs a %; write 99%");
    EXPECT_EQ(mistake<Probability>("101%"), "101% is more than everything; write at most 100%");
    EXPECT_EQ(mistake<Probability>("half"), "`half` is not a share; write a percentage, like 5%");
}

TEST(Numbers, AreWholeAndFit) {
    // No signs, blanks or fractions slip through.
    EXPECT_EQ(read<std::int64_t>("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(read<std::int64_t>("-3"), -3);
    EXPECT_EQ(mistake<std::int64_t>("9223372036854775808"),
              "`9223372036854775808` is too large; write a smaller whole number");
    for (const char* text : {"", "3.5", " 3", "3 ", "+3", "0x10"}) {
        EXPECT_FALSE(Scalar<std::int64_t>::parse(text)) << text;
    }
    EXPECT_EQ(read<Port>("65535"), Port{65535});
    EXPECT_FALSE(Scalar<Port>::parse("0"));
    EXPECT_FALSE(Scalar<Port>::parse("65536"));
    EXPECT_DOUBLE_EQ(read<double>("0.5"), 0.5);
    EXPECT_FALSE(Scalar<double>::parse("0.5s"));
    EXPECT_TRUE(read<bool>("true"));
    EXPECT_FALSE(Scalar<bool>::parse("yes"));
}

}  // namespace
}  // namespace etimedout
