// Stages of datagrams on a clock of their own: which leave, when, in which order, and what a seed
// decides.
#include <bit>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/stream/datagram_chain.hh"

namespace etimedout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What left, and when it was due: "5ms ab".
class Course {
public:
    explicit Course(std::vector<DatagramPlan> plans, std::uint64_t seed = 1,
                    DatagramLimits limits = {})
        : chain_{seed, "p/1/up", limits} {
        set(std::move(plans), 0ms);
    }
    void set(const std::vector<DatagramPlan>& plans, Duration now) {
        std::vector<DatagramLink> links;
        for (const DatagramPlan& plan : plans) {
            links.push_back({"f" + std::to_string(plan.index()), plan, nullptr});
        }
        chain_.set(links, Moment{now});
    }
    bool put(Duration at, std::string bytes) { return chain_.take(std::move(bytes), Moment{at}); }
    std::vector<std::string> until(Duration now) {
        std::vector<std::string> left;
        while (const auto one = chain_.give(Moment{now})) {
            left.push_back(Scalar<Duration>::write(one->at.time_since_epoch()) + " " + one->bytes);
        }
        return left;
    }
    std::string bytes_until(Duration now) {
        std::string all;
        while (const auto one = chain_.give(Moment{now})) all += one->bytes;
        return all;
    }
    DatagramChain& chain() { return chain_; }

private:
    DatagramChain chain_;
};

// The fates of 1000 datagrams "0", "1", …, sent 1 ms apart, as they arrive.
std::vector<std::string> fates(const std::vector<DatagramPlan>& plans, std::uint64_t seed) {
    Course course{plans, seed};
    for (int i = 0; i < 1000; ++i) course.put(i * 1ms, std::to_string(i));
    return course.until(1h);
}

TEST(Datagrams, WithoutFaultsTheyPassAtOnceAndOnesOfNoLengthToo) {
    Course course{{}};
    course.put(3ms, "a");
    course.put(3ms, "");
    EXPECT_THAT(course.until(3ms), ElementsAre("3ms a", "3ms "));
    EXPECT_TRUE(course.chain().empty());
}

TEST(Datagrams, ADelayIsForEachByItself) {
    Course course{{DatagramDelay{.delay = 100ms}}};
    course.put(0ms, "a");
    course.put(30ms, "b");
    EXPECT_THAT(course.until(99ms), IsEmpty());
    EXPECT_EQ(course.chain().next(), Moment{100ms});
    EXPECT_EQ(course.chain().held(), 2u);
    // The machine may look late: what is due is not.
    EXPECT_THAT(course.until(1s), ElementsAre("100ms a", "130ms b"));
}

TEST(Datagrams, JitterIsWithinItsBoundsAndLetsThemOvertake) {
    // 1000 datagrams at once, 5 ms give or take 3: whole ms from 2 to 7, all of them.
    Course course{{DatagramDelay{.delay = 5ms, .jitter = 3ms}}};
    for (int i = 0; i < 1000; ++i) course.put(0ms, std::to_string(i));
    std::set<Duration> dues;
    int overtaken = 0;
    int last = -1;
    while (const auto one = course.chain().give(Moment{1s})) {
        dues.insert(one->at.time_since_epoch());
        if (std::stoi(one->bytes) < last) ++overtaken;
        last = std::max(last, std::stoi(one->bytes));
    }
    EXPECT_THAT(dues, ElementsAre(2ms, 3ms, 4ms, 5ms, 6ms, 7ms));
    EXPECT_GT(overtaken, 100);
}

TEST(Datagrams, ADelayThatChangesCountsFromWhenTheyCame) {
    Course course{{DatagramDelay{.delay = 5s}}};
    course.put(0ms, "a");
    course.put(100ms, "b");
    course.set({DatagramDelay{.delay = 1s}}, 200ms);
    EXPECT_THAT(course.until(2s), ElementsAre("1s a", "1100ms b"));
}

TEST(Datagrams, ARateSendsThemWholeOneAfterTheOther) {
    // 1000 bytes a second: 100 bytes take 100 ms, and one of no length takes none.
    Course course{{DatagramThrottle{.bytes_per_second = 1000}}};
    course.put(0ms, std::string(100, 'x'));
    course.put(0ms, "");
    course.put(0ms, std::string(50, 'y'));
    EXPECT_THAT(course.until(99ms), IsEmpty());
    EXPECT_THAT(course.until(1s), ElementsAre("100ms " + std::string(100, 'x'), "100ms ",
                                              "150ms " + std::string(50, 'y')));
}

TEST(Datagrams, RateZeroKeepsThemUntilTheFaultGoes) {
    Course course{{DatagramThrottle{}}};
    course.put(0ms, "a");
    course.put(1ms, "b");
    EXPECT_EQ(course.chain().next(), std::nullopt);
    EXPECT_THAT(course.until(1h), IsEmpty());
    EXPECT_EQ(course.chain().count(), 2u);
    course.set({}, 2h);
    EXPECT_EQ(course.bytes_until(2h), "ab");
}

TEST(Datagrams, AFaultThatGoesPassesOnWhatItKeptThroughThoseBehindIt) {
    Course course{{DatagramThrottle{}, DatagramDelay{.delay = 10ms}}};
    course.put(0ms, "a");
    course.set({DatagramDelay{.delay = 10ms}}, 50ms);
    EXPECT_THAT(course.until(1s), ElementsAre("60ms a"));
}

TEST(Datagrams, ALossIsALoss) {
    const auto left = fates({DatagramLoss{Probability{0.3}, {}}}, 1);
    EXPECT_GT(left.size(), 620u);
    EXPECT_LT(left.size(), 780u);
    EXPECT_THAT(fates({DatagramLoss{Probability{1}, {}}}, 1), IsEmpty());
    EXPECT_EQ(fates({DatagramLoss{Probability{0}, {}}}, 1).size(), 1000u);
}

TEST(Datagrams, LossesThatCorrelateComeInRuns) {
    // After a loss the next is certain to be one.
    Course course{{DatagramLoss{Probability{0.1}, Probability{0.9}}}};
    for (int i = 0; i < 1000; ++i) course.put(0ms, "x");
    const std::size_t left = course.until(0ms).size();
    EXPECT_LT(left, 100u);
    EXPECT_EQ(course.chain().take_counts().lost, 1000 - left);
}

TEST(Datagrams, ADuplicateComesBehindItsOriginalWithFatesOfItsOwn) {
    Course twice{{DatagramDuplicate{Probability{1}}}};
    twice.put(1ms, "a");
    twice.put(2ms, "b");
    EXPECT_THAT(twice.until(5ms), ElementsAre("1ms a", "1ms a", "2ms b", "2ms b"));
    EXPECT_EQ(twice.chain().take_counts().duplicated, 2u);
    // Of 1000 pairs, half of all datagrams are lost: some pairs lose one of the two.
    const auto left =
        fates({DatagramDuplicate{Probability{1}}, DatagramLoss{Probability{0.5}, {}}}, 1);
    const std::set<std::string> different{left.begin(), left.end()};
    EXPECT_GT(left.size(), 900u);
    EXPECT_GT(different.size(), 700u);
    EXPECT_LT(different.size(), left.size());
}

TEST(Datagrams, ReorderingLetsOthersOvertake) {
    // Each that is chosen comes behind the next two that are not; none is lost or doubled.
    Course course{{DatagramReorder{Probability{0.2}, 2, 10s}}};
    for (int i = 0; i < 1000; ++i) course.put(i * 1ms, std::to_string(i));
    std::vector<int> order;
    while (const auto one = course.chain().give(Moment{999ms}))
        order.push_back(std::stoi(one->bytes));
    const auto counts = course.chain().take_counts();
    EXPECT_GT(counts.reordered, 120u);
    EXPECT_LT(counts.reordered, 280u);
    std::size_t behind = 0;
    for (std::size_t i = 2; i < order.size(); ++i) {
        if (order[i] < order[i - 1]) ++behind;
    }
    EXPECT_GT(behind, 100u);
    EXPECT_GE(order.size(), 990u);
    EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), order.size());
}

TEST(Datagrams, WhatNobodyOvertakesLeavesInTheEnd) {
    Course course{{DatagramReorder{Probability{1}, 1, 100ms}}};
    course.put(0ms, "a");
    EXPECT_EQ(course.chain().next(), Moment{100ms});
    EXPECT_THAT(course.until(99ms), IsEmpty());
    EXPECT_EQ(course.chain().held(), 1u);
    EXPECT_THAT(course.until(100ms), ElementsAre("100ms a"));
    EXPECT_EQ(course.chain().take_counts().reordered, 0u);
}

TEST(Datagrams, DamageFlipsBitsAndKeepsTheLength) {
    Course course{{DatagramCorrupt{Probability{0.01}}}};
    const std::string zeros(60'000, '\0');
    course.put(0ms, zeros);
    const std::string got = course.bytes_until(0ms);
    ASSERT_EQ(got.size(), zeros.size());
    int damaged = 0;
    for (const char c : got) {
        if (c != '\0') ++damaged;
        EXPECT_LE(std::popcount(static_cast<unsigned char>(c)), 1);
    }
    EXPECT_GT(damaged, 450);
    EXPECT_LT(damaged, 750);
    EXPECT_EQ(course.chain().take_counts().corrupted, 1u);
}

TEST(Datagrams, ThrownAwayTheyEndTheConnectionWhenNoMoreCome) {
    Course course{{DatagramDiscard{.idle = 50ms}}};
    EXPECT_EQ(course.chain().ends(), Moment{50ms});
    course.put(20ms, "a");
    EXPECT_EQ(course.chain().ends(), Moment{70ms});
    EXPECT_THAT(course.until(1h), IsEmpty());
    Course forever{{DatagramDiscard{}}};
    forever.put(20ms, "a");
    EXPECT_EQ(forever.chain().ends(), std::nullopt);
}

TEST(Datagrams, WhatIsKeptIsLimitedInBytesAndInNumber) {
    Course by_number{{DatagramThrottle{}}, 1, {.bytes = 1000, .datagrams = 3}};
    for (const char* one : {"", "", ""}) EXPECT_TRUE(by_number.put(0ms, one));
    EXPECT_FALSE(by_number.put(0ms, ""));
    Course by_bytes{{DatagramThrottle{}}, 1, {.bytes = 1000, .datagrams = 100}};
    EXPECT_TRUE(by_bytes.put(0ms, std::string(999, 'x')));
    EXPECT_FALSE(by_bytes.put(0ms, "xx"));
    EXPECT_TRUE(by_bytes.put(0ms, "x"));
    EXPECT_EQ(by_bytes.chain().held(), 1000u);
}

TEST(Datagrams, ASeedDecidesTheSameForEachNumberWhateverElseIsThere) {
    const std::vector<DatagramPlan> all{
        DatagramLoss{Probability{0.2}, {}}, DatagramDuplicate{Probability{0.2}},
        DatagramReorder{Probability{0.2}, 3, 20ms}, DatagramDelay{.delay = 50ms, .jitter = 20ms}};
    EXPECT_EQ(fates(all, 7), fates(all, 7));
    EXPECT_NE(fates(all, 7), fates(all, 8));
    // The same are lost with a fault before it, and by another clock.
    const auto survivors = [](Course& course, Duration apart) {
        for (int i = 0; i < 1000; ++i) course.put(i * apart, std::to_string(i));
        std::set<std::string> left;
        while (const auto one = course.chain().give(Moment{1h})) left.insert(one->bytes);
        return left;
    };
    const DatagramPlan loss = DatagramLoss{Probability{0.2}, {}};
    Course alone{{loss}};
    Course behind{{DatagramDelay{.delay = 50ms, .jitter = 20ms}, loss}};
    EXPECT_EQ(survivors(alone, 1ms), survivors(behind, 7us));
}

TEST(Datagrams, AnOldFaultsChanceStaysWhenOthersComeAndGo) {
    const DatagramPlan loss = DatagramLoss{Probability{0.5}, {}};
    Course quiet{{loss}};
    Course busy{{loss}};
    std::string left_quiet;
    std::string left_busy;
    for (int i = 0; i < 200; ++i) {
        const std::string one(1, static_cast<char>('a' + i % 26));
        quiet.put(i * 1ms, one);
        busy.put(i * 1ms, one);
        left_quiet += quiet.bytes_until(i * 1ms);
        left_busy += busy.bytes_until(i * 1ms);
        if (i % 2 == 0) {
            busy.set({loss, DatagramThrottle{.bytes_per_second = 1'000'000'000}}, i * 1ms);
        } else {
            busy.set({loss}, i * 1ms);
        }
        left_busy += busy.bytes_until(i * 1ms);
    }
    busy.set({loss}, 1s);
    left_busy += busy.bytes_until(1s);
    EXPECT_EQ(left_quiet, left_busy);
}

}  // namespace
}  // namespace etimedout
