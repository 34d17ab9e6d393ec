// Go's flags: each row is a command line and what Go's package flag makes of it.
#include "harness/toxiproxy/go_flags.hh"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace etimedout {
namespace {

using testing::ElementsAre;
using Texts = std::vector<std::string>;

const std::vector<GoFlag> flags{{{"name", "n"}, GoFlagKind::text, "a name", "\"x\""},
                                {{"count"}, GoFlagKind::integer, "how many", "1"},
                                {{"loud"}, GoFlagKind::boolean, "shout", ""}};

Result<GoFlagsRead> read_flags(const Texts& words, GoFlagsEnd end = GoFlagsEnd::at_first_word) {
    return read_go_flags(flags, words, end);
}

TEST(GoFlags, AllFourSpellingsOfAValueAreTheSame) {
    for (const Texts& words : {Texts{"-name", "v"}, Texts{"-name=v"}, Texts{"--name", "v"},
                               Texts{"--name=v"}, Texts{"-n", "v"}, Texts{"-n=v"}}) {
        EXPECT_EQ(read_flags(words)->text("name"), "v") << words.front();
    }
}

TEST(GoFlags, AValueMayBeEmptyOrLookLikeAFlagOrHoldAnEqualsSign) {
    EXPECT_EQ(read_flags({"-name="})->text("name"), "");
    EXPECT_EQ(read_flags({"-name", "-loud"})->text("name"), "-loud");
    EXPECT_FALSE(read_flags({"-name", "-loud"})->is_on("loud"));
    EXPECT_EQ(read_flags({"-name=a=b"})->text("name"), "a=b");
}

TEST(GoFlags, ABooleanTakesItsValueOnlyBehindAnEqualsSign) {
    // "-loud false" is the flag, and a word that ends the flags.
    const auto loud = read_flags({"-loud", "false"});
    EXPECT_TRUE(loud->is_on("loud"));
    EXPECT_THAT(loud->rest, ElementsAre("false"));
    EXPECT_FALSE(read_flags({"-loud=F"})->is_on("loud"));
    EXPECT_TRUE(read_flags({"--loud=1"})->is_on("loud"));
}

TEST(GoFlags, TheFirstWordEndsThemUnlessTheyMayStandAnywhere) {
    const auto stopped = read_flags({"word", "-loud"});
    EXPECT_FALSE(stopped->is_on("loud"));
    EXPECT_THAT(stopped->rest, ElementsAre("word", "-loud"));
    const auto anywhere = read_flags({"word", "-loud", "-", "--", "-n"}, GoFlagsEnd::nowhere);
    EXPECT_TRUE(anywhere->is_on("loud"));
    EXPECT_THAT(anywhere->rest, ElementsAre("word", "-", "-n"));
}

TEST(GoFlags, TheLastOfARepeatedFlagCountsAndAllAreKept) {
    const auto twice = read_flags({"-n", "a", "-name", "b"});
    EXPECT_EQ(twice->text("name"), "b");
    EXPECT_THAT(twice->all("name"), ElementsAre("a", "b"));
}

TEST(GoFlags, MistakesAreSaidInGosWords) {
    const std::vector<std::pair<Texts, std::string>> rows{
        {{"-what"}, "flag provided but not defined: -what"},
        {{"--what=1"}, "flag provided but not defined: -what"},
        {{"-name"}, "flag needs an argument: -name"},
        {{"-n"}, "flag needs an argument: -n"},
        {{"---name"}, "bad flag syntax: ---name"},
        {{"-=v"}, "bad flag syntax: -=v"},
        {{"-loud=maybe"}, "invalid boolean value \"maybe\" for -loud: parse error"},
        {{"-count=1.5"}, "invalid value \"1.5\" for flag -count: parse error"},
        {{"-count", ""}, "invalid value \"\" for flag -count: parse error"}};
    for (const auto& [words, message] : rows) {
        const auto result = read_flags(words);
        ASSERT_TRUE(result.has_error()) << words.front();
        EXPECT_EQ(result.error().message, message);
    }
}

TEST(GoFlags, HelpIsAskedForByAFlagNobodyDeclared) {
    EXPECT_TRUE(read_flags({"-h"})->wants_help);
    EXPECT_TRUE(read_flags({"--help"})->wants_help);
    const std::vector<GoFlag> with_h{{{"host", "h"}, GoFlagKind::text, "", ""}};
    EXPECT_EQ(read_go_flags(with_h, {"-h", "x"}, GoFlagsEnd::nowhere)->text("host"), "x");
}

TEST(GoFlags, IntegersAreThoseOfParseIntWithBaseZero) {
    EXPECT_EQ(go_integer("42"), 42);
    EXPECT_EQ(go_integer("+42"), 42);
    EXPECT_EQ(go_integer("-0x1F"), -31);
    EXPECT_EQ(go_integer("0b101"), 5);
    EXPECT_EQ(go_integer("0o17"), 15);
    EXPECT_EQ(go_integer("017"), 15);
    EXPECT_EQ(go_integer("1_000"), 1000);
    EXPECT_EQ(go_integer("0"), 0);
    EXPECT_EQ(go_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(go_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const auto* wrong :
         {"", "-", "0x", "1.5", "9223372036854775808", "08", "1__0", "1_", "12a", "--1", "-+1"}) {
        EXPECT_EQ(go_integer(wrong), std::nullopt) << wrong;
    }
}

TEST(GoFlags, UsageIsSortedAndIndentedAsPrintDefaultsDoes) {
    EXPECT_EQ(go_usage("prog", flags),
              "Usage of prog:\n"
              "  -count int\n    \thow many (default 1)\n"
              "  -loud\n    \tshout\n"
              "  -name string\n    \ta name (default \"x\")\n");
}

}  // namespace
}  // namespace etimedout
