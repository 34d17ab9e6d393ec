// Merging plans, calibrating chances and computing tables: pure.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "simulator/base/rng.hh"
#include "simulator/net/distribution.hh"
#include "simulator/net/netem.hh"

namespace etimedout::testing {
namespace {

PacketPlan merged(std::initializer_list<PacketPlan> plans) {
    const std::vector<PacketPlan> all{plans};
    return merge_plans(PacketPlan{}, all);
}

TEST(PacketPlan, DelaysAdd) {
    // One hop after the other.
    const PacketPlan base{.delay = 100us};
    const std::vector<PacketPlan> plans{{.delay = 20ms}, {.delay = 5ms}};
    EXPECT_EQ(merge_plans(base, plans).delay, 25100us);
}

TEST(PacketPlan, JittersAddAsSquares) {
    // Independent spreads: 3 and 4 make 5.
    const PacketPlan plan = merged({{.jitter = 3ms, .distribution = Distribution::pareto},
                                    {.jitter = 4ms, .distribution = Distribution::pareto}});
    EXPECT_EQ(plan.jitter, 5ms);
    EXPECT_EQ(plan.distribution, Distribution::pareto);
}

TEST(PacketPlan, DifferentJittersBecomeNormal) {
    // Sums of unlike things tend to the normal distribution.
    EXPECT_EQ(merged({{.jitter = 3ms, .distribution = Distribution::pareto},
                      {.jitter = 4ms, .distribution = Distribution::uniform}})
                  .distribution,
              Distribution::normal);
    // One without jitter has no say.
    EXPECT_EQ(merged({{.jitter = 3ms, .distribution = Distribution::pareto}, {.delay = 4ms}})
                  .distribution,
              Distribution::pareto);
}

TEST(PacketPlan, LossesAreIndependentChances) {
    // Half of what the other half leaves.
    EXPECT_DOUBLE_EQ(merged({{.loss = {0.5}}, {.loss = {0.5}}}).loss.value, 0.75);
}

TEST(PacketPlan, TheLowestRateAndTheShortestQueueWin) {
    // The narrowest place decides.
    const PacketPlan plan = merged({{.rate = Rate{1'000'000}, .queue = 100}, {.rate = Rate{500}}});
    EXPECT_EQ(plan.rate, Rate{500});
    EXPECT_EQ(plan.queue, 100);
}

TEST(PacketPlan, ARateOfZeroIsNone) {
    // A link without a rate of its own has that of the fault.
    EXPECT_EQ(merge_plans({.rate = Rate{0}}, std::vector<PacketPlan>{{.rate = Rate{500}}}).rate,
              Rate{500});
    EXPECT_EQ(merge_plans({.rate = Rate{0}}, {}).rate, std::nullopt);
}

TEST(PacketPlan, CorrelatedLossBecomesATwoStateModel) {
    // Steady share p/(p+r) is the loss asked for; P(lost|lost) - P(lost|kept) the correlation.
    const PacketPlan plan = merged({{.loss = {0.1}, .loss_correlation = {0.25}}});
    ASSERT_TRUE(plan.bursts);
    const double enter = plan.bursts->to_bad.value;
    const double leave = plan.bursts->to_good.value;
    EXPECT_DOUBLE_EQ(enter / (enter + leave), 0.1);
    EXPECT_DOUBLE_EQ((1 - leave) - enter, 0.25);
    EXPECT_EQ(plan.loss.value, 0);
}

TEST(PacketPlan, LossBesideBurstsIsMixedIntoBothStates) {
    // A packet that the burst spares may still be lost by chance.
    const PacketPlan plan =
        merged({{.bursts = GilbertElliott{{0.01}, {0.2}, {0.9}, {0.0}}}, {.loss = {0.1}}});
    ASSERT_TRUE(plan.bursts);
    EXPECT_DOUBLE_EQ(plan.bursts->loss_in_bad.value, 0.91);
    EXPECT_DOUBLE_EQ(plan.bursts->loss_in_good.value, 0.1);
}

TEST(PacketPlan, TwoLossesWithMemoryAreAnError) {
    // netem has one chain of states.
    const PacketPlan bursts{.bursts = GilbertElliott{{0.01}, {0.2}, {1.0}, {0.0}}};
    const PacketPlan correlated{.loss = {0.1}, .loss_correlation = {0.25}};
    EXPECT_THROW(merged({bursts, bursts}), Error);
    EXPECT_THROW(merged({bursts, correlated}), Error);
}

TEST(CalibratedChance, IsMetByNetemsCorrelatedNumbers) {
    // netem's recurrence x' = (1 - c) u + c x stays below the threshold for the share asked for.
    for (const double correlation : {0.0, 0.25, 0.5, 0.9}) {
        for (const double share : {0.01, 0.1, 0.5, 0.9}) {
            const double threshold = calibrated_chance({share}, {correlation}) / 4294967295.0;
            Rng chance{7, "calibration"};
            double x = 0.5;
            int met = 0;
            constexpr int rounds = 400'000;
            for (int i = 0; i < rounds; ++i) {
                x = (1 - correlation) * chance.next_double() + correlation * x;
                met += x <= threshold ? 1 : 0;
            }
            const double error =
                4 * std::sqrt(share / rounds * (1 + correlation) / (1 - correlation)) + 0.001;
            EXPECT_NEAR(static_cast<double>(met) / rounds, share, error)
                << "correlation " << correlation;
        }
    }
}

TEST(CalibratedChance, HasItsEnds) {
    // Never and always do not depend on correlation.
    EXPECT_EQ(calibrated_chance({0.0}, {0.5}), 0U);
    EXPECT_EQ(calibrated_chance({1.0}, {0.5}), 0xffffffffU);
}

struct Moments {
    double mean = 0;
    double spread = 0;
};
Moments moments_of(const std::vector<std::int16_t>& table) {
    const auto count = static_cast<double>(table.size());
    Moments moments;
    for (const auto value : table) moments.mean += value / 8192.0 / count;
    for (const auto value : table) {
        moments.spread += std::pow(value / 8192.0 - moments.mean, 2) / count;
    }
    moments.spread = std::sqrt(moments.spread);
    return moments;
}

TEST(DistributionTable, HasMeanZeroAndSpreadOne) {
    // So that the mean delay is `delay` and its standard deviation `jitter`.
    for (const Distribution distribution :
         {Distribution::normal, Distribution::pareto, Distribution::paretonormal}) {
        const auto& table = distribution_table(distribution);
        ASSERT_EQ(table.size(), 4096U);
        EXPECT_TRUE(std::ranges::is_sorted(table));
        EXPECT_NEAR(moments_of(table).mean, 0, 0.001) << word_of(distribution);
        EXPECT_NEAR(moments_of(table).spread, 1, 0.002) << word_of(distribution);
    }
}

TEST(DistributionTable, HasItsShape) {
    // A normal's quartile is at 0.6745; a Pareto of shape 3 is skewed, and its start is steep.
    const auto at = [](Distribution distribution, double share) {
        const auto& table = distribution_table(distribution);
        return table[static_cast<std::size_t>(share * 4096)] / 8192.0;
    };
    EXPECT_NEAR(at(Distribution::normal, 0.75), 0.6745, 0.003);
    EXPECT_NEAR(at(Distribution::normal, 0.975), 1.96, 0.01);
    EXPECT_NEAR(at(Distribution::uniform, 0.75), 0.5, 0.001);
    EXPECT_LT(at(Distribution::pareto, 0.5), -0.2);
    EXPECT_GT(at(Distribution::pareto, 0.0), -0.9);
    EXPECT_LT(at(Distribution::paretonormal, 0.5), -0.1);
}

}  // namespace
}  // namespace etimedout::testing
