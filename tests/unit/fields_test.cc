// Suggestions for mistyped words, and names of errno values.
#include "simulator/base/fields.hh"

#include <cerrno>

#include <gtest/gtest.h>

#include "simulator/base/error.hh"

namespace etimedout {
namespace {

const std::vector<std::string_view> words{"delay", "jitter", "distribution", "link", "in"};

TEST(Suggestions, FindTheNearestWord) {
    // One letter changed, left out, added; two neighbours swapped.
    EXPECT_EQ(did_you_mean("dalay", words), "delay");
    EXPECT_EQ(did_you_mean("dely", words), "delay");
    EXPECT_EQ(did_you_mean("jittter", words), "jitter");
    EXPECT_EQ(did_you_mean("ditsribution", words), "distribution");
    EXPECT_EQ(did_you_mean("lnik", words), "link");
}

TEST(Suggestions, AreNotMadeForWordsThatAreFarAway) {
    // A wrong suggestion is worse than none.
    EXPECT_EQ(did_you_mean("bandwidth", words), "");
    EXPECT_EQ(did_you_mean("xyz", words), "");
    EXPECT_EQ(did_you_mean("delay", {}), "");
    EXPECT_EQ(did_you_mean(std::string(100'000, 'd'), words), "");
}

TEST(Errno, HasNamesBothWays) {
    // ETIMEDOUT is what this is all about.
    EXPECT_EQ(errno_name(ETIMEDOUT), "ETIMEDOUT");
    EXPECT_EQ(errno_value("ECONNRESET"), ECONNRESET);
    EXPECT_EQ(errno_value("EHWPOISON"), EHWPOISON);
    EXPECT_EQ(errno_value("ENOTHING"), 0);
    EXPECT_EQ(errno_name(9999), "errno 9999");
}

}  // namespace
}  // namespace etimedout
