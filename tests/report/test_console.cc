// Lines of the console, the summary, the live status and color.
#include <sstream>

#include <gtest/gtest.h>

#include "harness/report/console.hh"
#include "tests/report/golden.hh"
#include "tests/report/stories.hh"

namespace etimedout {
namespace {

using namespace testing;

std::vector<ScenarioResult> all_kinds() {
    return {silent_upstream(30s), silent_upstream(60s), unmet_fault(), stalled_run(),
            skipped_scenario()};
}

TEST(Console, OneLinePerScenarioAndASummary) {
    // One scenario of each verdict.
    std::string text;
    const auto results = all_kinds();
    for (const ScenarioResult& result : results) text += scenario_line(result, {}) + "\n";
    text += summary_line(results, 1500ms, {}) + "\n";
    expect_golden("console.txt", text);
}

TEST(Console, TheSameInColor) {
    // Only the verdict's word, and what is said beside it, have a color.
    std::string text;
    const auto results = all_kinds();
    for (const ScenarioResult& result : results)
        text += scenario_line(result, {Color::on, 60}) + "\n";
    text += summary_line(results, 1500ms, {Color::on}) + "\n";
    expect_golden("console_color.txt", text);
}

TEST(Console, TheSummaryCountsWhatThereIs) {
    // Nothing is said of what did not occur; the factor only where virtual time ran faster.
    Totals totals;
    EXPECT_EQ(summary_line(totals, 1s, {}), "nothing ran");
    totals.passed = 24;
    totals.failed = 1;
    totals.skipped = 2;
    totals.virtual_time = 412300ms;
    totals.time_in_calls = 305s;
    EXPECT_EQ(summary_line(totals, 6100ms, {}),
              "24 passed, 1 failed, 2 skipped: 412.3 virtual seconds, 305.0 in calls, in 6.1 real "
              "seconds (50x)");
    totals.virtual_time = {};
    totals.errors = 1;
    EXPECT_EQ(summary_line(totals, 6100ms, {}),
              "24 passed, 1 failed, 1 error, 2 skipped: 6.1 seconds");
}

TEST(Console, NamesAreAlignedByWhatIsSeen) {
    // An é is two bytes and one column.
    EXPECT_EQ(width_of("délai"), 5u);
    EXPECT_EQ(padded("é", 3), "é  ");
    EXPECT_EQ(padded_left("30s", 5), "  30s");
    EXPECT_EQ(name_width_for({"short"}), 40u);
    EXPECT_EQ(name_width_for({std::string(50, 'x')}), 50u);
    EXPECT_EQ(name_width_for({std::string(500, 'x')}), 76u);
    EXPECT_EQ(brief(30100ms), "30.1s");
    EXPECT_EQ(brief(610ms), "0.61s");
    EXPECT_EQ(brief(134912ms), "135s");
}

TEST(Console, ColorFollowsTheFlagThenTheTerminal) {
    // NO_COLOR speaks against color on a terminal, but not against --color always.
    const Terminal terminal{.is_terminal = true};
    const Terminal no_color{.is_terminal = true, .no_color = true};
    EXPECT_EQ(color_for(ColorChoice::automatic, terminal), Color::on);
    EXPECT_EQ(color_for(ColorChoice::automatic, no_color), Color::off);
    EXPECT_EQ(color_for(ColorChoice::automatic, Terminal{}), Color::off);
    EXPECT_EQ(color_for(ColorChoice::always, no_color), Color::on);
    EXPECT_EQ(color_for(ColorChoice::never, terminal), Color::off);
}

TEST(LiveStatus, WritesOneLineOverAndOverOnATerminal) {
    // Cut to the terminal's width, and gone when something else is to be written.
    std::ostringstream out;
    {
        LiveStatus status{Terminal{.is_terminal = true, .columns = 40}, 24, out};
        status.started("nginx answers 504 when the upstream is silent");
        status.started("b");
        status.finished("nginx answers 504 when the upstream is silent");
        status.clear();
        status.started("c");
    }
    EXPECT_EQ(out.str(),
              "\r\x1b[K0 of 24 done, running: nginx answers 5…"
              "\r\x1b[K0 of 24 done, running: nginx answers 5…"
              "\r\x1b[K\r\x1b[K1 of 24 done, running: b; c\r\x1b[K");
}

TEST(LiveStatus, SaysNothingWithoutATerminal) {
    // A log file gets lines, and no status.
    std::ostringstream out;
    LiveStatus status{Terminal{}, 24, out};
    status.started("a");
    status.finished("a");
    EXPECT_EQ(out.str(), "");
}

TEST(Console, AProofNamesWhatNeverFailed) {
    // One expectation is proved, one is vacuous, one run proves nothing.
    Proof proof;
    proof.proved = {{0, {22, 5}, "{at: c1, status: 504}", {"without faults"}}};
    proof.vacuous = {{1,
                      {23, 5},
                      "{at: c1, total: {at_most: 60s}}",
                      "it failed in none of: without faults",
                      "it holds without the faults too: make it stricter, or add a "
                      "`counter_example` in which it must fail"}};
    proof.problems = {"the run \"no retries\" proves nothing: `gateway` was not ready"};
    const ScenarioResult result = silent_upstream(30s);
    std::string text = proof_text(result, proof, {}) + "\n";
    proof.vacuous.clear();
    proof.problems.clear();
    text += proof_text(result, proof, {}) + "\n";
    expect_golden("proof.txt", text);
}

}  // namespace
}  // namespace etimedout
