// Counter-examples: how they may be written, and that each is a scenario itself; and findings.
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

using testing::HasSubstr;

constexpr std::string_view a_call = "  - call: {id: c, link: api, get: /}\n";

TEST(CounterExample, MayBeOneAListOrAMap) {
    // Names come from the map's keys, from `name`, or are made.
    const auto names = [&](std::string_view written) {
        std::vector<std::string> found;
        for (const CounterExample& example :
             scenario_of(around(a_call) + std::string{written}).counter_examples) {
            found.push_back(example.name);
        }
        return found;
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(names("counter_example: {set: {steps.c.deadline: 1s}}\n"), Names{"counter-example"});
    EXPECT_EQ(names("counter_example:\n  - {set: {steps.c.deadline: 1s}}\n"
                    "  - {name: slow, set: {nodes.server.first_byte: 5s}}\n"),
              (Names{"counter-example 1", "slow"}));
    EXPECT_EQ(names("counter_example: {fast: {set: {steps.c.deadline: 1s}}}\n"), Names{"fast"});
}

TEST(CounterExample, ReadAgainWithItsPlacesSetItIsAnotherScenario) {
    // What the driver does with one: the same text, with `set`.
    const std::string text =
        around(a_call) + "counter_example: {set: {nodes.server.routes: {/a: {status: 500}}}}\n";
    const CounterExample example = scenario_of(text).counter_examples.front();
    const Scenario other = scenario_of(text, {.set = example.set});
    EXPECT_EQ(other.topology.node("server")->stub->routes.at("/a").status, 500);
}

TEST(CounterExample, KeepsVariablesForTheRowItRunsIn) {
    // The value is written with a variable of the matrix.
    const std::string text = "matrix: {n: [1, 2]}\n" + around("  - wait: \"${n}s\"\n") +
                             "counter_example: {set: {steps.0.wait: \"1${n}s\"}}\n";
    const auto rows = rows_of(text);
    const auto changed = rows_of(text, {.set = rows[1].counter_examples[0].set});
    EXPECT_EQ(std::get<WaitStep>(changed[1].steps[0].what).time, 12s);
}

std::vector<std::string> findings(const std::string& text) {
    std::vector<std::string> found;
    for (const ScenarioError& finding : advice(text, "test.yaml", {})) {
        EXPECT_EQ(finding.severity, Severity::warning);
        EXPECT_THAT(finding.render(), HasSubstr(": warning: "));
        found.push_back(finding.message);
    }
    return found;
}

TEST(Advice, AWideWindowNeedsAReason) {
    // 20 % to either side; the default window of a bare duration does not count.
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: 5s ±20%}\n")).size(), 1U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: {between: [1s, 5s]}}\n")).size(), 1U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: 5s}\n")).size(), 0U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: 5s ±10%}\n")).size(), 0U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: {at_most: 5s}}\n")).size(), 0U);
}

TEST(CounterExamples, AreNotTriedOnTopOfEachOther) {
    // The second leaves no fault that could become what the first makes of it.
    const std::string text = around(
                                 "  - fault: {id: f, link: api, kind: silent}\n"
                                 "  - call: {id: c, link: api, get: /}\n") +
                             "counter_example:\n"
                             "  - {set: {steps.0.fault.kind: hang_up}}\n"
                             "  - {set: {steps.0.fault: {id: f, link: api, kind: blackhole, phase: "
                             "established}}}\n";
    const Scenario scenario = scenario_of(text);
    ASSERT_EQ(scenario.counter_examples.size(), 2U);
    for (const CounterExample& example : scenario.counter_examples) {
        ParseOptions options;
        options.set = example.set;
        EXPECT_EQ(first_error(text, options), "") << example.name;
    }
}

TEST(Advice, AReasonIsABecauseOrACommentBesideOrAbove) {
    // A # within a value is no comment.
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: 5s ±20%, because: timer}\n")).size(), 0U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, total: 5s ±20%}  # the timer\n")).size(), 0U);
    EXPECT_EQ(findings(around(a_call, "  # the timer\n  - {at: c, total: 5s ±20%}\n")).size(), 0U);
    EXPECT_EQ(findings(around(a_call, "  - at: c\n    # the timer\n    total: 5s ±20%\n")).size(),
              0U);
    EXPECT_EQ(findings(around(a_call, "  - {at: c, body: a#b, total: 5s ±20%}\n")).size(), 1U);
}

TEST(Advice, NothingExpectedIsAFinding) {
    // Such a scenario cannot fail.
    const auto found = findings("scenario: 1\nname: a\nnodes: {client: {}}\nsteps: [wait: 1s]\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0], HasSubstr("nothing is expected"));
}

TEST(Advice, AnUnusedVariableIsAFinding) {
    // `b` is used by `a` alone, which counts.
    const auto found =
        findings("vars: {a: \"${b}\", b: 1s, c: 2}\n" + around("  - wait: \"${a}\"\n"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0], "nothing uses the variable `c`");
}

TEST(Advice, ATimeoutBehindTheDeadlineIsAFinding) {
    // The harness would give up first, and the client's own limit never be seen.
    const auto found =
        findings(around("  - call: {link: api, get: /, timeout: 20s, deadline: 10s}\n"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0], HasSubstr("longer than the deadline of 10s"));
}

TEST(Advice, IsEmptyWhereThereAreErrors) {
    // The errors come first.
    EXPECT_TRUE(advice("scenario: 2\n", "test.yaml", {}).empty());
}

}  // namespace
}  // namespace etimedout
