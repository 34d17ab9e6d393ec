// What netem really does, measured over at least ten thousand packets in virtual time.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "simulator/net/distribution.hh"
#include "simulator/net/shaper.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

class NetemTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (!in_virtual_time()) GTEST_SKIP() << "delays are measured in virtual time only";
        nodes_ = std::make_unique<TwoNodes>();
        ASSERT_EQ(link().shortfall(), "");
    }
    Link& link() { return *nodes_->link; }
    void arm(const std::string& id, const Fault& fault, const Selectors& selectors = {}) {
        link().arm({.id = id, .fault = fault, .selectors = selectors});
    }
    std::vector<Arrival> fire(const Volley& volley = {}) { return testing::fire(*nodes_, volley); }

    std::unique_ptr<TwoNodes> nodes_;
};

std::vector<double> delays_in_ms(const std::vector<Arrival>& arrivals) {
    std::vector<double> delays;
    for (const auto& a : arrivals) {
        delays.push_back(static_cast<double>((a.received - a.sent).count()) / 1e6);
    }
    return delays;
}

double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double spread_of(const std::vector<double>& values) {
    const double mean = mean_of(values);
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return std::sqrt(squares / static_cast<double>(values.size()));
}

// The largest distance between the sample's distribution and another (Kolmogorov, Smirnov):
// 1.95 / sqrt(n) is passed by one honest sample in a thousand.
double distance(std::vector<double> sample, const std::function<double(double)>& cdf) {
    std::ranges::sort(sample);
    double largest = 0;
    const auto count = static_cast<double>(sample.size());
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double expected = cdf(sample[i]);
        largest = std::max({largest, std::abs(expected - static_cast<double>(i) / count),
                            std::abs(expected - static_cast<double>(i + 1) / count)});
    }
    return largest;
}

constexpr double honest_distance = 0.0195;

// Which of the packets arrived.
std::vector<bool> kept(const std::vector<Arrival>& arrivals, std::uint32_t count) {
    std::vector<bool> result(count);
    for (const auto& a : arrivals) {
        if (a.number < count) result[a.number] = true;
    }
    return result;
}

struct Losses {
    double share = 0;
    double after_loss = 0;  // P(lost | the one before was lost)
};
Losses losses_of(const std::vector<bool>& kept) {
    double lost = 0;
    double pairs = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i]) continue;
        ++lost;
        if (i > 0 && !kept[i - 1]) ++pairs;
    }
    return {lost / static_cast<double>(kept.size()), pairs / lost};
}

TEST_F(NetemTest, DelayIsExact) {
    // 20 ms each way, up and down; the link itself adds nothing here.
    arm("slow", Latency{.delay = 20ms});
    for (const Direction direction : {Direction::up, Direction::down}) {
        const auto delays = delays_in_ms(fire({.count = 1000, .direction = direction}));
        ASSERT_EQ(delays.size(), 1000U);
        EXPECT_NEAR(mean_of(delays), 20, 0.01);
        EXPECT_LT(spread_of(delays), 0.01);
    }
}

TEST_F(NetemTest, DirectionUpLeavesDownAlone) {
    // Only requests are late.
    arm("slow", Latency{.delay = 20ms}, {.direction = Direction::up});
    EXPECT_NEAR(mean_of(delays_in_ms(fire({.count = 100}))), 20, 0.01);
    EXPECT_LT(mean_of(delays_in_ms(fire({.count = 100, .direction = Direction::down}))), 0.05);
}

TEST_F(NetemTest, ALinkHasItsLatencyAndRate) {
    // The default is 100 us and 1 Gbit/s: 142 bytes with headers take 1.1 us more.
    const TwoNodes usual{LinkSpec{.from = "caller", .to = "callee"}};
    const auto delays = delays_in_ms(testing::fire(usual, {.count = 1000}));
    EXPECT_NEAR(mean_of(delays), 0.1011, 0.005);
}

TEST_F(NetemTest, UniformJitterIsUniform) {
    // 20 ms give or take 5 ms: from 15 to 25, standard deviation 5 / sqrt(3).
    arm("jitter", Latency{.delay = 20ms, .jitter = 5ms});
    const auto delays = delays_in_ms(fire());
    ASSERT_EQ(delays.size(), 10'000U);
    EXPECT_NEAR(mean_of(delays), 20, 0.1);
    EXPECT_NEAR(spread_of(delays), 5 / std::sqrt(3.0), 0.06);
    EXPECT_GE(*std::ranges::min_element(delays), 14.99);
    EXPECT_LE(*std::ranges::max_element(delays), 25.05);
    EXPECT_LT(distance(delays, [](double x) { return std::clamp((x - 15) / 10, 0.0, 1.0); }),
              honest_distance);
}

TEST_F(NetemTest, NormalJitterIsNormal) {
    // Mean 50 ms, standard deviation 5 ms.
    arm("jitter", Latency{.delay = 50ms, .jitter = 5ms, .distribution = Distribution::normal});
    const auto delays = delays_in_ms(fire());
    EXPECT_NEAR(mean_of(delays), 50, 0.2);
    EXPECT_NEAR(spread_of(delays), 5, 0.15);
    EXPECT_LT(
        distance(delays, [](double x) { return 0.5 * std::erfc((50 - x) / 5 / std::sqrt(2.0)); }),
        honest_distance);
}

TEST_F(NetemTest, ParetoJittersFollowTheirTables) {
    // Mean and standard deviation as asked for, the shape as computed.
    for (const Distribution distribution : {Distribution::pareto, Distribution::paretonormal}) {
        arm("jitter", Latency{.delay = 50ms, .jitter = 5ms, .distribution = distribution});
        const auto delays = delays_in_ms(fire());
        link().heal("jitter");
        EXPECT_NEAR(mean_of(delays), 50, 0.2) << word_of(distribution);
        EXPECT_NEAR(spread_of(delays), 5, 0.25) << word_of(distribution);
        const auto& table = distribution_table(distribution);
        const auto cdf = [&](double x) {
            const double value = (x - 50) / 5 * 8192;
            const auto below = std::ranges::upper_bound(table, value) - table.begin();
            return static_cast<double>(below) / static_cast<double>(table.size());
        };
        EXPECT_LT(distance(delays, cdf), honest_distance) << word_of(distribution);
    }
}

TEST_F(NetemTest, AJitterAfterATableIsUniformAgain) {
    // A distribution table of an earlier fault does not stay.
    arm("normal", Latency{.delay = 50ms, .jitter = 5ms, .distribution = Distribution::normal});
    link().heal("normal");
    arm("uniform", Latency{.delay = 50ms, .jitter = 5ms});
    const auto delays = delays_in_ms(fire());
    EXPECT_NEAR(spread_of(delays), 5 / std::sqrt(3.0), 0.06);
    EXPECT_LE(*std::ranges::max_element(delays), 55.05);
}

TEST_F(NetemTest, JitterOnALinkWithARateKeepsOrder) {
    // A queue does not let packets overtake, however late the one before is.
    TwoNodes usual{LinkSpec{.from = "caller", .to = "callee"}};
    usual.link->arm({.id = "jitter", .fault = Latency{.delay = 20ms, .jitter = 10ms}});
    const auto arrivals = testing::fire(usual, {.count = 2000});
    ASSERT_EQ(arrivals.size(), 2000U);
    EXPECT_TRUE(std::ranges::is_sorted(arrivals, {}, &Arrival::number));
}

TEST_F(NetemTest, LossIsIndependent) {
    // 10 % of packets, whatever befell the one before.
    arm("loss", Loss{.share = {0.1}}, {.direction = Direction::up});
    const auto arrivals = fire();
    const Losses losses = losses_of(kept(arrivals, 10'000));
    EXPECT_NEAR(losses.share, 0.1, 0.012);
    EXPECT_NEAR(losses.after_loss, 0.1, 0.04);
    const Witness witness = link().witness("loss");
    EXPECT_EQ(witness.matched, 10'000);
    EXPECT_EQ(witness.fired, 10'000 - static_cast<std::int64_t>(arrivals.size()));
}

TEST_F(NetemTest, CorrelatedLossKeepsItsShare) {
    // 10 %, and half of the way from there to certainty after a loss: 55 %.
    arm("loss", Loss{.share = {0.1}, .correlation = {0.5}}, {.direction = Direction::up});
    const Losses losses = losses_of(kept(fire({.count = 20'000}), 20'000));
    EXPECT_NEAR(losses.share, 0.1, 0.015);
    EXPECT_NEAR(losses.after_loss, 0.55, 0.05);
}

TEST_F(NetemTest, BurstsBeginAndEndAsAsked) {
    // Entered with 1 % and left with 20 %: 4.76 % of packets lost, five in a row on average.
    arm("bursts", BurstLoss{.enter = {0.01}, .leave = {0.2}}, {.direction = Direction::up});
    const Losses losses = losses_of(kept(fire({.count = 40'000}), 40'000));
    EXPECT_NEAR(losses.share, 0.0476, 0.011);
    EXPECT_NEAR(losses.after_loss, 0.8, 0.04);
}

TEST_F(NetemTest, DuplicatesArriveTwice) {
    // 5 % more packets than were sent, each a copy.
    arm("twice", Duplicate{.share = {0.05}});
    const auto arrivals = fire();
    EXPECT_NEAR(static_cast<double>(arrivals.size()), 10'500, 90);
    std::set<std::uint32_t> numbers;
    for (const auto& a : arrivals) numbers.insert(a.number);
    EXPECT_EQ(numbers.size(), 10'000U);
}

TEST_F(NetemTest, DamageIsOneBitInAShareOfPackets) {
    // 5 %, of which 97 % hit the payload of a large packet, the rest its headers.
    arm("damage", Corrupt{.share = {0.05}}, {.direction = Direction::up});
    const auto arrivals = fire({.size = 1400});
    const auto damaged = std::ranges::count_if(arrivals, &Arrival::damaged);
    EXPECT_NEAR(static_cast<double>(damaged), 485, 90);
    EXPECT_EQ(link().witness("damage").matched, 10'000);
}

TEST_F(NetemTest, AShareOvertakesTheRest) {
    // Ten milliseconds for most, and none for every tenth.
    arm("reorder", Reorder{.share = {0.1}, .delay = 10ms}, {.direction = Direction::up});
    const auto delays = delays_in_ms(fire());
    const auto early = std::ranges::count_if(delays, [](double d) { return d < 1; });
    EXPECT_NEAR(static_cast<double>(early), 1000, 120);
    EXPECT_EQ(std::ranges::count_if(delays, [](double d) { return d > 9.99 && d < 10.05; }),
              10'000 - early);
    EXPECT_EQ(link().witness("reorder").fired, early);
}

TEST_F(NetemTest, ACorrelatedShareIsStillTheShare) {
    // netem's own thresholds would let far fewer than a tenth overtake.
    arm("reorder", Reorder{.share = {0.1}, .delay = 10ms, .correlation = {0.5}});
    const auto delays = delays_in_ms(fire());
    const auto early = std::ranges::count_if(delays, [](double d) { return d < 1; });
    EXPECT_NEAR(static_cast<double>(early), 1000, 200);
}

TEST_F(NetemTest, RateSpacesPackets) {
    // 1000 bytes with headers take 1 ms at 8 Mbit/s, 10,000 of them ten seconds.
    arm("rate", RateLimit{.rate = Rate{8'000'000}, .queue = 20'000});
    const auto arrivals = fire({.gap = Duration::zero(), .size = 1000 - 42});
    ASSERT_EQ(arrivals.size(), 10'000U);
    const Duration taken = arrivals.back().received - arrivals.front().received;
    EXPECT_NEAR(static_cast<double>(taken.count()) / 1e9, 9.999, 0.001);
}

TEST_F(NetemTest, AQueueDropsItsTail) {
    // A hundred wait, the rest of a thousand sent at once is dropped.
    arm("rate", RateLimit{.rate = Rate{8'000'000}, .queue = 100}, {.direction = Direction::up});
    const auto arrivals = fire({.count = 1000, .gap = Duration::zero(), .size = 958});
    EXPECT_NEAR(static_cast<double>(arrivals.size()), 100, 3);
}

TEST_F(NetemTest, WithoutAQueueNothingIsDropped) {
    // Ten thousand packets in flight, ten times netem's own limit.
    arm("slow", Latency{.delay = 1s});
    EXPECT_EQ(fire({.gap = 10us}).size(), 10'000U);
}

TEST_F(NetemTest, LongDelaysAreExact) {
    // Five minutes do not fit the 32 bits of microseconds that older interfaces have.
    arm("slow", Latency{.delay = 300s});
    const auto delays = delays_in_ms(fire({.count = 3, .grace = 400s}));
    ASSERT_EQ(delays.size(), 3U);
    EXPECT_NEAR(mean_of(delays), 300'000, 0.1);
}

TEST_F(NetemTest, TooMuchJitterIsAnErrorThatSaysHowMuch) {
    // netem keeps it in 31 bits of nanoseconds.
    EXPECT_THROW(arm("jitter", Latency{.delay = 10s, .jitter = 3s}), Error);
    EXPECT_EQ(fire({.count = 10}).size(), 10U);
    EXPECT_THROW(link().witness("jitter"), Error);
}

TEST_F(NetemTest, ArmingAndHealingLoseNothingOnItsWay) {
    // Packets wait a second in the link while faults come and go around them.
    arm("slow", Latency{.delay = 1s});
    std::thread busy{[&] {
        for (int i = 0; i < 20; ++i) {
            std::this_thread::sleep_for(100ms);
            arm("more", Latency{.delay = 10ms});
            arm("ping", Latency{.delay = 1ms}, {.port = Port{4711}});
            std::this_thread::sleep_for(50ms);
            link().heal("more");
            link().heal("ping");
        }
    }};
    const auto arrivals = fire({.count = 3000});
    busy.join();
    EXPECT_EQ(arrivals.size(), 3000U);
    EXPECT_EQ(link().witness("slow").matched, 3000);
}

TEST_F(NetemTest, FaultsAddUp) {
    // 20 ms and 30 ms are 50 ms; healing one leaves the other.
    arm("one", Latency{.delay = 20ms});
    arm("other", Latency{.delay = 30ms});
    EXPECT_NEAR(mean_of(delays_in_ms(fire({.count = 100}))), 50, 0.02);
    link().heal("one");
    EXPECT_NEAR(mean_of(delays_in_ms(fire({.count = 100}))), 30, 0.02);
    EXPECT_EQ(link().witness("one").matched, 100);
    EXPECT_EQ(link().witness("other").matched, 200);
}

TEST_F(NetemTest, TheSeedDecidesWhichPacketsAreLost) {
    // Same seed, same losses; another seed, others; armed again, others still.
    const auto pattern = [](std::uint64_t seed, int healed_before) {
        TwoNodes nodes{TwoNodes::bare(), {}, seed};
        for (int i = 0; i < healed_before; ++i) {
            nodes.link->arm({.id = "loss", .fault = Loss{.share = {0.5}}});
            nodes.link->heal("loss");
        }
        nodes.link->arm({.id = "loss", .fault = Loss{.share = {0.5}}});
        return kept(testing::fire(nodes, {.count = 200}), 200);
    };
    EXPECT_EQ(pattern(1, 0), pattern(1, 0));
    EXPECT_NE(pattern(1, 0), pattern(2, 0));
    EXPECT_NE(pattern(1, 0), pattern(1, 1));
}

}  // namespace
}  // namespace etimedout::testing
