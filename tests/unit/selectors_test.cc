// Selectors: counts and shares with their units.
#include "simulator/faults/selectors.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

TEST(Counts, HaveAUnitOrTheLayersOwn) {
    // "2", "2 requests", "2 requests per connection"; singular where it is one.
    const auto count = [](std::string_view text) { return Scalar<Count>::parse(text).value(); };
    EXPECT_EQ(count("2"), (Count{2, std::nullopt}));
    EXPECT_EQ(count("2 requests"), (Count{2, CountedUnit::requests}));
    EXPECT_EQ(count("1 connection"), (Count{1, CountedUnit::connections}));
    EXPECT_EQ(count("2 requests per connection"), (Count{2, CountedUnit::requests_per_connection}));
    for (const char* text : {"0", "-1", "2 packets", "two", "", "2  requests"}) {
        EXPECT_FALSE(Scalar<Count>::parse(text)) << text;
    }
}

TEST(Shares, AreOfConnectionsOrRequests) {
    // "of" may be left out.
    const auto share = [](std::string_view text) { return Scalar<Share>::parse(text).value(); };
    EXPECT_EQ(share("10%"), (Share{Probability{0.1}, std::nullopt}));
    EXPECT_EQ(share("10% of connections"), (Share{Probability{0.1}, CountedUnit::connections}));
    EXPECT_EQ(share("50% requests"), (Share{Probability{0.5}, CountedUnit::requests}));
    EXPECT_FALSE(Scalar<Share>::parse("0.1 of connections"));
    EXPECT_FALSE(Scalar<Share>::parse("10% of people"));
}

TEST(Selectors, AreWrittenSoThatTheyReadAgain) {
    // For reports and for another scenario.
    for (const char* text : {"2", "2 requests", "3 connections", "2 requests per connection"}) {
        EXPECT_EQ(Scalar<Count>::write(Scalar<Count>::parse(text).value()), text);
    }
    for (const char* text : {"2.5%", "10% of connections", "100% of requests"}) {
        EXPECT_EQ(Scalar<Share>::write(Scalar<Share>::parse(text).value()), text);
    }
}

}  // namespace
}  // namespace etimedout
