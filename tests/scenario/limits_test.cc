// Texts made to hurt: large, deep, and growing when they are read.
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

using testing::HasSubstr;

constexpr std::string_view head = "scenario: 1\nname: a\n";

TEST(Limits, AHundredMegabytesAreRefusedUnread) {
    // 100 MB of anything; only its size is looked at.
    const std::string text(100'000'000, 'x');
    EXPECT_THAT(first_error(text),
                HasSubstr("the file has 100000000 bytes, and a scenario at most"));
}

TEST(Limits, AliasesOfAliasesOfAliasesAreRefusedBeforeTheyGrow) {
    // Ten levels of ten aliases each: ten thousand million values in half a kilobyte.
    std::string text{head};
    text += "vars:\n  a0: &a0 x\n";
    for (int level = 1; level <= 10; ++level) {
        text += "  a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
        for (int i = 0; i < 10; ++i) text += (i > 0 ? ", *a" : "*a") + std::to_string(level - 1);
        text += "]\n";
    }
    EXPECT_THAT(first_error(text), HasSubstr("expand to more than 100000 values"));
}

TEST(Limits, VariablesOfVariablesAreRefusedWhenTheyGrowTooLong) {
    // Forty doublings of one character: a million million characters.
    std::string text{head};
    text += "vars:\n  v0: x\n";
    for (int i = 1; i <= 40; ++i) {
        const std::string before = "${v" + std::to_string(i - 1) + "}";
        text += "  v" + std::to_string(i) + ": \"" + before + before + "\"\n";
    }
    EXPECT_TRUE(has_error(text, "variables expand to too much text"));
}

TEST(Limits, DepthIsBounded) {
    // 65 lists within lists, and then a thousand.
    for (const std::size_t depth : {std::size_t{65}, std::size_t{1000}, std::size_t{100'000}}) {
        const std::string text = std::string{head} + "tags: " + std::string(depth, '[');
        EXPECT_NE(first_error(text), "") << depth;
    }
    const std::string closed =
        std::string{head} + "tags: " + std::string(70, '[') + std::string(70, ']') + "\n";
    EXPECT_THAT(first_error(closed), HasSubstr("nested more than 64 deep"));
}

TEST(Limits, ManyValuesAreRefused) {
    // 120,000 items in one list, less than a megabyte.
    std::string text{head};
    text += "tags: [";
    for (int i = 0; i < 120'000; ++i) text += "a, ";
    text += "a]\n";
    EXPECT_THAT(first_error(text), HasSubstr("more than 100000 values in one file"));
}

TEST(Limits, ManyLinksAreRefused) {
    // A link's number is one octet of its addresses.
    std::string text{head};
    text += "nodes: {client: {}, server: {stub: http}}\nlinks:\n";
    for (int i = 0; i < 251; ++i) text += "  l" + std::to_string(i) + ": client -> server:80\n";
    text += "steps: [wait: 1s]\n";
    EXPECT_THAT(first_error(text), HasSubstr("more than 250 links"));
}

TEST(Limits, AMillionBytesOnOneLineAreReadInTime) {
    // Columns are counted only where a mistake is shown, or this would be quadratic.
    std::string text{head};
    text += "about: [" + std::string(500'000, ' ');
    for (int i = 0; i < 90'000; ++i) text += "ab, ";
    text += "a]\n";
    const auto errors = errors_of(text);
    ASSERT_FALSE(errors.empty());
    EXPECT_LT(errors.front().render().size(), 1000U);
}

TEST(Limits, APlaceFarBehindOnALongLineIsShownWithWhatIsAroundIt) {
    // The mistake stands behind 600,000 columns of text.
    std::string text{head};
    text += "nodes: {client: {env: {A: \"" + std::string(600'000, 'x') + "\"}, rnu: here}}\n";
    const auto errors = errors_of(text);
    bool found = false;
    for (const ScenarioError& error : errors) {
        if (error.message.find("rnu") == std::string::npos) continue;
        found = true;
        EXPECT_THAT(error.render(), HasSubstr("rnu: here"));
        EXPECT_LT(error.render().size(), 1000U);
    }
    EXPECT_TRUE(found);
}

TEST(Limits, LongValuesAreShortenedInMessages) {
    // A unit of a hundred thousand characters.
    const std::string text =
        std::string{head} + "limit: {real: 5" + std::string(100'000, 'y') + "}\n";
    for (const ScenarioError& error : errors_of(text)) EXPECT_LT(error.message.size(), 500U);
}

TEST(Limits, ChainsOfVariablesAreBounded) {
    // Five thousand variables, each made of the one before.
    std::string text{head};
    text += "vars:\n";
    for (int i = 5000; i > 0; --i) {
        text += "  v" + std::to_string(i) + ": \"${v" + std::to_string(i - 1) + "}\"\n";
    }
    text += "  v0: x\n";
    EXPECT_TRUE(has_error(text, "variables within variables, more than 200 deep"));
}

}  // namespace
}  // namespace etimedout
