// Facts of order, each once held and once missed.
#include <gtest/gtest.h>

#include "harness/expect/event_match.hh"
#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

Scenario calls_around_a_reset() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {call_step("c1"), call_step("c2")};
    return scenario;
}

// c1 is answered at 2 s; the upstream resets a connection at 5 s; c2 runs from 6 s to 8 s.
EventLog log_around_a_reset(Duration end = 10s) {
    LogBuilder builder;
    builder.step(1, "c1", 1s, 2s).call("c1", 1s, 2s);
    builder.connection({.began = 1s,
                        .established = 1s,
                        .closed = 5s,
                        .closed_by = "server",
                        .closed_how = "rst",
                        .bytes = 10});
    builder.request({.sent = 1100ms, .answered = 1900ms, .call = "c1/1", .path = "/pay/7"});
    builder.step(2, "c2", 6s, 8s).call("c2", 6s, 8s);
    return builder.end(end);
}

EventMatch match(std::map<std::string, std::string> fields) { return {std::move(fields)}; }

Finding check_order(const Expectation& expectation, Duration end = 10s) {
    return check_one(calls_around_a_reset(), expectation, log_around_a_reset(end));
}

TEST(OrderFacts, AlwaysIsTrueOfAllEventsItMeansAndOfOneAtLeast) {
    // There is one response, with status 200, and none at a link that is not there.
    const auto always = [](std::map<std::string, std::string> fields) {
        return check_order({.settle = 1s, .always = match(std::move(fields))});
    };
    const Finding holds =
        always({{"event", "http"}, {"what", "response"}, {"link", "up"}, {"status", "200"}});
    EXPECT_EQ(holds.verdict, Verdict::pass);
    EXPECT_EQ(holds.observed, "1 of 1 are so");
    const Finding other =
        always({{"event", "http"}, {"what", "response"}, {"link", "up"}, {"status", "503"}});
    EXPECT_EQ(other.verdict, Verdict::fail);
    EXPECT_EQ(other.observed, "0 of 1 are so");
    EXPECT_EQ(other.evidence.size(), 1u);
    const Finding none =
        always({{"event", "http"}, {"what", "response"}, {"link", "down"}, {"status", "200"}});
    EXPECT_EQ(none.verdict, Verdict::fail);
    EXPECT_EQ(none.observed, "there was no such event at all");
}

TEST(OrderFacts, ASequenceHoldsInItsOrderOnly) {
    // First the request, then its answer, then the reset.
    const EventMatch request = match({{"event", "http"}, {"what", "request"}, {"link", "up"}});
    const EventMatch response = match({{"event", "http"}, {"status", "200"}});
    const EventMatch reset = match({{"event", "tcp"}, {"what", "rst"}, {"at", "up"}});
    EXPECT_EQ(check_order({.sequence = {request, response, reset}}).verdict, Verdict::pass);
    const Finding wrong = check_order({.sequence = {request, reset, response}});
    EXPECT_EQ(wrong.verdict, Verdict::fail);
    EXPECT_EQ(wrong.observed, "2 of 3: {event: http, status: 200} did not come after 5.000s");
    EXPECT_EQ(wrong.evidence.size(), 2u);
}

TEST(OrderFacts, NeverNeedsTheLogToGoOn) {
    // No FIN on `up`, but a reset; nothing at all at `front`.
    const EventMatch fin = match({{"event", "tcp"}, {"what", "fin"}});
    const EventMatch rst = match({{"event", "tcp"}, {"what", "rst"}});
    EXPECT_EQ(check_order({.at = "up", .never = fin}).verdict, Verdict::pass);
    EXPECT_EQ(check_order({.at = "up", .never = fin}, 8500ms).verdict, Verdict::error);
    EXPECT_EQ(check_order({.at = "up", .settle = 400ms, .never = fin}, 8500ms).verdict,
              Verdict::pass);
    const Finding reset = check_order({.at = "up", .never = rst});
    EXPECT_EQ(reset.verdict, Verdict::fail);
    EXPECT_EQ(reset.observed, "1 time, first at 5.000s");
    EXPECT_EQ(check_order({.at = "front", .never = rst}).verdict, Verdict::pass);
    EXPECT_EQ(check_order({.at = "up", .since = "c2", .never = rst}).verdict, Verdict::pass);
    EXPECT_EQ(check_order({.at = "up", .during = "c1", .never = rst}).verdict, Verdict::pass);
}

TEST(OrderFacts, EventuallyIsTimedFromTheStepItNames) {
    // The reset comes 3 s after c1 was done.
    const EventMatch rst = match({{"event", "tcp"}, {"what", "rst"}});
    const auto within = [&](Duration time, Duration end = 10s) {
        return check_order({.at = "up", .since = "c1", .eventually = rst, .within = time}, end);
    };
    EXPECT_EQ(within(3s).verdict, Verdict::pass);
    EXPECT_EQ(within(2s).missed_by, "late by 1.000s");
    const EventMatch fin = match({{"event", "tcp"}, {"what", "fin"}});
    EXPECT_EQ(check_order({.at = "up", .eventually = fin}).observed, "it never came");
    EXPECT_EQ(check_order({.at = "up", .since = "c1", .eventually = fin, .within = 60s}).cause,
              ErrorCause::unwatched);
}

TEST(OrderFacts, AlternativesHoldIfOneDoesAndAllOfIfEachDoes) {
    // c1 was answered 200; 504 is the other thing it may be.
    Expectation ok{.text = "status 200", .status = count(200)};
    Expectation timeout{.text = "status 504", .status = count(504)};
    Expectation quick{.text = "quick", .phases = {{"total", at_most<Duration>(2s)}}};
    EXPECT_EQ(check_order({.at = "c1", .any_of = {timeout, ok}}).verdict, Verdict::pass);
    const Finding none = check_order({.at = "c1", .any_of = {timeout, timeout}});
    EXPECT_EQ(none.verdict, Verdict::fail);
    EXPECT_EQ(none.evidence.front(), "status 504: status is 200");
    EXPECT_EQ(check_order({.at = "c1", .all_of = {ok, quick}}).verdict, Verdict::pass);
    const Finding one = check_order({.at = "c1", .all_of = {ok, timeout, quick}});
    EXPECT_EQ(one.verdict, Verdict::fail);
    EXPECT_EQ(one.observed, "2 hold");
}

TEST(OrderFacts, AMatchOfWhatDoesNotExistIsAnErrorWithASuggestion) {
    // Nothing can be concluded from an event that cannot happen.
    const Finding kind = check_order({.never = match({{"event", "htpp"}})});
    EXPECT_EQ(kind.verdict, Verdict::error);
    EXPECT_EQ(kind.advice, "did you mean `http`?");
    const Finding field = check_order({.never = match({{"event", "http"}, {"stauts", "200"}})});
    EXPECT_EQ(field.advice, "did you mean `status`?");
    EXPECT_EQ(check_order({.never = match({{"link", "up"}})}).verdict, Verdict::error);
}

TEST(EventMatches, FieldsCompareAsAScenarioWritesThem) {
    // A response after 1.5 s whose header says when to come back.
    CallEnd end;
    end.call = "c1";
    end.outcome = "response";
    end.status = 429;
    end.total = 1500ms;
    end.headers = {{"retry-after", "5"}};
    const Event event{2s, end};
    const auto is = [&](std::map<std::string, std::string> fields) {
        fields["event"] = "call_end";
        EXPECT_EQ(problem_with({fields}), std::nullopt);
        return matches({fields}, event);
    };
    EXPECT_TRUE(is({{"call", "c1"}, {"status", "429"}}));
    EXPECT_TRUE(is({{"at", "c1"}}));
    EXPECT_FALSE(is({{"at", "c2"}}));
    EXPECT_FALSE(is({{"status", "428"}}));
    EXPECT_TRUE(is({{"outcome", "resp*"}}));
    EXPECT_TRUE(is({{"outcome", "*s*se"}}));
    EXPECT_FALSE(is({{"outcome", "resp"}}));
    EXPECT_TRUE(is({{"total", "1.5s ±1ms"}}));
    EXPECT_FALSE(is({{"total", "1s ±1ms"}}));
    EXPECT_FALSE(is({{"connect", "1s"}}));
    EXPECT_TRUE(is({{"headers.retry-after", "5"}}));
    EXPECT_EQ(in_one_line(event),
              "2.000s call_end call=c1 index=1 outcome=response status=429 total=1.500s "
              "headers=(1 entries)");
}

TEST(EventMatches, WhatACaptureSawIsTakenFromTheNearEnd) {
    // Both ends see the same packet; it happened once.
    TcpEvent packet;
    packet.link = "up";
    packet.end = "far";
    packet.what = "rst";
    const Event event{1s, packet};
    EXPECT_FALSE(matches(match({{"event", "tcp"}, {"what", "rst"}}), event));
    EXPECT_TRUE(matches(match({{"event", "tcp"}, {"what", "rst"}, {"end", "far"}}), event));
}

}  // namespace
}  // namespace etimedout
