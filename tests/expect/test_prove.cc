// Proof: an expectation must fail in some run in which it should.
#include <gtest/gtest.h>

#include "harness/expect/prove.hh"
#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

// 504 can fail; "less than a minute" cannot; `fired` does not count.
Scenario status_and_time_in_silence() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {fault_step("silence"), call_step("c1")};
    scenario.expectations = {
        {.where = {9, 5}, .text = "{at: c1, status: 504}", .at = "c1", .status = count(504)},
        {.where = {10, 5},
         .text = "{at: c1, total: {at_most: 60s}}",
         .at = "c1",
         .phases = {{"total", at_most<Duration>(60s)}}},
        {.at = "silence", .fired = count(1)}};
    return scenario;
}

Judgement judged(const Scenario& scenario, std::int64_t status, FaultPresence faults,
                 const std::string& reason = "ok") {
    CallEnd end;
    end.outcome = "response";
    end.status = status;
    LogBuilder builder;
    builder.step(2, "c1", 2s, 32s).call("c1", 2s, 32s, end);
    if (faults == FaultPresence::armed) {
        builder.armed("silence", 1s).witness("silence", 33s, 1, 1);
    }
    return judge(scenario, builder.end(33s, reason), {.faults = faults});
}

TEST(Prove, AnExpectationThatFailsInNoRunIsVacuous) {
    // Without the fault the status is 200, but the call is quick too.
    const Scenario scenario = status_and_time_in_silence();
    const Judgement with = judged(scenario, 504, FaultPresence::armed);
    ASSERT_EQ(with.verdict, Verdict::pass);
    const Proof proof = prove_expectations(
        scenario, with, {{"without faults", judged(scenario, 200, FaultPresence::left_out)}});
    ASSERT_EQ(proof.proved.size(), 1u);
    EXPECT_EQ(proof.proved[0].index, 0u);
    EXPECT_EQ(proof.proved[0].failed_in, (std::vector<std::string>{"without faults"}));
    ASSERT_EQ(proof.vacuous.size(), 1u);
    EXPECT_EQ(proof.vacuous[0].index, 1u);
    EXPECT_EQ(proof.vacuous[0].where, (Where{10, 5}));
    EXPECT_EQ(proof.vacuous[0].message, "it failed in none of: without faults");
}

TEST(Prove, OneRunAmongSeveralIsEnough) {
    // The first run changes nothing; the second does.
    const Scenario scenario = status_and_time_in_silence();
    const auto vacuous =
        vacuous_expectations(scenario, judged(scenario, 504, FaultPresence::armed),
                             {{"same", judged(scenario, 504, FaultPresence::left_out)},
                              {"other", judged(scenario, 200, FaultPresence::left_out)}});
    ASSERT_EQ(vacuous.size(), 1u);
    EXPECT_EQ(vacuous[0].index, 1u);
}

TEST(Prove, ARunThatBrokeByItselfProvesNothing) {
    // A gateway that did not start fails every expectation, which says nothing about them.
    const Scenario scenario = status_and_time_in_silence();
    const Proof proof = prove_expectations(
        scenario, judged(scenario, 504, FaultPresence::armed),
        {{"without faults", judged(scenario, 200, FaultPresence::left_out, "not_ready")}});
    EXPECT_TRUE(proof.proved.empty());
    EXPECT_EQ(proof.vacuous.size(), 2u);
    ASSERT_EQ(proof.problems.size(), 1u);
    EXPECT_EQ(proof.problems[0],
              "the run \"without faults\" proves nothing: the world ended with `not_ready`");
}

TEST(Prove, AnErrorProvesOnlyIfWhatItIsAboutNeverCameToBe) {
    // A call that never began is a failure; a misspelt name would fail everywhere.
    Scenario scenario = status_and_time_in_silence();
    scenario.expectations.resize(1);
    const Judgement with = judged(scenario, 504, FaultPresence::armed);
    const auto vacuous = [&](ErrorCause cause) {
        Judgement without = judged(scenario, 504, FaultPresence::left_out);
        without.findings[0].verdict = Verdict::error;
        without.findings[0].cause = cause;
        return vacuous_expectations(scenario, with, {{"other", without}}).size();
    };
    EXPECT_EQ(vacuous(ErrorCause::absent), 0u);
    EXPECT_EQ(vacuous(ErrorCause::unseen), 0u);
    EXPECT_EQ(vacuous(ErrorCause::unwatched), 1u);
    EXPECT_EQ(vacuous(ErrorCause::reference), 1u);
}

}  // namespace
}  // namespace etimedout
