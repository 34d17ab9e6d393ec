// Which rules are for a connection: counts, sources, windows and chance.
#include <gtest/gtest.h>

#include "simulator/proxy/rule_book.hh"

namespace etimedout {
namespace {

ProxyRule rule(const std::string& id) {
    ProxyRule made;
    made.id = id;
    made.plan = FlowPlan{FlowDelay{.delay = 1s}};
    return made;
}

std::size_t links(const RuleBook& book, std::int64_t number, Moment now = Moment{},
                  const char* client = "127.0.0.1") {
    return book
        .links_for<FlowPlan, FlowPass>(Way::down, {number, IpAddress::parse(client).value()}, 1,
                                       "p", now)
        .size();
}

TEST(RuleBook, FirstCountsFromWhenTheRuleWasSet) {
    // Five connections came before; the first two after them are meant.
    ProxyRule first = rule("f");
    first.selectors.first = 2;
    const RuleBook book{{first}, RuleBook{}, Moment{}, 5};
    EXPECT_EQ(links(book, 5), 0u);
    EXPECT_EQ(links(book, 6), 1u);
    EXPECT_EQ(links(book, 7), 1u);
    EXPECT_EQ(links(book, 8), 0u);
    // And goes on counting when another rule is added.
    const RuleBook later{{first, rule("other")}, book, Moment{1s}, 100};
    EXPECT_EQ(links(later, 7, Moment{1s}), 2u);
    EXPECT_EQ(links(later, 101, Moment{1s}), 1u);
}

TEST(RuleBook, NthIsThatOneAlone) {
    ProxyRule third = rule("n");
    third.selectors.nth = 3;
    const RuleBook book{{third}, RuleBook{}, Moment{}, 0};
    EXPECT_EQ(links(book, 2), 0u);
    EXPECT_EQ(links(book, 3), 1u);
    EXPECT_EQ(links(book, 4), 0u);
}

TEST(RuleBook, SourceIsARangeOfClients) {
    ProxyRule from = rule("s");
    from.selectors.source = SourceRanges::parse("10.1.0.0/16").value();
    const RuleBook book{{from}, RuleBook{}, Moment{}, 0};
    EXPECT_EQ(links(book, 1, Moment{}, "10.1.2.3"), 1u);
    EXPECT_EQ(links(book, 1, Moment{}, "10.2.2.3"), 0u);
}

TEST(RuleBook, AWindowOpensAndShuts) {
    ProxyRule window = rule("w");
    window.selectors.begins = 1s;
    window.selectors.lasts = 2s;
    const RuleBook book{{window}, RuleBook{}, Moment{10s}, 0};
    EXPECT_EQ(book.next_change(Moment{10s}), Moment{11s});
    EXPECT_EQ(links(book, 1, Moment{10999ms}), 0u);
    EXPECT_EQ(links(book, 1, Moment{11s}), 1u);
    EXPECT_EQ(book.next_change(Moment{11s}), Moment{13s});
    EXPECT_EQ(links(book, 1, Moment{13s}), 0u);
    EXPECT_EQ(book.next_change(Moment{13s}), std::nullopt);
}

TEST(RuleBook, ToxicityIsAShareOfConnectionsWithOneDrawEach) {
    // 30 % of 10,000 is 3,000, give or take five standard deviations of 46; whoever meets the rule
    // at 30 % meets it at 60 % as well.
    ProxyRule some = rule("t");
    some.toxicity = 0.3;
    const RuleBook book{{some}, RuleBook{}, Moment{}, 0};
    some.toxicity = 0.6;
    const RuleBook more{{some}, book, Moment{}, 0};
    int met = 0;
    for (int number = 1; number <= 10'000; ++number) {
        const std::size_t now = links(book, number);
        if (now == 1) {
            ++met;
            EXPECT_EQ(links(more, number), 1u);
        }
        ASSERT_EQ(links(book, number), now);
    }
    EXPECT_NEAR(met, 3000, 230);
}

TEST(RuleBook, ARuleOfNothingKeepsTheBytesInTheKernel) {
    ProxyRule nothing = rule("noop");
    nothing.plan = FlowPlan{FlowPass{}};
    EXPECT_EQ(links(RuleBook{{nothing}, RuleBook{}, Moment{}, 0}, 1), 0u);
}

TEST(RuleBook, RulesOfOneGroupChooseTheSameConnections) {
    // As a fault that acts in both directions does: half of 100 connections, and both or none.
    ProxyRule up = rule("f/up");
    ProxyRule down = rule("f/down");
    for (ProxyRule* one : {&up, &down}) {
        one->toxicity = 0.5;
        one->group = "f";
    }
    const RuleBook book{{up, down}, RuleBook{}, Moment{}, 0};
    std::size_t chosen = 0;
    for (std::int64_t number = 1; number <= 100; ++number) {
        const std::size_t rules = links(book, number);
        EXPECT_TRUE(rules == 0 || rules == 2) << number;
        chosen += rules / 2;
    }
    EXPECT_GT(chosen, 25U);
    EXPECT_LT(chosen, 75U);
}

}  // namespace
}  // namespace etimedout
