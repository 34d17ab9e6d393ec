// Failure screens, one per usual story, as a person sees them.
#include <algorithm>

#include <gtest/gtest.h>

#include "harness/report/moments.hh"
#include "harness/report/screen.hh"
#include "tests/report/golden.hh"
#include "tests/report/stories.hh"

namespace etimedout {
namespace {

using namespace testing;

void expect_screen(const std::string& name, const ScenarioResult& result) {
    const std::string screen = failure_screen(result);
    expect_golden("screen_" + name + ".txt", screen);
    // It is one screen: at most 40 lines of 100 columns, but for what is to be copied.
    EXPECT_LE(std::count(screen.begin(), screen.end(), '\n'), 40) << screen;
    std::size_t at = 0;
    while (at < screen.size()) {
        const std::size_t end = screen.find('\n', at);
        const std::string line = screen.substr(at, end - at);
        EXPECT_LE(width_of(line), 100u) << line;
        at = end + 1;
    }
}

TEST(Screen, ALateGatewayTimeout) {
    // The gateway is patient for 60 s instead of 30 s.
    expect_screen("late", silent_upstream(60s));
}

TEST(Screen, AKernelThatSendsMoreSynsThanExpected) {
    // Six SYNs instead of three: tcp_syn_retries was not set.
    expect_screen("syns", blackholed_connect());
}

TEST(Screen, ARetryStormIsShownByItsBeginningAndItsEnd) {
    // 24 refused connections instead of three.
    expect_screen("retries", retry_storm());
}

TEST(Screen, AFaultThatNothingMetSaysWhatToDo) {
    // Everything held, but nothing was tested.
    const ScenarioResult result = unmet_fault();
    EXPECT_EQ(result.judgement.verdict, Verdict::error);
    expect_screen("unmet_fault", result);
}

TEST(Screen, ARunThatWentWrongShowsTheProgramsLastWords) {
    // The gateway's configuration has a mistake.
    expect_screen("broken_run", broken_run());
}

TEST(Screen, AnInconclusiveRunSaysThatTheMachineStalled) {
    // 200 ms late on a machine that stalled for 700 ms.
    const ScenarioResult result = stalled_run();
    EXPECT_EQ(result.judgement.verdict, Verdict::inconclusive);
    expect_screen("inconclusive", result);
}

TEST(Screen, ThereIsNoneForWhatPassedOrWasSkipped) {
    // A gateway that answers after 30 s, and one that is not installed.
    const ScenarioResult passed = silent_upstream(30s);
    EXPECT_EQ(passed.judgement.verdict, Verdict::pass)
        << passed.judgement.run_problem << reason_of(passed);
    EXPECT_EQ(failure_screen(passed), "");
    EXPECT_EQ(failure_screen(skipped_scenario()), "");
}

TEST(Screen, ColorChangesNothingButColor) {
    // With the escape sequences taken out, the same text.
    ConsoleStyle style;
    style.color = Color::on;
    const std::string colored = failure_screen(silent_upstream(60s), style);
    std::string plain;
    for (std::size_t i = 0; i < colored.size(); ++i) {
        if (colored[i] == '\x1b') {
            i = colored.find('m', i);
        } else {
            plain += colored[i];
        }
    }
    EXPECT_NE(colored, plain);
    EXPECT_EQ(plain, failure_screen(silent_upstream(60s)));
}

TEST(Moments, WhatIsQuietIsNamedAndWhatRepeatsIsFolded) {
    // Six SYNs within 31.5 s are one moment, after which nothing comes for 33 s.
    const ScenarioResult result = blackholed_connect();
    const LogIndex log{result.scenario, result.log};
    Focus focus;
    focus.links = {"api"};
    focus.window = {0s, 66s};
    const auto moments = moments_of(log, focus);
    ASSERT_EQ(moments.size(), 5u);
    EXPECT_EQ(moments[0].label, "fault blackhole armed on api");
    EXPECT_EQ(moments[2].label, "SYN ×6");
    EXPECT_EQ(moments[2].until, Duration{32s});
    EXPECT_EQ(moments[3].kind, MomentKind::silence);
    EXPECT_EQ(moments[3].label, "… 33.00s of silence …");
    EXPECT_EQ(moments[4].label, "call c ends: connect_timeout (ETIMEDOUT) after 64.50s");
}

}  // namespace
}  // namespace etimedout
