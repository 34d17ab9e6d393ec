// Judge: the verdict of a whole run.
#include "harness/expect/judge.hh"

#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/facts.hh"
#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"

namespace etimedout {

namespace {

// What to look at when no traffic met a fault, by the selectors that could have kept it away.
std::string advice_for(const FaultStep& step) {
    const Selectors& selectors = step.armed.selectors;
    std::vector<std::string> narrowing;
    if (selectors.direction) narrowing.emplace_back("direction");
    if (selectors.phase) narrowing.emplace_back("phase");
    if (selectors.port) narrowing.emplace_back("port");
    if (selectors.source) narrowing.emplace_back("source");
    if (selectors.match) narrowing.emplace_back("match");
    if (selectors.lasting) narrowing.emplace_back("for");
    std::string advice = fmt::format(
        "make a call {} `{}` after the step that arms it and before it is healed",
        layer_of(step.armed.fault) == Layer::node ? "that reaches" : "over", step.target);
    if (!narrowing.empty()) {
        advice += fmt::format("; check its selector{} {}", narrowing.size() == 1 ? "" : "s",
                              fmt::join(narrowing, ", "));
    }
    return advice;
}

FaultReport report_of(const LogIndex& log, const FaultStep& step) {
    FaultReport report;
    report.id = step.armed.id;
    report.kind = std::string{kind_of(step.armed.fault)};
    report.at = step.target;
    const FaultLife& life = log.fault(step.armed.id);
    const auto error = [&](std::string message) {
        report.verdict = Verdict::error;
        report.message = std::move(message);
        return report;
    };
    if (!life.armed) {
        return error(
            fmt::format("the fault `{}` was never armed: the run did not come so far", report.id));
    }
    if (life.witness == nullptr) {
        return error(
            fmt::format("nothing testifies to what the fault `{}` did: the run ended "
                        "before its witness was read",
                        report.id));
    }
    report.matched = life.witness->matched;
    report.fired = life.witness->fired;
    if (report.matched == 0) {
        return error(fmt::format("the fault `{}` was armed and no traffic ever met it: {}",
                                 report.id, advice_for(step)));
    }
    if (report.fired == 0) {
        report.message = fmt::format(
            "the fault `{}` met traffic {} time{} and took effect on none of it, by chance or by "
            "its selectors",
            report.id, report.matched, report.matched == 1 ? "" : "s");
    }
    return report;
}

// Whether some expectation asks for a call that never ends.
bool asks_for_no_end(const Expectation& expectation, const std::string& call) {
    if (expectation.at.empty() || expectation.at == call) {
        if (expectation.outcome == "never_ended") return true;
        const auto found = expectation.outcomes.find("never_ended");
        if (found != expectation.outcomes.end() && found->second.at_most.value_or(1) > 0) {
            return true;
        }
    }
    const auto asks = [&](Expectation inner) {
        if (inner.at.empty()) inner.at = expectation.at;
        return asks_for_no_end(inner, call);
    };
    return std::any_of(expectation.any_of.begin(), expectation.any_of.end(), asks) ||
           std::any_of(expectation.all_of.begin(), expectation.all_of.end(), asks);
}

std::vector<Finding> check_ends(const LogIndex& log) {
    std::vector<Finding> findings;
    const Scenario& scenario = log.scenario();
    for (const auto& [call, runs] : log.calls()) {
        const bool asked = std::any_of(
            scenario.expectations.begin(), scenario.expectations.end(),
            [&name = call](const Expectation& one) { return asks_for_no_end(one, name); });
        if (asked) continue;
        std::size_t endless = 0;
        const CallRun* first = nullptr;
        for (const CallRun& run : runs) {
            if (run.end != nullptr && run.end->outcome != "never_ended") continue;
            ++endless;
            if (first == nullptr) first = &run;
        }
        if (first == nullptr) continue;
        Finding finding;
        finding.fact = "never_ended";
        finding.verdict = Verdict::fail;
        finding.call = call;
        finding.links = log.links_of_call(call);
        finding.at = first->ran.to;
        const CallStep* step = log.call_step(call);
        finding.expected = step == nullptr ? fmt::format("`{}` ends", call)
                                           : fmt::format("`{}` ends within its deadline of {}",
                                                         call, show(step->deadline));
        finding.observed =
            fmt::format("it had not ended after {}", show(first->ran.to - first->ran.from));
        if (runs.size() > 1) {
            finding.observed += fmt::format(" ({} of {} repetitions)", endless, runs.size());
        }
        if (step != nullptr) {
            for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
                if (std::get_if<CallStep>(&scenario.steps[i].what) == step) {
                    finding.where = scenario.steps[i].where;
                }
            }
        }
        finding.advice = "give the client a timeout of its own, or expect `outcome: never_ended`";
        findings.push_back(std::move(finding));
    }
    return findings;
}

// What is wrong with the run itself, whatever its expectations say.
Problem problem_of_run(const LogIndex& log) {
    if (log.end() == nullptr) {
        return {"the log has no end: the world was killed or crashed",
                "look at the world's own output; a limit on memory or time may have ended it"};
    }
    if (log.end()->reason != "ok") {
        return {log.end()->message.empty()
                    ? fmt::format("the world ended with `{}`", log.end()->reason)
                    : log.end()->message,
                log.end()->advice};
    }
    for (const auto& [call, runs] : log.calls()) {
        for (const CallRun& run : runs) {
            if (!run.begin->steady || (run.end != nullptr && succeeded(*run.end))) continue;
            std::string became = "never_ended";
            if (run.end != nullptr) {
                became = run.end->outcome;
                if (run.end->status) became += fmt::format(" {}", *run.end->status);
                if (!run.end->error.empty()) became += fmt::format(" ({})", run.end->error);
            }
            return {fmt::format("the steady state is broken: the call `{}` became {} at {}", call,
                                became, show(run.ran.to)),
                    "what is tested does not work even without faults at that point: look at its "
                    "logs, or heal the fault before"};
        }
    }
    for (const Event* event : log.events()) {
        const auto* capture = std::get_if<CaptureEnd>(&event->what);
        if (capture == nullptr || capture->dropped == 0) continue;
        return {fmt::format("the capture of `{}` ({} end) lost {} of {} packets", capture->link,
                            capture->end, capture->dropped, capture->packets + capture->dropped),
                "give the link a lower rate, or run with --time virtual"};
    }
    return {};
}

// The time during which at least one call ran.
Duration time_in_calls(const LogIndex& log) {
    std::vector<Window> windows;
    for (const auto& [call, runs] : log.calls()) {
        for (const CallRun& run : runs) windows.push_back(run.ran);
    }
    std::sort(windows.begin(), windows.end(),
              [](const Window& a, const Window& b) { return a.from < b.from; });
    Duration sum{};
    Duration covered{};
    for (const Window& window : windows) {
        const Duration from = std::max(window.from, covered);
        if (window.to <= from) continue;
        sum += window.to - from;
        covered = window.to;
    }
    return sum;
}

std::vector<FaultReport> check_faults(const LogIndex& log) {
    std::vector<FaultReport> reports;
    for (const Step& step : log.scenario().steps) {
        if (const auto* fault = std::get_if<FaultStep>(&step.what)) {
            reports.push_back(report_of(log, *fault));
        }
    }
    return reports;
}

}  // namespace

std::vector<FaultReport> check_faults(const Scenario& scenario, const EventLog& events) {
    return check_faults(LogIndex{scenario, events});
}

Judgement judge(const Scenario& scenario, const EventLog& events, const JudgeOptions& options) {
    const LogIndex log{scenario, events};
    Judgement judgement;
    if (log.is_real_time()) judgement.stalled = log.stalled_in({Duration{}, log.end_time()});
    judgement.virtual_time = log.end_time();
    judgement.time_in_calls = time_in_calls(log);
    const Problem problem = problem_of_run(log);
    judgement.run_problem = problem.message;
    judgement.run_advice = problem.advice;
    if (log.end() != nullptr && log.end()->reason == "skipped") {
        judgement.verdict = Verdict::skipped;
        return judgement;
    }
    judgement.findings = check_expectations(log);
    // In a run that broke, calls without an end are a consequence.
    if (problem.message.empty()) {
        auto endless = check_ends(log);
        judgement.findings.insert(judgement.findings.end(),
                                  std::make_move_iterator(endless.begin()),
                                  std::make_move_iterator(endless.end()));
    }
    if (options.faults == FaultPresence::armed) judgement.faults = check_faults(log);
    judgement.verdict = problem.message.empty() ? Verdict::pass : Verdict::error;
    for (const Finding& finding : judgement.findings) {
        judgement.verdict = graver(judgement.verdict, finding.verdict);
    }
    for (const FaultReport& fault : judgement.faults) {
        judgement.verdict = graver(judgement.verdict, fault.verdict);
    }
    return judgement;
}

}  // namespace etimedout
