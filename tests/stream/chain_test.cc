// Chains: several faults on one direction, put in place and taken away while bytes are under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/stream/chain.hh"

namespace etimedout {
namespace {

using testing::ElementsAre;

std::vector<std::pair<Duration, std::string>> all_until(Chain& chain, Duration now) {
    std::vector<std::pair<Duration, std::string>> left;
    while (const auto item = chain.give(Moment{now})) {
        left.emplace_back(item->at.time_since_epoch(), item->bytes);
    }
    return left;
}

ChainLink delay(const std::string& id, Duration by) {
    return {id, FlowDelay{.delay = by}, nullptr};
}
ChainLink rate(const std::string& id, std::int64_t bytes_per_second) {
    return {id, FlowThrottle{.bytes_per_second = bytes_per_second}, nullptr};
}

TEST(Chain, WithoutFaultsBytesPassAtOnce) {
    Chain chain{1, "c"};
    chain.take(Item::data("a", Moment{3ms}));
    EXPECT_THAT(all_until(chain, 3ms), ElementsAre(std::pair{Duration{3ms}, std::string{"a"}}));
    EXPECT_TRUE(chain.empty());
}

TEST(Chain, DelaysAddUp) {
    Chain chain{1, "c"};
    chain.set({delay("x", 100ms), delay("y", 50ms)}, Moment{});
    chain.take(Item::data("a", Moment{}));
    EXPECT_EQ(chain.next(), Moment{100ms});
    EXPECT_TRUE(all_until(chain, 149ms).empty());
    EXPECT_THAT(all_until(chain, 1s), ElementsAre(std::pair{Duration{150ms}, std::string{"a"}}));
}

TEST(Chain, OrderDoesNotHideADelay) {
    // 5 bytes at 50 a second take 100 ms, and 400 ms come on top, whichever is first.
    for (const bool rate_first : {true, false}) {
        Chain chain{1, "c"};
        if (rate_first) {
            chain.set({rate("r", 50), delay("d", 400ms)}, Moment{});
        } else {
            chain.set({delay("d", 400ms), rate("r", 50)}, Moment{});
        }
        chain.take(Item::data("12345", Moment{}));
        // The machine may look late: what is due is computed from what was due before.
        EXPECT_THAT(all_until(chain, 3s),
                    ElementsAre(std::pair{Duration{500ms}, std::string{"12345"}}))
            << rate_first;
    }
}

TEST(Chain, AFaultThatGoesPassesOnWhatItKeptThroughThoseBehindIt) {
    Chain chain{1, "c"};
    chain.set({delay("x", 5s), delay("y", 100ms)}, Moment{});
    chain.take(Item::data("a", Moment{}));
    chain.set({delay("y", 100ms)}, Moment{1s});
    EXPECT_THAT(all_until(chain, 2s), ElementsAre(std::pair{Duration{1100ms}, std::string{"a"}}));
}

TEST(Chain, AFaultInFrontDoesNotDisturbThoseThatStay) {
    Chain chain{1, "c"};
    chain.set({delay("y", 100ms)}, Moment{});
    chain.take(Item::data("a", Moment{}));
    chain.set({delay("y", 100ms), delay("z", 1s)}, Moment{10ms});
    chain.take(Item::data("b", Moment{10ms}));
    EXPECT_THAT(all_until(chain, 5s), ElementsAre(std::pair{Duration{1100ms}, std::string{"a"}},
                                                  std::pair{Duration{1110ms}, std::string{"b"}}));
}

TEST(Chain, NotOneByteIsLostOrReorderedWhileFaultsComeAndGo) {
    // 20,000 bytes; after each, some fault is put in place, changed or taken away.
    Rng chance{7, "changes"};
    Chain chain{1, "c"};
    std::vector<ChainLink> links;
    std::string sent;
    std::string got;
    int made = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Moment now{std::chrono::microseconds{i * 100}};
        const std::string byte(1, static_cast<char>('a' + i % 26));
        sent += byte;
        chain.take(Item::data(byte, now));
        switch (chance.below(8)) {
            case 0:
                ++made;
                links.push_back(delay("d" + std::to_string(made), 1ms * (1 + made % 5)));
                break;
            case 1:
                links.push_back({"s" + std::to_string(++made),
                                 FlowSlice{.average = 1, .variation = 0, .pause = 10us}, nullptr});
                break;
            case 2:
                links.push_back(rate("r" + std::to_string(++made), 1'000'000));
                break;
            case 3:
                links.push_back({"h" + std::to_string(++made), FlowStall{0}, nullptr});
                break;
            default:
                if (!links.empty()) {
                    links.erase(links.begin() +
                                static_cast<std::ptrdiff_t>(chance.below(links.size())));
                }
                break;
        }
        chain.set(links, now);
        while (const auto item = chain.give(now)) got += item->bytes;
    }
    chain.set({}, Moment{10s});
    while (const auto item = chain.give(Moment{10s})) got += item->bytes;
    EXPECT_EQ(got.size(), sent.size());
    EXPECT_TRUE(got == sent);
    EXPECT_EQ(chain.held(), 0u);
}

TEST(Chain, ChanceIsOfTheSeedAndTheFaultAlone) {
    const auto due_with = [](std::uint64_t seed, const std::vector<ChainLink>& links) {
        Chain chain{seed, "c"};
        chain.set(links, Moment{});
        chain.take(Item::data("a", Moment{}));
        Moment last{};
        while (const auto next = chain.next()) {
            last = *next;
            if (chain.give(last)) break;
        }
        return last;
    };
    const ChainLink jittery{"j", FlowDelay{.delay = 1s, .jitter = 900ms}, nullptr};
    const ChainLink other{"o", FlowCorrupt{Probability{0.5}}, nullptr};
    EXPECT_EQ(due_with(1, {jittery}), due_with(1, {jittery}));
    EXPECT_EQ(due_with(1, {jittery}), due_with(1, {other, jittery}));
    EXPECT_NE(due_with(1, {jittery}), due_with(2, {jittery}));
}

TEST(Chain, SaysOnceWhichFaultsHaveChangedSomething) {
    // Five bytes pass; the sixth is where the cut begins to act. A delay of nothing never does.
    const Moment now{};
    Chain chain{1, "c"};
    chain.set({{"late", FlowDelay{}, nullptr}, {"cut", FlowCut{.after = 5}, nullptr}}, now);
    const auto push = [&](std::string bytes) {
        chain.take(Item::data(std::move(bytes), now));
        while (chain.give(now)) {
        }
        return chain.newly_acted();
    };
    EXPECT_TRUE(push("abc").empty());
    EXPECT_EQ(push("defg"), std::vector<std::string>{"cut"});
    EXPECT_TRUE(push("h").empty());
}

}  // namespace
}  // namespace etimedout
