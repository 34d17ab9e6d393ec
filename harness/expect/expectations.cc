// Expectations: each fact of each of them, checked and made a finding.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/facts.hh"
#include "harness/expect/judge.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

Duration settle_needed(const Expectation& expectation, Duration last_gap) {
    return expectation.settle.value_or(std::max(least_settle, 2 * last_gap));
}

// The call that an expectation is about, for the picture of what happened.
std::string call_of(const LogIndex& log, const Expectation& expectation) {
    if (log.is_call(expectation.at)) return expectation.at;
    if (expectation.of) return *expectation.of;
    return expectation.during.value_or(std::string{});
}

std::vector<std::string> links_of(const LogIndex& log, const Expectation& expectation) {
    if (log.is_link(expectation.at)) return {expectation.at};
    if (log.is_call(expectation.at)) return log.links_of_call(expectation.at);
    if (log.is_node(expectation.at)) return log.links_of_node(expectation.at);
    std::vector<std::string> all;
    for (const NamedLink& link : log.scenario().topology.links) all.push_back(link.name);
    return all;
}

// When a stall can have delayed what the finding is about: while a call ran, for its own facts.
Window could_be_delayed(const LogIndex& log, const Expectation& expectation) {
    return log.window_of_call(expectation.at).value_or(Window{Duration{}, log.end_time()});
}

// Only times, only in a real world, and only by less than the machine itself stalled.
void soften(const LogIndex& log, const Expectation& expectation, Finding& finding) {
    if (finding.verdict != Verdict::fail || !finding.missed_time || !log.is_real_time()) return;
    const Duration stalled = log.stalled_in(could_be_delayed(log, expectation));
    if (*finding.missed_time >= stalled) return;
    finding.verdict = Verdict::inconclusive;
    finding.evidence.push_back(
        fmt::format("the machine stalled for {}, longer than that", show(stalled)));
    finding.advice = "run it again on a calmer machine, or with --time virtual";
}

}  // namespace

Check if_watched(Check passed, const LogIndex& log, const Expectation& expectation,
                 const Watch& watch) {
    if (passed.finding.verdict != Verdict::pass) return passed;
    const Duration needed = settle_needed(expectation, watch.last_gap);
    const Duration watched = std::max(Duration{}, log.end_time() - watch.from);
    if (watched >= needed) return passed;
    // The world has waited for a pause of `settle`, and there was none.
    const std::string advice =
        expectation.settle
            ? fmt::format(
                  "the world went on for {} times `settle`, and it had not come to rest: "
                  "leave out with `ignore` what never rests, look at a part with "
                  "`during`, or write a longer `settle`",
                  patience)
            : fmt::format(
                  "write `settle: {}`",
                  Scalar<Duration>::write(std::chrono::ceil<std::chrono::milliseconds>(needed)));
    Check early = no_answer(
        ErrorCause::unwatched,
        fmt::format("{} so far, but the log ends {} after the last of it, and only {} would show "
                    "that no more came",
                    passed.finding.observed, show(watched), show(needed)),
        advice);
    early.finding.expected = passed.finding.expected;
    early.finding.evidence = std::move(passed.finding.evidence);
    early.finding.at = watch.from;
    return early;
}

Facts check_facts(const LogIndex& log, const Expectation& expectation) {
    Facts facts;
    // `exit_code` is a key of calls and of nodes.
    const bool of_node = log.is_node(expectation.at) && !log.is_call(expectation.at);
    if (!of_node) {
        check_call_facts(log, expectation, facts);
    } else if (has_call_keys(expectation)) {
        Expectation rest = expectation;
        rest.exit_code.reset();
        check_call_facts(log, rest, facts);
    }
    check_link_facts(log, expectation, facts);
    check_dns_facts(log, expectation, facts);
    check_node_facts(log, expectation, facts);
    check_fault_facts(log, expectation, facts);
    check_model_facts(log, expectation, facts);
    check_order_facts(log, expectation, facts);
    return facts;
}

std::vector<Finding> check_expectations(const LogIndex& log) {
    const Scenario& scenario = log.scenario();
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < scenario.expectations.size(); ++i) {
        const Expectation& expectation = scenario.expectations[i];
        Facts facts = check_facts(log, expectation);
        for (auto& [fact, check] : facts.all()) {
            Finding finding = std::move(check.finding);
            finding.where = expectation.where;
            finding.expectation = expectation.text;
            finding.index = i;
            finding.fact = fact;
            finding.because = expectation.because;
            finding.links = links_of(log, expectation);
            finding.call = call_of(log, expectation);
            soften(log, expectation, finding);
            findings.push_back(std::move(finding));
        }
    }
    return findings;
}

std::vector<Finding> check_expectations(const Scenario& scenario, const EventLog& events) {
    return check_expectations(LogIndex{scenario, events});
}

}  // namespace etimedout
