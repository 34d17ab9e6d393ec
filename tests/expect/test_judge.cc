// The verdict of whole runs: priority, faults that met nothing, calls without an end, settling.
#include <gtest/gtest.h>

#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

Scenario silent_scenario() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {fault_step("silence"), call_step("c1")};
    scenario.expectations = {{.text = "{at: c1, status: 504}", .at = "c1", .status = count(504)}};
    return scenario;
}

struct Run {
    std::int64_t status = 504;
    std::int64_t matched = 1;
    std::string reason = "ok";
    std::int64_t dropped = 0;
    std::string outcome = "response";
};

EventLog run(const Run& how) {
    CallEnd end;
    end.outcome = how.outcome;
    if (how.outcome == "response") end.status = how.status;
    return LogBuilder{}
        .step(1, "silence", 1s, 1s)
        .armed("silence", 1s)
        .step(2, "c1", 2s, 32s)
        .call("c1", 2s, 32s, end)
        .witness("silence", 33s, how.matched, how.matched)
        .end(33s, how.reason, how.dropped);
}

TEST(Judge, PassesWhenEverythingHolds) {
    // One fault that was met, one call, one expectation.
    const Judgement judgement = judge(silent_scenario(), run({}));
    EXPECT_EQ(judgement.verdict, Verdict::pass);
    EXPECT_EQ(judgement.findings.size(), 1u);
    EXPECT_EQ(judgement.faults.at(0).matched, 1);
    EXPECT_EQ(judgement.virtual_time, Duration{33s});
    EXPECT_EQ(judgement.time_in_calls, Duration{30s});
}

TEST(Judge, AMissedExpectationFailsTheRun) {
    // 200 where 504 was expected.
    EXPECT_EQ(judge(silent_scenario(), run({.status = 200})).verdict, Verdict::fail);
}

TEST(Judge, AFaultThatNoTrafficMetIsAnErrorEvenIfEverythingElseHolds) {
    // Armed on a link that no call went over.
    const Judgement judgement = judge(silent_scenario(), run({.matched = 0}));
    EXPECT_EQ(judgement.verdict, Verdict::error);
    EXPECT_EQ(judgement.faults.at(0).message,
              "the fault `silence` was armed and no traffic ever met it: make a call over `up` "
              "after the step that arms it and before it is healed");
}

TEST(Judge, AFaultThatWasNeverArmedIsAnError) {
    // The log does not mention it.
    const Scenario scenario = silent_scenario();
    const EventLog log = LogBuilder{}.call("c1", 2s, 32s).end(33s);
    EXPECT_EQ(check_faults(scenario, log).at(0).verdict, Verdict::error);
    // Unless this is the run without faults.
    EXPECT_EQ(judge(scenario, log, {.faults = FaultPresence::left_out}).verdict, Verdict::fail);
}

TEST(Judge, AnErrorOutranksAFailureOutranksInconclusive) {
    // Each pair, in the order of their gravity.
    EXPECT_EQ(judge(silent_scenario(), run({.status = 200, .matched = 0})).verdict, Verdict::error);
    EXPECT_EQ(graver(Verdict::error, Verdict::fail), Verdict::error);
    EXPECT_EQ(graver(Verdict::inconclusive, Verdict::fail), Verdict::fail);
    EXPECT_EQ(graver(Verdict::inconclusive, Verdict::pass), Verdict::inconclusive);
    EXPECT_EQ(graver(Verdict::skipped, Verdict::pass), Verdict::pass);
}

TEST(Judge, ARunThatWentWrongIsAnErrorWithItsReason) {
    // A node was not ready; a capture lost packets; the world was killed.
    const Judgement broken = judge(silent_scenario(), run({.reason = "not_ready"}));
    EXPECT_EQ(broken.verdict, Verdict::error);
    EXPECT_EQ(broken.run_problem, "the world ended with `not_ready`");
    const Judgement lossy = judge(silent_scenario(), run({.dropped = 5}));
    EXPECT_EQ(lossy.verdict, Verdict::error);
    EXPECT_EQ(lossy.run_problem, "the capture of `front` (near end) lost 5 of 105 packets");
    EventLog cut = run({});
    cut.pop_back();
    EXPECT_EQ(judge(silent_scenario(), cut).verdict, Verdict::error);
    EXPECT_EQ(judge(silent_scenario(), run({.reason = "skipped"})).verdict, Verdict::skipped);
}

TEST(Judge, ABrokenSteadyStateIsAnErrorAndNotAVerdict) {
    // The steady call is answered 503.
    LogBuilder builder;
    CallBegin begin;
    begin.call = "steady";
    begin.node = "client";
    begin.what = "http";
    begin.steady = true;
    CallEnd end;
    end.call = "steady";
    end.outcome = "response";
    end.status = 503;
    Scenario scenario = gateway_scenario();
    scenario.steps = {call_step("steady")};
    const Judgement judgement = judge(scenario, builder.put(1s, begin).put(2s, end).end(3s));
    EXPECT_EQ(judgement.verdict, Verdict::error);
    EXPECT_EQ(judgement.run_problem,
              "the steady state is broken: the call `steady` became response 503 at 2.000s");
}

TEST(Judge, ACallThatNeverEndsIsAFailureOfItsOwnUnlessAskedFor) {
    // The caller waited for its whole deadline.
    Scenario scenario = silent_scenario();
    scenario.expectations.clear();
    const EventLog log = run({.outcome = "never_ended"});
    const Judgement judgement = judge(scenario, log);
    EXPECT_EQ(judgement.verdict, Verdict::fail);
    ASSERT_EQ(judgement.findings.size(), 1u);
    const Finding& finding = judgement.findings.front();
    EXPECT_EQ(finding.fact, "never_ended");
    EXPECT_EQ(finding.index, own_finding);
    EXPECT_EQ(finding.expected, "`c1` ends within its deadline of 600.0s");
    EXPECT_EQ(finding.observed, "it had not ended after 30.00s");
    EXPECT_EQ(finding.where, (Where{20, 5}));

    scenario.expectations = {{.at = "c1", .outcome = "never_ended"}};
    EXPECT_EQ(judge(scenario, log).verdict, Verdict::pass);
    Expectation either{.at = "c1", .any_of = {{.outcome = "never_ended"}, {.outcome = "reset"}}};
    scenario.expectations = {either};
    EXPECT_EQ(judge(scenario, log).verdict, Verdict::pass);
}

TEST(Judge, TheOrderOfTheLogDoesNotMatter) {
    // Events are written when they are known, and sorted by when they happened.
    EventLog log = run({});
    std::reverse(log.begin(), log.end());
    EXPECT_EQ(judge(silent_scenario(), log).verdict, Verdict::pass);
}

TEST(Judge, AnEmptyLogIsAnErrorAndNothingWorse) {
    // No event at all.
    const Judgement judgement = judge(silent_scenario(), {});
    EXPECT_EQ(judgement.verdict, Verdict::error);
}

TEST(Settle, IsTheLongestThatAnyExpectationNeeds) {
    // Only what must not happen needs to be waited for.
    Scenario scenario = silent_scenario();
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{});
    scenario.expectations.push_back({.at = "up", .counts = {{"requests", count(1)}}});
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{1s});
    scenario.expectations.push_back(
        {.at = "up", .counts = {{"requests", at_least<std::int64_t>(1)}}});
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{1s});
    Expectation retries{.at = "up", .retries = RetriesBound{.count = count(1)}};
    retries.retries->gaps = {around("2s ±10%")};
    scenario.expectations.push_back(retries);
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{4400ms});
    scenario.expectations.push_back(
        {.at = "up", .closed = ClosedBound{.after = around("10s ±1s")}});
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{12s});
    Expectation eventually{.at = "up", .eventually = EventMatch{{{"event", "tcp"}}}};
    eventually.within = 30s;
    scenario.expectations.push_back(eventually);
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{30s});
    scenario.expectations.push_back({.at = "up", .settle = 40s, .counts = {{"syns", count(1)}}});
    EXPECT_EQ(settling_of(scenario).after_steps, Duration{40s});
}

TEST(Settling, ALateAnswerBeginsTheWatchAnew) {
    // Steps end at 10 s and 2 s are to pass without traffic: at 12 s, or after what came late.
    Scenario scenario = gateway_scenario();
    Expectation never_again{.at = "up", .counts = {{"requests", at_most<std::int64_t>(1)}}};
    never_again.settle = 2s;
    scenario.expectations = {never_again};
    const Settling settling = settling_of(scenario);
    EXPECT_EQ(settling, (Settling{2s, {{"up", 2s}}}));
    const auto until = [&](std::optional<Duration> last, Duration limit = 600s) {
        return watched_until(
            settling, 10s, [&](const std::string&) { return last; }, limit);
    };
    EXPECT_EQ(until(std::nullopt), 12s);
    EXPECT_EQ(until(9s), 12s);
    EXPECT_EQ(until(11500ms), 13500ms);
    // Traffic that never pauses is watched for four times as long, and not beyond the limit.
    EXPECT_EQ(until(17s), 18s);
    EXPECT_EQ(until(17s, 15s), 15s);
    EXPECT_EQ(until(17s, 11s), 12s);
}

TEST(Settling, ATimeAfterTheLastAnswerIsSeenToItsEnd) {
    // The answer comes 1.8 s after the call has given up at 1 s; nothing may come for 1 s more.
    const auto verdict = [](Duration end) {
        LogBuilder log;
        log.step(1, "c1", 0s, 1s).call("c1", 0s, 1s, CallEnd{.outcome = "read_timeout"});
        log.connection({.began = 100ms, .established = 100ms});
        log.request({.sent = 200ms, .answered = 1800ms, .call = "c1/1"});
        Expectation expectation{.at = "up", .of = "c1", .counts = {{"requests", count(1)}}};
        expectation.settle = 1s;
        return check_one(gateway_scenario(), expectation, log.end(end));
    };
    EXPECT_EQ(verdict(2800ms).verdict, Verdict::pass);
    const Finding early = verdict(2s);
    EXPECT_EQ(early.verdict, Verdict::error);
    // To write what is written already would not help.
    EXPECT_NE(early.advice.find("longer `settle`"), std::string::npos) << early.advice;
}

}  // namespace
}  // namespace etimedout
