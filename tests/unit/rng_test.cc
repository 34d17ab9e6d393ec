// Rng: the same numbers everywhere, other numbers for another seed or name.
#include "simulator/base/rng.hh"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace etimedout {
namespace {

TEST(Rng, GivesTheSameNumbersForOneSeedAndName) {
    // Pinned: another number here would change every seeded run there ever was.
    Rng rng{7, "api/loss"};
    Rng again{7, "api/loss"};
    for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.next(), again.next());
    EXPECT_EQ(Rng(1, "a").next(), Rng(1, "a").next());
}

TEST(Rng, GivesOtherNumbersForAnotherSeedOrName) {
    // A fault added to a scenario must not disturb what the others decide.
    std::set<std::uint64_t> firsts;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        firsts.insert(Rng{seed, "a"}.next());
        firsts.insert(Rng{seed, "b"}.next());
    }
    EXPECT_EQ(firsts.size(), 200U);
}

TEST(Rng, IsUniformEnough) {
    // 80,000 draws into 8 boxes: 10,000 each, and five standard deviations are 468.
    Rng rng{42, "boxes"};
    std::array<int, 8> boxes{};
    for (int i = 0; i < 80'000; ++i) ++boxes.at(rng.below(8));
    for (const int count : boxes) EXPECT_NEAR(count, 10'000, 468);
    for (int i = 0; i < 10'000; ++i) {
        const double value = rng.next_double();
        EXPECT_GE(value, 0.0);
        EXPECT_LT(value, 1.0);
    }
    EXPECT_EQ(rng.below(0), 0U);
    EXPECT_EQ(rng.below(1), 0U);
}

}  // namespace
}  // namespace etimedout
