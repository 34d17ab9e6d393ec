// The exec call: shell commands.
#include <gtest/gtest.h>

#include "tests/call/callee.hh"

namespace etimedout {
namespace {

class ExecCallTest : public testing::Test {
protected:
    CallPlan plan(std::string command) {
        CallPlan result = plan_to(0, ExecCall{std::move(command)});
        result.scenario_dir = "/tmp";
        return result;
    }
    CallEnd exec(std::string command) { return run_call(plan(std::move(command)), clock_, state_); }

    WorldClock clock_;
    CallState state_;
};

TEST_F(ExecCallTest, OutputAndExitCodeAreKept) {
    // The two streams are apart; the folder is the scenario's.
    const CallEnd end = exec("echo out; pwd; echo err >&2; exit 3");
    EXPECT_EQ(end.outcome, "failed");
    EXPECT_EQ(end.exit_code, 3);
    EXPECT_EQ(end.standard_output, "out\n/tmp\n");
    EXPECT_EQ(end.standard_error, "err\n");
    EXPECT_EQ(exec("true").outcome, "ok");
}

TEST_F(ExecCallTest, LongOutputIsCountedInFullAndKeptInPart) {
    // 300 kB do not fit a pipe: it is read while the program runs.
    const CallEnd end = exec("head -c 300000 /dev/zero | tr '\\0' x");
    EXPECT_EQ(end.outcome, "ok");
    EXPECT_EQ(end.received, 300'000);
    EXPECT_EQ(end.standard_output.size(), 65'536U);
}

TEST_F(ExecCallTest, TheEnvironmentIsTheWorldsNotTheHosts) {
    // A scenario means the same on every machine.
    ::setenv("ETIMEDOUT_TEST_SECRET", "x", 1);
    const CallEnd end = exec("echo ${ETIMEDOUT_TEST_SECRET:-none} $LANG");
    ::unsetenv("ETIMEDOUT_TEST_SECRET");
    EXPECT_EQ(end.standard_output, "none C.UTF-8\n");
}

TEST_F(ExecCallTest, AProgramThatNeverEndsIsKilledWithAllOfItsGroup) {
    // The sleeper in the background holds the output open; killed, it no longer does.
    CallPlan never = plan("echo begun; sleep 1000 & sleep 1000");
    never.step.deadline = 200ms;
    const CallEnd end = run_call(never, clock_, state_);
    EXPECT_EQ(end.outcome, "never_ended");
    EXPECT_FALSE(end.exit_code.has_value());
    EXPECT_GE(end.total, 200ms);
}

TEST_F(ExecCallTest, WhatIsLeftInTheBackgroundDoesNotProlongTheCall) {
    // The shell ends at once; the sleeper has its output open for 1000 s.
    const CallEnd end = exec("sleep 1000 & echo done");
    EXPECT_EQ(end.outcome, "ok");
    EXPECT_EQ(end.standard_output, "done\n");
}

TEST_F(ExecCallTest, AMissingProgramIsTheShellsFailure) {
    // 127, as sh(1) says.
    const CallEnd end = exec("no-such-program-here");
    EXPECT_EQ(end.outcome, "failed");
    EXPECT_EQ(end.exit_code, 127);
    EXPECT_NE(end.standard_error, "");
}

}  // namespace
}  // namespace etimedout
