// Models over logs written by hand: each holds once, and is missed for the reason that it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;
using ::testing::HasSubstr;

Scenario calls(std::initializer_list<std::string> ids) {
    Scenario scenario = gateway_scenario();
    scenario.steps = {fault_step("trouble")};
    for (const std::string& id : ids) scenario.steps.push_back(call_step(id));
    return scenario;
}

CallEnd response(std::int64_t status, const std::string& body = {}) {
    CallEnd end;
    end.outcome = "response";
    end.status = status;
    end.body = body;
    return end;
}

// One repetition of the call `c`, which takes `took`.
void repetition(LogBuilder& log, std::int64_t index, Duration from, Duration took, CallEnd end,
                const std::string& call = "c") {
    CallBegin begin;
    begin.call = call;
    begin.index = index;
    begin.link = "front";
    log.put(from, begin);
    end.call = call;
    end.index = index;
    end.total = took;
    log.put(from + took, end);
}

// A connection of its own with one request, closed by its client where it is not answered.
struct Ask {
    std::string link = "up";
    Duration at{};
    Duration took = 10ms;
    std::int64_t status = 200;  // 0: not answered, and given up after `took`
    std::string call{};
    std::string path = "/";
    std::map<std::string, std::string> request_headers{};
    std::map<std::string, std::string> response_headers{};
    std::string fingerprint{};
    bool client_closes = true;
};

class Story {
public:
    LogBuilder log{};

    Story& ask(const Ask& one) {
        const std::int64_t number = ++numbers_[one.link];
        const bool answered = one.status != 0;
        HttpMessage message;
        message.link = one.link;
        message.end = "near";
        message.connection = number;
        message.number = 1;
        message.what = "request";
        message.method = "GET";
        message.path = one.path;
        message.call = one.call;
        message.ended = one.at;
        message.complete = true;
        message.headers = one.request_headers;
        message.fingerprint = one.fingerprint;
        log.put(one.at, message);
        if (answered) {
            message.what = "response";
            message.status = one.status;
            message.ended = one.at + one.took;
            message.headers = one.response_headers;
            log.put(one.at + one.took, message);
        }
        ConnectionStory connection;
        connection.link = one.link;
        connection.number = number;
        connection.began = one.at;
        connection.established = one.at;
        if (one.client_closes) connection.closed = one.at + one.took;
        connection.bytes = 100;
        connection.last_byte = answered ? one.at + one.took : one.at;
        connection.client = "10.0.1.1:" + std::to_string(40000 + number);
        log.connection(connection);
        return *this;
    }
    Story& run(std::int64_t index, Duration from, Duration took, const CallEnd& end) {
        repetition(log, index, from, took, end);
        return *this;
    }

private:
    std::map<std::string, std::int64_t> numbers_{};
};

Finding judge_at(const std::string& at, Expectation expectation, Story story, Duration end = 100s) {
    expectation.at = at;
    return check_one(calls({"c"}), std::move(expectation), story.log.end(end));
}

void expect_miss(const Finding& finding, const std::string& why) {
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.observed;
    EXPECT_THAT(finding.observed + " | " + finding.missed_by, HasSubstr(why));
}

void expect_pass(const Finding& finding) {
    EXPECT_EQ(finding.verdict, Verdict::pass)
        << finding.observed << " | " << finding.missed_by << " | " << finding.advice;
}

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

// ------------------------------------------------------------------ hedge, rate_limit

TEST(HedgeModel, ASecondRequestWhileTheFirstHasNoAnswer) {
    // Sent again after 50 ms; the second is answered, and the first closed 1 ms later.
    const auto story = [](Duration second, Duration loser) {
        Story made;
        made.run(1, 1s, 200ms, response(200));
        made.ask({.at = 1s, .took = loser, .status = 0, .call = "c/1"});
        made.ask({.at = 1s + second, .took = 20ms, .call = "c/1"});
        return made;
    };
    const HedgeBound bound{.after = around("50ms ±5ms"), .count = count(1), .cancels_loser = true};
    const auto judged = [&](const Story& made) {
        return judge_at("up", {.of = "c", .hedge = bound}, made);
    };
    expect_pass(judged(story(50ms, 71ms)));
    expect_miss(judged(story(70ms, 91ms)), "after late by 15.00ms");
    expect_miss(judged(story(50ms, 900ms)), "cancels_loser false");
    Story alone;
    alone.run(1, 1s, 200ms, response(200)).ask({.at = 1s, .took = 150ms, .call = "c/1"});
    expect_miss(judged(alone), "none in 1 call");
    // One that is sent after the first was given up is a retry, and no hedge.
    expect_miss(judged(story(100ms, 80ms)), "none in 2 calls");
    Story twice = story(50ms, 71ms);
    twice.ask({.at = 1060ms, .took = 5ms, .status = 0, .call = "c/1"});
    expect_miss(judged(twice), "count 1 too many");
}

// A request every 100 ms, of which those in `refused` get 429.
Story limited(const std::vector<int>& refused, const std::string& retry_after = "1") {
    Story story;
    for (int i = 0; i < 20; ++i) {
        const bool no = std::find(refused.begin(), refused.end(), i) != refused.end();
        const Duration t = 1s + i * 100ms;
        story.run(i + 1, t, 5ms, response(no ? 429 : 200));
        std::map<std::string, std::string> headers;
        if (no && !retry_after.empty()) headers["retry-after"] = retry_after;
        story.ask({.at = t, .took = 5ms, .status = no ? 429 : 200, .response_headers = headers});
    }
    return story;
}

Finding limit(const RateLimitBound& bound, const Story& story) {
    return judge_at("up", {.rate_limit = bound}, story);
}

TEST(RateLimitModel, NoMoreInAnyWindow) {
    // Five a second let through: the first five of each ten.
    const std::vector<int> refused{5, 6, 7, 8, 9, 15, 16, 17, 18, 19};
    const RateLimitBound five{.requests = 5, .per = 1s};
    expect_pass(limit(five, limited(refused)));
    expect_miss(limit({.requests = 4, .per = 1s}, limited(refused)), "requests 1 too many");
    expect_miss(limit(five, limited({})), "none of 20 was refused");
}

TEST(RateLimitModel, ATokenBucket) {
    // A bucket of 5 that gets 5 a second: at ten a second it is empty after the ninth, and from
    // then on each other request is refused.
    const std::vector<int> refused{9, 11, 13, 15, 17, 19};
    const RateLimitBound bucket{.requests = 5, .per = 1s, .burst = 5};
    expect_pass(limit(bucket, limited(refused)));
    expect_miss(limit(bucket, limited({9, 11, 15, 17, 19})), "let through at 2.300s");
    expect_miss(limit(bucket, limited({3, 10, 12, 14, 16, 18})), "refused at 1.300s with 3.5");
}

TEST(RateLimitModel, RetryAfterOfTheRefused) {
    const RateLimitBound bound{.requests = 19, .per = 10s, .retry_after = exactly<Duration>(1s)};
    expect_pass(limit(bound, limited({4})));
    expect_miss(limit(bound, limited({4}, "60")), "retry_after late by 59.00s");
    expect_miss(limit(bound, limited({4}, "")), "no Retry-After");
}

// ------------------------------------------------------------------ health_check

// A check every 2 s and a request every second but while `out`; checks fail from the fourth to the
// seventh.
Story checked(Duration out_from, Duration out_to, bool checks_fail = true,
              bool others_fail = false) {
    Story story;
    for (int i = 1; i <= 12; ++i) {
        const bool bad = checks_fail && i >= 4 && i <= 7;
        story.ask({.at = 2s * i, .status = bad ? 503 : 200, .path = "/health?x=1"});
    }
    for (int i = 1; i <= 24; ++i) {
        const Duration t = 500ms + 1s * i;
        if (t > out_from && t < out_to) continue;
        const bool bad = others_fail && i >= 7 && i <= 14;
        story.ask({.at = t, .status = bad ? 500 : 200, .path = "/pay"});
    }
    return story;
}

Finding health(HealthCheckBound bound, const Story& story) {
    if (!bound.path) bound.path = "/health";
    return judge_at("up", {.health_check = bound}, story);
}

TEST(HealthCheckModel, TrafficFollowsTheChecks) {
    // Failures at 8, 10, 12 and 14 s; out after the third; two good ones at 16 and 18 s, then back.
    const HealthCheckBound bound{
        .every = around("2s ±5ms"), .unhealthy_after = count(3), .healthy_after = count(2)};
    expect_pass(health(bound, checked(12s, 18s)));
    expect_miss(health(bound, checked(10s, 18s)), "unhealthy_after 1 too few");
    expect_miss(health(bound, checked(12s, 16s)), "unhealthy_after 3, healthy_after 1");
    expect_miss(health(bound, checked(0s, 0s)), "other requests went on after 4 failed checks");
    expect_miss(health(bound, checked(12s, 18s, false)), "no check ever failed");
    expect_miss(health({.every = around("3s ±5ms")}, checked(12s, 18s)), "every early by 995.0ms");
    expect_miss(health({.path = "/other", .every = around("2s")}, checked(12s, 18s)),
                "there are no requests of /other on `up`");
    expect_miss(health({.unhealthy_after = count(5)}, checked(12s, 18s)),
                "never did as many fail in a row");
}

TEST(HealthCheckModel, ACheckThatLies) {
    // Requests fail for 8 s, and the checks see nothing of it.
    expect_pass(health({.lies = true}, checked(0s, 0s, false, true)));
    expect_miss(health({.lies = false}, checked(0s, 0s, false, true)),
                "true: 8 requests failed between checks that succeeded");
    expect_miss(health({.lies = true}, checked(0s, 0s, false, false)), "lies false");
}

TEST(HealthCheckModel, AConnectionIsACheckToo) {
    // As HAProxy's: SYN, SYN-ACK, RST, every 2 s. The one at 6 s is not accepted.
    const auto judged = [](const HealthCheckBound& bound) {
        Story story;
        for (std::int64_t i = 1; i <= 4; ++i) {
            const Duration t = std::chrono::seconds{2 * i};
            TcpEvent event;
            event.link = "up";
            event.end = "near";
            event.connection = i;
            event.what = "syn_ack";
            event.by = "server";
            if (i != 3) story.log.put(t + 1ms, event);
            story.log.connection({.number = i, .began = t, .closed = t + 2ms, .closed_how = "rst"});
        }
        return judge_at("up", {.health_check = bound}, story);
    };
    const Finding held = judged({.every = around("2s ±1ms")});
    expect_pass(held);
    EXPECT_THAT(held.evidence.front(), HasSubstr("4 checks, of which 1 failed"));
    expect_miss(judged({.every = around("5s")}), "every early by");
}

// ------------------------------------------------------------------ dns_cache

DnsMessage dns(const std::string& what, std::int64_t id, const std::string& address = {},
               Duration ttl = 10s) {
    DnsMessage message;
    message.link = "up";
    message.end = "near";
    message.what = what;
    message.transport = "udp";
    message.id = id;
    message.name = "pay.example";
    message.type = "A";
    if (what == "answer") {
        message.rcode = "NOERROR";
        message.ttl = ttl;
        message.records = {"A " + address};
    }
    return message;
}

// Asked at 1 s, good for 10 s; connected to at 2 s and `late`; asked again at `again`, if at all.
Story cached(std::optional<Duration> again, Duration late) {
    Story story;
    story.run(1, 1s, 30s, response(200));
    story.log.put(1s, dns("query", 7)).put(1001ms, dns("answer", 7, "10.0.1.2"));
    if (again) {
        story.log.put(*again, dns("query", 8)).put(*again + 1ms, dns("answer", 8, "10.0.1.3"));
    }
    story.ask({.at = 2s}).ask({.at = late});
    return story;
}

Finding cache(DnsCacheBound bound, const Story& story, const std::string& at = "up") {
    bound.name = "PAY.example.";
    return judge_at(at, {.dns_cache = bound}, story);
}

TEST(DnsCacheModel, QueriesTtlAndStaleness) {
    expect_pass(cache({.queries = count(2), .obeys_ttl = true, .stale_for = at_most<Duration>(1s)},
                      cached(12s, 10s)));
    expect_miss(cache({.queries = count(1)}, cached(12s, 10s)), "queries 1 too many");
    expect_miss(cache({.obeys_ttl = true}, cached(4s, 10s)),
                "false: asked again 2.999s after an answer that was good for 10.00s");
    // It still connects to the old address 14 s after the end of its TTL.
    expect_miss(cache({.stale_for = at_most<Duration>(1s)}, cached(std::nullopt, 25001ms)),
                "stale_for late by 13.00s");
    expect_miss(cache({.obeys_ttl = true}, cached(std::nullopt, 25001ms)),
                "10.0.1.2 was connected to 14.00s after its TTL was over");
    expect_pass(cache({.obeys_ttl = false}, cached(std::nullopt, 25001ms)));
    expect_miss(cache({.obeys_ttl = false}, cached(12s, 10s)), "obeys_ttl true");
    expect_pass(cache({.queries = count(2)}, cached(12s, 10s), "gateway"));
    expect_miss(cache({.type = "AAAA", .obeys_ttl = true}, cached(12s, 10s)),
                "`gateway` never asked for");
}

TEST(DnsCacheModel, AQueryThatIsSentAgainCountsOnce) {
    Story story = cached(std::nullopt, 3s);
    story.log.put(1s, dns("query", 7));
    story.log.put(1000500us, dns("query", 7));
    expect_pass(cache({.queries = count(1)}, story));
}

// ------------------------------------------------------------------ stream

StreamSeen streamed(const std::string& last = "[DONE]") {
    StreamSeen seen;
    seen.headers = 10ms;
    seen.first_byte = 20ms;
    seen.first_event = 30ms;
    seen.first_content = 200ms;
    seen.last = 5s;
    seen.end = 8s;
    seen.largest_gap = 2s;
    seen.events = 20;
    seen.comments = 3;
    seen.last_type = "message";
    seen.last_data = last;
    return seen;
}

std::vector<Finding> at_call(const Expectation& wanted, const std::optional<StreamSeen>& seen,
                             const std::string& completeness = "complete") {
    CallEnd end = response(200);
    end.stream = seen;
    end.completeness = completeness;
    Story story;
    story.run(1, 1s, 8s, end);
    Scenario scenario = calls({"c"});
    scenario.expectations = {wanted};
    scenario.expectations.front().at = "c";
    return check_expectations(scenario, story.log.end(100s));
}

TEST(StreamModel, EachMomentIsAFact) {
    const auto judged = [](const StreamBound& bound) {
        return at_call({.stream = bound}, streamed()).front();
    };
    const Bound<Duration> tight{std::nullopt, 1ms, {}};
    expect_pass(judged({.headers = around("10ms ±1ms")}));
    expect_miss(judged({.headers = tight}), "late by 9.000ms");
    expect_miss(judged({.first_byte = tight}), "late by 19.00ms");
    expect_miss(judged({.first_event = tight}), "late by 29.00ms");
    expect_miss(judged({.first_content = tight}), "late by 199.0ms");
    expect_miss(judged({.largest_gap = tight}), "late by 1.999s");
    expect_miss(judged({.idle_before_end = tight}), "late by 2.999s");
    expect_miss(judged({.events = count(21)}), "1 too few");
    expect_miss(judged({.comments = count(0)}), "3 too many");
    expect_pass(judged({.end_marker = "[DONE]"}));
    expect_miss(judged({.end_marker = "message_stop"}), "the last was \"[DONE]\"");
    expect_miss(at_call({.stream = {.events = count(1)}}, std::nullopt).front(),
                "no stream: response 200");
    StreamSeen silent = streamed();
    silent.first_event.reset();
    expect_miss(at_call({.stream = {.first_event = tight}}, silent).front(), "it never came");
}

TEST(StreamModel, TheMarkerSaysWhatIsComplete) {
    // Ended in good order, or with the connection: only the marker tells.
    const auto completeness = [](const std::string& seen, const std::string& last) {
        Expectation wanted;
        wanted.completeness = "complete";
        wanted.stream.end_marker = "[DONE]";
        const auto findings = at_call(wanted, streamed(last), seen);
        EXPECT_EQ(findings.size(), 1U);
        return findings.front().observed;
    };
    EXPECT_EQ(completeness("complete", "[DONE]"), "complete");
    EXPECT_EQ(completeness("silently_cut", "[DONE]"), "complete");
    EXPECT_EQ(completeness("complete", "{}"), "silently_cut");
    EXPECT_EQ(completeness("cut", "{}"), "cut");
}

TEST(StreamModel, AtALinkItIsEachResponse) {
    // The response's times are the world's; the request began at 1 s.
    const auto judged = [](const StreamBound& bound, bool is_stream = true) {
        Story story;
        story.run(1, 1s, 8s, response(200)).ask({.at = 1s, .took = 7s});
        EventLog log = story.log.end(100s);
        for (Event& event : log) {
            auto* message = std::get_if<HttpMessage>(&event.what);
            if (message == nullptr || message->what != "response" || !is_stream) continue;
            message->stream = streamed("message_stop");
            for (auto* t : {&message->stream->headers, &message->stream->first_event,
                            &message->stream->last}) {
                **t += 1s;
            }
            message->stream->end.reset();  // it was cut: its connection's end is what ended it
        }
        Expectation expectation;
        expectation.at = "up";
        expectation.stream = bound;
        return check_one(calls({"c"}), expectation, log);
    };
    expect_pass(judged({.headers = around("10ms ±1ms")}));
    expect_pass(judged({.idle_before_end = around("2s ±1ms")}));
    expect_miss(judged({.first_event = at_most<Duration>(1ms)}), "late by 29.00ms");
    expect_miss(judged({.events = count(20)}, false), "none of 1 answer was one");
}

TEST(Models, ACallThatNeverBeganIsNoAnswer) {
    Story story;
    const Finding finding =
        judge_at("up", {.of = "c", .breaker = BreakerBound{.trials = count(1)}}, story);
    EXPECT_EQ(finding.cause, ErrorCause::absent);
}

}  // namespace
}  // namespace etimedout
