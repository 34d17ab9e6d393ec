// Models of what a caller does in trouble, over logs written by hand: each holds once, and is
// missed for the reason that it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect/model_story.hh"

namespace etimedout {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// ------------------------------------------------------------------ retries

// Attempts of one call with these gaps; each takes 10 ms and fails.
Story attempts_with_gaps(const std::vector<Duration>& gaps,
                         std::map<std::string, std::string> answer = {}) {
    Story story;
    Duration t = 1s;
    story.run(1, 1s, 60s, response(503));
    story.ask({.at = t, .status = 503, .response_headers = answer});
    for (const Duration gap : gaps) {
        t += 10ms + gap;
        story.ask({.at = t, .status = 503, .response_headers = answer});
    }
    return story;
}

Finding jittered(Jitter kind, const std::vector<Duration>& gaps, std::optional<Duration> cap = 2s) {
    RetriesBound bound;
    bound.of = CountedUnit::requests;
    bound.jitter = kind;
    bound.base = 100ms;
    bound.cap = cap;
    return judge_at("up", {.of = "c", .retries = bound}, attempts_with_gaps(gaps));
}

TEST(RetryModel, EachKindOfJitterHasItsRange) {
    // Ceilings are 100 ms, 200 ms, 400 ms, up to 2 s; a window adds 50 ms at least.
    expect_pass(jittered(Jitter::none, {100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms}));
    expect_pass(jittered(Jitter::full, {20ms, 190ms, 100ms}));
    expect_pass(jittered(Jitter::equal, {60ms, 190ms, 210ms}));
    expect_pass(jittered(Jitter::decorrelated, {150ms, 400ms, 120ms, 300ms}));
    expect_pass(jittered(Jitter::proportional, {90ms, 230ms, 350ms}));

    expect_miss(jittered(Jitter::none, {100ms, 100ms, 400ms}), "gap 2 early by 95.00ms");
    expect_miss(jittered(Jitter::full, {20ms, 300ms, 10ms}), "gap 2 late by 50.00ms");
    expect_miss(jittered(Jitter::equal, {60ms, 20ms, 300ms}), "gap 2 early by 75.00ms");
    expect_miss(jittered(Jitter::decorrelated, {150ms, 900ms, 120ms}), "gap 2 late by 400.0ms");
    expect_miss(jittered(Jitter::proportional, {90ms, 230ms, 600ms}), "gap 3 late by 70.00ms");
    expect_miss(jittered(Jitter::full, {}), "no gap ever came");
}

TEST(RetryModel, JitterIsNoFixedSeries) {
    // In range, and yet without chance: the same pause each time, or one that merely doubles.
    expect_miss(jittered(Jitter::full, {100ms, 100ms, 100ms}), "all gaps are the same: no jitter");
    expect_miss(jittered(Jitter::full, {50ms, 100ms, 200ms}), "each gap is 50 % of its range");
    expect_miss(jittered(Jitter::decorrelated, {300ms, 900ms, 2700ms}, 60s),
                "each gap is 100 % of its range");
    // Of a single pause nothing can be said.
    const Finding one = jittered(Jitter::full, {70ms});
    EXPECT_EQ(one.verdict, Verdict::error);
    EXPECT_EQ(one.cause, ErrorCause::unseen);
}

TEST(RetryModel, RetryAfterIsTheLeastGap) {
    // The answers ask for 2 s; one client waits for them, one does not.
    RetriesBound bound;
    bound.of = CountedUnit::requests;
    bound.retry_after = true;
    const auto judged = [&](const std::vector<Duration>& gaps, const std::string& header,
                            const std::string& value) {
        return judge_at("up", {.of = "c", .retries = bound},
                        attempts_with_gaps(gaps, {{header, value}}));
    };
    expect_pass(judged({2s, 3s}, "retry-after", "2"));
    expect_pass(judged({2s}, "retry-after-ms", "2000"));
    expect_miss(judged({2s, 100ms}, "retry-after", "2"),
                "gap 2 early by 1.895s: the answer before it asked for 2.000s");
    // A date is of the world's wall clock, which began at midnight: 00:00:31 is 29.99 s away.
    expect_pass(judged({30s}, "retry-after", "Thu, 01 Jan 2026 00:00:31 GMT"));
    expect_miss(judged({20s}, "retry-after", "Thu, 01 Jan 2026 00:00:31 GMT"), "gap 1 early");
    expect_miss(judged({2s}, "x-other", "2"), "no answer before a retry had a Retry-After");
}

TEST(RetryModel, RepetitionsAreSeriesOfTheirOwn) {
    // Two calls at once, each with one retry after 1 s: told apart by the trace header.
    Story story;
    story.run(1, 1s, 2s, response(200)).run(2, 1100ms, 2s, response(200));
    for (const Duration t : {1000ms, 2010ms}) story.ask({.at = t, .status = 503, .call = "c/1"});
    for (const Duration t : {1100ms, 2110ms}) story.ask({.at = t, .status = 503, .call = "c/2"});
    const RetriesBound bound{
        .of = CountedUnit::requests, .count = count(1), .gaps = {around("1s ±5ms")}};
    expect_pass(judge_at("up", {.of = "c", .retries = bound}, story));
}

TEST(RetryModel, SameHeadersAndKeys) {
    // The second attempt has another key, and so another fingerprint.
    const auto judged = [](std::vector<std::string> same, const std::string& key) {
        Story story;
        story.run(1, 1s, 9s, response(200));
        story.ask({.at = 1s,
                   .status = 503,
                   .request_headers = {{"idempotency-key", "k1"}},
                   .fingerprint = "f-k1"});
        story.ask({.at = 2s,
                   .request_headers =
                       key.empty() ? std::map<std::string, std::string>{}
                                   : std::map<std::string, std::string>{{"idempotency-key", key}},
                   .fingerprint = "f-" + key});
        return judge_at(
            "up",
            {.of = "c",
             .retries = RetriesBound{.of = CountedUnit::requests, .same = std::move(same)}},
            story);
    };
    expect_pass(judged({"method", "path", "headers", "idempotency_key", "size"}, "k1"));
    expect_pass(judged({"method", "path", "size"}, "k2"));
    expect_miss(judged({"headers"}, "k2"), "not the same: headers f-k1; headers f-k2");
    expect_miss(judged({"idempotency_key"}, "k2"), "Idempotency-Key k1; Idempotency-Key k2");
    expect_miss(judged({"idempotency_key"}, ""), "no Idempotency-Key");
}

// ------------------------------------------------------------------ breaker

// One call a second. The upstream fails from the third on; after `failures` of them calls are
// refused with 503 in 1 ms for 5 s, then there is a trial; what is asked after it is answered.
Story broken_circuit(int failures, bool has_breaker = true, std::int64_t refusal = 503) {
    Story story;
    std::int64_t index = 1;
    Duration t = 1s;
    const auto passed = [&](std::int64_t status) {
        story.run(index, t, 20ms, response(status));
        story.ask({.at = t + 1ms, .status = status, .call = "c/" + std::to_string(index)});
        ++index;
        t += 1s;
    };
    passed(200);
    passed(200);
    for (int i = 0; i < failures; ++i) passed(500);
    for (int i = 0; i < 4; ++i) {
        if (!has_breaker) {
            passed(500);
            continue;
        }
        story.run(index++, t, 1ms, response(refusal));
        t += 1s;
    }
    passed(200);
    passed(200);
    return story;
}

Finding breaker(const BreakerBound& bound, const Story& story) {
    return judge_at("up", {.of = "c", .breaker = bound}, story);
}

TEST(BreakerModel, OpensRefusesAndTriesAgain) {
    // Three failures; the last of them ends at 5.011 s, the trial is at 10.001 s.
    const BreakerBound bound{.opens_after = count(3),
                             .while_open = WhileOpenBound{.forwarded = count(0),
                                                          .status = count(503),
                                                          .total = at_most<Duration>(5ms)},
                             .half_open_after = around("5s ±50ms"),
                             .trials = count(1)};
    expect_pass(breaker(bound, broken_circuit(3)));
    expect_miss(breaker(bound, broken_circuit(3, false)),
                "it never opened: all 11 calls were passed on, with up to 7 failures in a row");
    expect_miss(breaker(bound, broken_circuit(5)), "opens_after 2 too many");
    expect_miss(breaker(bound, broken_circuit(3, true, 504)), "status 504");
}

TEST(BreakerModel, EachPartIsMissedByItself) {
    const Story story = broken_circuit(3);
    expect_miss(breaker({.while_open = WhileOpenBound{.total = at_most<Duration>(500us)}}, story),
                "total late by 500.0us");
    expect_miss(breaker({.half_open_after = around("8s ±1s")}, story), "half_open_after early");
    expect_miss(breaker({.while_open = WhileOpenBound{.forwarded = count(0)},
                         .half_open_after = around("6s ±1s")},
                        broken_circuit(3).ask({.at = 7s, .call = "c/3"})),
                "half_open_after early by");
    expect_miss(breaker({.trials = count(3)}, story), "trials 2 too few");
}

TEST(BreakerModel, ATrialThatFailsOpensItAgain) {
    // The trial at 10.001 s fails; the next call is refused, and the next trial is 5 s later.
    Story story;
    std::int64_t index = 1;
    const auto passed = [&](Duration t, std::int64_t status) {
        story.run(index, t, 20ms, response(status));
        story.ask({.at = t + 1ms, .status = status, .call = "c/" + std::to_string(index)});
        ++index;
    };
    const auto refused = [&](Duration t) { story.run(index++, t, 1ms, response(503)); };
    for (const Duration t : {1s, 2s, 3s}) passed(t, 500);
    for (const Duration t : {4s, 5s}) refused(t);
    passed(8s, 500);
    for (const Duration t : {9s, 10s}) refused(t);
    passed(13s, 200);
    const Finding finding = breaker(
        {.opens_after = count(3), .half_open_after = around("5s ±50ms"), .trials = count(1)},
        story);
    expect_pass(finding);
    EXPECT_THAT(finding.evidence.front(), HasSubstr("open from 3.011s after 3 failures in a row"));
}

TEST(BreakerModel, CallsAreRefusedWhileATrialRuns) {
    // Requests hang for 900 ms; calls come every 250 ms. Three more are on their way when the fifth
    // failure opens it at 2.9 s; one trial fails at 8.9 s, and the next succeeds.
    Story story;
    std::int64_t index = 1;
    for (int i = 0; i < 60; ++i) {
        const Duration t = 1s + i * 250ms;
        const bool passes = i < 8 || i == 28 || i >= 52;
        const bool good = i >= 52;
        story.run(index, t, passes && !good ? 900ms : 1ms, response(good ? 200 : 503));
        if (passes) {
            story.ask({.at = t,
                       .took = good ? 1ms : 900ms,
                       .status = good ? 200 : 0,
                       .call = "c/" + std::to_string(index)});
        }
        ++index;
    }
    expect_pass(breaker({.opens_after = count(5),
                         .while_open = WhileOpenBound{.forwarded = count(0),
                                                      .status = count(503),
                                                      .total = at_most<Duration>(5ms)},
                         .half_open_after = around("5s -10ms/+260ms"),
                         .trials = count(1)},
                        story));
}

// ------------------------------------------------------------------ budget

// The call's own link ends after `front`, the one behind the gateway is given up after `up`.
Story nested(Duration up, Duration front, std::int64_t front_status = 504) {
    Story story;
    story.run(1, 1s, front,
              front_status == 0 ? CallEnd{.outcome = "read_timeout"} : response(front_status));
    story.ask({.link = "front", .at = 1s, .took = front, .status = front_status, .call = "c/1"});
    story.ask({.at = 1s, .took = up, .status = 0, .call = "c/1"});
    return story;
}

Finding budget(const Story& story, std::optional<Duration> margin = std::nullopt) {
    Scenario scenario = calls({"c"});
    std::get<CallStep>(scenario.steps.back().what).timeout = 3s;
    Story copy = story;
    Expectation expectation;
    expectation.at = "c";
    expectation.budget = BudgetBound{{"up", "front"}, margin};
    return check_one(scenario, expectation, copy.log.end(100s));
}

TEST(BudgetModel, InnerLinksAreGivenUpFirst) {
    // 1 s behind the gateway, 1.002 s before it, and 3 s for the client.
    const Finding held = budget(nested(1s, 1002ms), 1500ms);
    expect_pass(held);
    EXPECT_THAT(held.observed, HasSubstr("`up` given up after 1.000s, `front` answered after"));
    expect_miss(budget(nested(1s, 1002ms), 2s), "2.000ms too little is left");
    expect_miss(budget(nested(9s, 3s, 0)), "`up` worked on for nobody for 6.000s after `front`");
    expect_miss(budget(nested(1s, 3s, 0)), "`front` was given up too");
    Story well;
    well.run(1, 1s, 20ms, response(200));
    well.ask({.link = "front", .at = 1s, .took = 20ms, .call = "c/1"});
    expect_miss(budget(well), "nothing came to `up`");
    well.ask({.at = 1s, .call = "c/1"});
    expect_miss(budget(well), "nobody had to give up: `up` was answered");
}

TEST(BudgetModel, AMarginNeedsATimeout) {
    Expectation expectation;
    expectation.at = "c";
    expectation.budget = BudgetBound{{"up", "front"}, 1s};
    const Finding finding = check_one(calls({"c"}), expectation, nested(1s, 2s).log.end(100s));
    EXPECT_EQ(finding.cause, ErrorCause::reference);
}

// ------------------------------------------------------------------ bulkhead, degraded, pool

// One call a second for 10 s; `trouble` lasts from 3.5 s to 7.5 s, in which calls take `took`.
Story while_trouble(Duration took, const CallEnd& then, const CallEnd& otherwise = response(200)) {
    Story story;
    for (std::int64_t i = 1; i <= 10; ++i) {
        const bool in_trouble = i >= 4 && i <= 7;
        story.run(i, std::chrono::seconds{i}, in_trouble ? took : 10ms,
                  in_trouble ? then : otherwise);
    }
    story.log.put(3500ms, FaultArmed{"trouble", "silent", "up"});
    story.log.put(7500ms, FaultHealed{"trouble"});
    return story;
}

TEST(BulkheadModel, WhatAFaultElsewhereMustNotHarm) {
    const BulkheadBound bound{.while_fault = "trouble",
                              .success = exactly(1.0),
                              .longest = at_most<Duration>(50ms),
                              .slower_by = at_most<Duration>(5ms)};
    const auto judged = [&](const Story& story) {
        return judge_at("c", {.bulkhead = bound}, story);
    };
    expect_pass(judged(while_trouble(12ms, response(200))));
    expect_miss(judged(while_trouble(12ms, response(503))), "success 1 too low");
    expect_miss(judged(while_trouble(60ms, response(200))), "longest late by 10.00ms");
    expect_miss(judged(while_trouble(40ms, response(200))), "slower_by late by 25.00ms");
    // Without the fault nothing is shown, and nothing proved.
    Story calm;
    calm.run(1, 1s, 10ms, response(200));
    EXPECT_EQ(judged(calm).cause, ErrorCause::reference);
}

TEST(BulkheadModel, AtALinkItIsTheAttempts) {
    // One request in the trouble is not answered.
    Story story = while_trouble(10ms, response(200));
    story.ask({.at = 1s}).ask({.at = 4s}).ask({.at = 5s, .took = 30ms, .status = 0});
    const Finding finding = judge_at(
        "up", {.bulkhead = BulkheadBound{.while_fault = "trouble", .success = exactly(1.0)}},
        story);
    expect_miss(finding, "success 0.5 too low");
    EXPECT_THAT(finding.evidence, ::testing::Contains(HasSubstr("given up at 5.030s")));
}

TEST(DegradedModel, AFallbackWhileWhatIsNeededFails) {
    const DegradedBound bound{.while_fault = "trouble",
                              .status = count(200),
                              .body = TextBound{.contains = "cached"},
                              .within = at_most<Duration>(300ms)};
    const auto judged = [&](const Story& story) {
        return judge_at("c", {.degraded = bound}, story);
    };
    const CallEnd fresh = response(200, "fresh");
    expect_pass(judged(while_trouble(100ms, response(200, "cached"), fresh)));
    expect_miss(judged(while_trouble(100ms, response(504, "cached"), fresh)), "status 504");
    expect_miss(judged(while_trouble(100ms, response(200, "empty"), fresh)), "body \"empty\"");
    expect_miss(judged(while_trouble(400ms, response(200, "cached"), fresh)),
                "within late by 100.0ms");
    expect_miss(judged(while_trouble(100ms, response(200, "cached"), response(200, "cached"))),
                "the fallback, although `trouble` was not there");
    expect_miss(judged(while_trouble(100ms, CallEnd{.outcome = "reset"}, fresh)),
                "no response: reset");
}

TEST(PoolModel, SizeReuseAndIdleTime) {
    // Two connections at a time of three; the last request goes over the third again.
    LogBuilder log;
    log.connection(
        {.number = 1, .began = 1s, .established = 1s, .closed = 4s, .bytes = 10, .last_byte = 2s});
    log.connection(
        {.number = 2, .began = 2s, .established = 2s, .closed = 5s, .bytes = 10, .last_byte = 3s});
    log.connection({.number = 3, .began = 4s, .established = 4500ms, .bytes = 10, .last_byte = 6s});
    log.request({.connection = 1, .sent = 1s, .answered = 2s});
    log.request({.connection = 2, .sent = 2s, .answered = 3s});
    log.request({.connection = 3, .sent = 4600ms, .answered = 5s});
    log.request({.connection = 3, .number = 2, .sent = 5500ms, .answered = 6s});
    const EventLog events = log.end(100s);
    const auto judged = [&](const PoolBound& bound) {
        Expectation expectation;
        expectation.at = "up";
        expectation.pool = bound;
        return check_one(calls({"c"}), expectation, events);
    };
    expect_pass(judged({.size = count(2), .reuse = exactly(0.25), .idle = around("2s ±1ms")}));
    expect_miss(judged({.size = at_most<std::int64_t>(1)}), "size 1 too many");
    expect_miss(judged({.reuse = at_least(0.9)}), "reuse 0.65 too low");
    expect_miss(judged({.idle = around("60s")}), "idle early by");
}

}  // namespace
}  // namespace etimedout
