// Facts at a call, each once held and once missed.
#include <gtest/gtest.h>

#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

Scenario one_call() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {call_step("c1")};
    return scenario;
}

// A call that was answered 504 after 30 s.
EventLog gateway_timeout() {
    CallEnd end;
    end.outcome = "response";
    end.status = 504;
    end.connect = 200us;
    end.first_byte = 30s;
    end.received = 160;
    end.headers = {{"retry-after", "5"}};
    end.body = "<h1>504 Gateway Time-out</h1>";
    end.completeness = "complete";
    end.standard_output = "paid 3\n";
    end.standard_error = "warning: slow\n";
    end.exit_code = 0;
    return LogBuilder{}.step(1, "c1", 1s, 31s).call("c1", 1s, 31s, end).end(33s);
}

struct Case {
    Expectation expectation;
    Verdict verdict;
    std::string observed;
};

void check_cases(const EventLog& log, const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        Expectation expectation = one.expectation;
        expectation.at = "c1";
        const Finding finding = check_one(one_call(), expectation, log);
        EXPECT_EQ(word_of(finding.verdict), word_of(one.verdict))
            << finding.fact << ": " << finding.expected << " / " << finding.observed;
        EXPECT_NE(finding.observed.find(one.observed), std::string::npos)
            << finding.fact << ": " << finding.observed;
    }
}

TEST(CallFacts, EachHoldsWhereTheCallerSawIt) {
    // The caller waited 30 s and got a complete 504 of 160 bytes.
    check_cases(gateway_timeout(),
                {{{.outcome = "response"}, Verdict::pass, "response 504"},
                 {{.outcomes = {{"response", count(1)}, {"reset", count(0)}}},
                  Verdict::pass,
                  "response: 1"},
                 {{.status = count(504)}, Verdict::pass, "504"},
                 {{.exit_code = count(0)}, Verdict::pass, "0"},
                 {{.headers = {{"Retry-After", {.equals = "5"}}}}, Verdict::pass, "\"5\""},
                 {{.body = TextBound{.contains = "504 Gateway"}}, Verdict::pass, "504"},
                 {{.standard_output = TextBound{.matches = "paid [0-9]"}}, Verdict::pass, "paid 3"},
                 {{.standard_error = TextBound{.contains = "slow"}}, Verdict::pass, "slow"},
                 {{.completeness = "complete"}, Verdict::pass, "complete"},
                 {{.phases = {{"total", around("30s ±100ms")}}}, Verdict::pass, "30.00s"},
                 {{.phases = {{"connect", at_most<Duration>(1ms)}}}, Verdict::pass, "200.0us"},
                 {{.success_ratio = at_most(0.0)}, Verdict::pass, "0"},
                 {{.received = exactly(Bytes{160})}, Verdict::pass, "160 B"}});
}

TEST(CallFacts, EachIsMissedWhereTheCallerSawSomethingElse) {
    // The same call, asked for what it was not.
    check_cases(gateway_timeout(),
                {{{.outcome = "first_byte_timeout"}, Verdict::fail, "response 504"},
                 {{.outcomes = {{"ok", count(2)}}}, Verdict::fail, "response: 1"},
                 {{.error = "ETIMEDOUT"}, Verdict::fail, "no errno (response 504)"},
                 {{.status = count(502)}, Verdict::fail, "504"},
                 {{.exit_code = count(1)}, Verdict::fail, "0"},
                 {{.headers = {{"retry-after", {.equals = "6"}}}}, Verdict::fail, "\"5\""},
                 {{.headers = {{"x-none", {.equals = "6"}}}}, Verdict::fail, "no such header"},
                 {{.body = TextBound{.equals = "ok"}}, Verdict::fail, "504"},
                 {{.standard_output = TextBound{.matches = "^paid$"}}, Verdict::fail, "paid 3"},
                 {{.standard_error = TextBound{.contains = "fatal"}}, Verdict::fail, "slow"},
                 {{.completeness = "cut"}, Verdict::fail, "complete"},
                 {{.phases = {{"total", around("10s ±100ms")}}}, Verdict::fail, "30.00s"},
                 {{.phases = {{"tls", at_most<Duration>(1s)}}}, Verdict::fail, "never came so far"},
                 {{.success_ratio = at_least(0.5)}, Verdict::fail, "0"},
                 {{.received = at_least(Bytes{1000})}, Verdict::fail, "160 B"}});
}

TEST(CallFacts, ATimeBoundSaysWhatItAllowsAndByHowMuchItWasMissed) {
    // 30 s where 28.7 s ± 100 ms were asked for: 1.2 s above the upper end.
    Expectation expectation{.at = "c1", .phases = {{"total", around("28.7s ±100ms")}}};
    const Finding finding = check_one(one_call(), expectation, gateway_timeout());
    EXPECT_EQ(finding.expected, "28.7s ±100ms");
    EXPECT_EQ(finding.window, "28.60s to 28.80s");
    EXPECT_EQ(finding.missed_by, "late by 1.200s");
    EXPECT_EQ(finding.missed_time, Duration{1200ms});
    EXPECT_EQ(finding.at, Duration{31s});
    EXPECT_EQ(finding.call, "c1");
    EXPECT_EQ(finding.links, (std::vector<std::string>{"front", "up"}));
}

TEST(CallFacts, ACallThatNeverBeganIsAnErrorAndAnUnknownOneAnother) {
    // Nothing is known of a call that was not made.
    Expectation expectation{.at = "c1", .status = count(200)};
    const EventLog log = LogBuilder{}.end(1s);
    const Finding never = check_one(one_call(), expectation, log);
    EXPECT_EQ(never.verdict, Verdict::error);
    EXPECT_EQ(never.cause, ErrorCause::absent);
    expectation.at = "c9";
    EXPECT_EQ(check_one(one_call(), expectation, log).cause, ErrorCause::reference);
}

// Twenty calls, 1 to 20 ms long; the last two are refused.
EventLog twenty_calls() {
    LogBuilder builder;
    for (int i = 1; i <= 20; ++i) {
        CallEnd end;
        if (i > 18) {
            end.outcome = "connect_refused";
            end.error = "ECONNREFUSED";
        }
        const Duration begin = 1s * i;
        builder.call("c1", begin, begin + 1ms * i, end, i);
    }
    return builder.end(30s);
}

TEST(CallFacts, APlainFactMustHoldForEachRepetitionAndTheWorstIsReported) {
    // Two of twenty are refused.
    Expectation expectation{.at = "c1", .outcome = "response"};
    const Finding finding = check_one(one_call(), expectation, twenty_calls());
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_EQ(finding.observed, "connect_refused (ECONNREFUSED)");
    ASSERT_FALSE(finding.evidence.empty());
    EXPECT_EQ(finding.evidence.front(), "2 of 20 repetitions missed it; this is the worst");

    Expectation total{.at = "c1", .phases = {{"total", at_most<Duration>(10ms)}}};
    const Finding slowest = check_one(one_call(), total, twenty_calls());
    EXPECT_EQ(slowest.observed, "20.00ms");
    EXPECT_EQ(slowest.missed_by, "late by 10.00ms");
}

TEST(CallFacts, PercentilesAreNearestRank) {
    // Of 1 to 20 ms: the 10th for p50, the 19th for p95, the 20th for p99 and max.
    const auto percentile = [&](const std::string& name) {
        Expectation expectation{.at = "c1", .percentiles = {{name, at_most<Duration>(19ms)}}};
        return check_one(one_call(), expectation, twenty_calls());
    };
    EXPECT_EQ(percentile("p50").observed, "10.00ms");
    EXPECT_EQ(percentile("p95").observed, "19.00ms");
    EXPECT_EQ(percentile("p95").verdict, Verdict::pass);
    EXPECT_EQ(percentile("p99").observed, "20.00ms");
    EXPECT_EQ(percentile("p99").verdict, Verdict::fail);
    EXPECT_EQ(percentile("max").observed, "20.00ms");
    EXPECT_EQ(percentile("pfoo").cause, ErrorCause::reference);
}

TEST(CallFacts, TheShareOfSuccessesIsExact) {
    // 18 of 20 are exactly 0.9, although 0.9 is not exact in binary.
    Expectation expectation{.at = "c1", .success_ratio = exactly(0.9)};
    EXPECT_EQ(check_one(one_call(), expectation, twenty_calls()).verdict, Verdict::pass);
    expectation.success_ratio = at_least(0.95);
    EXPECT_EQ(check_one(one_call(), expectation, twenty_calls()).verdict, Verdict::fail);
}

TEST(CallFacts, ABodyThatWasCutOffInTheLogIsNoEvidenceOfAbsence) {
    // The log keeps 64 KiB of a body; what comes later cannot be seen.
    CallEnd end;
    end.body = std::string(65536, 'x');
    const EventLog log = LogBuilder{}.call("c1", 1s, 2s, end).end(3s);
    Expectation expectation{.at = "c1", .body = TextBound{.contains = "data: [DONE]"}};
    EXPECT_EQ(check_one(one_call(), expectation, log).verdict, Verdict::error);
    expectation.body = TextBound{.matches = "(x+x+)+y"};
    // An expression of exponential cost is refused, and does not hang.
    EXPECT_EQ(check_one(one_call(), expectation, log).verdict, Verdict::error);
    expectation.body = TextBound{.matches = "x.*x"};
    EXPECT_EQ(check_one(one_call(), expectation, log).verdict, Verdict::pass);
}

TEST(CallFacts, ATimeMissedByLessThanTheMachineStalledIsInconclusiveInRealTimeOnly) {
    // 30 s instead of at most 29.5 s, while the machine stalled for 0.8 s in two parts.
    const auto verdict = [&](const Expectation& expectation, const std::string& clock,
                             Duration first, Duration second) {
        LogBuilder log{clock};
        log.call("c1", 1s, 31s);
        log.put(first, Stall{300ms}).put(second, Stall{500ms});
        return check_one(one_call(), expectation, log.end(33s)).verdict;
    };
    Expectation expectation{.at = "c1", .phases = {{"total", at_most<Duration>(29500ms)}}};
    EXPECT_EQ(verdict(expectation, "real", 10s, 20s), Verdict::inconclusive);
    EXPECT_EQ(verdict(expectation, "virtual", 10s, 20s), Verdict::fail);
    // What the machine did before the call began, or after it had ended, delayed nothing of it.
    EXPECT_EQ(verdict(expectation, "real", 1s, 20s), Verdict::fail);
    EXPECT_EQ(verdict(expectation, "real", 10s, 31600ms), Verdict::fail);
    // Neither status nor counts nor order are ever softened.
    EXPECT_EQ(verdict({.at = "c1", .status = count(504)}, "real", 10s, 20s), Verdict::fail);
    EXPECT_EQ(verdict({.at = "c1", .outcomes = {{"response", count(2)}}}, "real", 10s, 20s),
              Verdict::fail);
    Expectation never{.at = "c1"};
    never.never = EventMatch{{{"event", "call_end"}}};
    EXPECT_EQ(verdict(never, "real", 10s, 20s), Verdict::fail);
}

}  // namespace
}  // namespace etimedout
