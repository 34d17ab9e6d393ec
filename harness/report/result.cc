// Results, counted and in one line.
#include "harness/report/result.hh"

#include <fmt/format.h>

namespace etimedout {

void count(Totals& totals, const ScenarioResult& result) {
    switch (result.judgement.verdict) {
        case Verdict::pass:
            ++totals.passed;
            break;
        case Verdict::fail:
            ++totals.failed;
            break;
        case Verdict::error:
            ++totals.errors;
            break;
        case Verdict::inconclusive:
            ++totals.inconclusive;
            break;
        case Verdict::skipped:
            ++totals.skipped;
            break;
    }
    if (result.clock == "virtual") {
        totals.virtual_time += result.virtual_time;
        totals.time_in_calls += result.judgement.time_in_calls;
    }
}

Totals totals_of(const std::vector<ScenarioResult>& results) {
    Totals totals;
    for (const ScenarioResult& result : results) count(totals, result);
    return totals;
}

std::string reason_of(const ScenarioResult& result) {
    const Judgement& judgement = result.judgement;
    if (judgement.verdict == Verdict::pass) return {};
    if (judgement.verdict == Verdict::skipped) {
        const std::string& reason =
            result.skip_reason.empty() ? judgement.run_problem : result.skip_reason;
        const std::string& remedy =
            result.skip_remedy.empty() ? judgement.run_advice : result.skip_remedy;
        return remedy.empty() ? reason : fmt::format("{}: {}", reason, remedy);
    }
    if (!judgement.run_problem.empty()) return judgement.run_problem;
    for (const FaultReport& fault : judgement.faults) {
        if (fault.verdict == judgement.verdict) return fault.message;
    }
    for (const Finding& finding : judgement.findings) {
        if (finding.verdict != judgement.verdict) continue;
        std::string reason = finding.fact;
        if (!finding.expected.empty()) reason += fmt::format(": expected {}", finding.expected);
        reason += fmt::format("{} {}", finding.verdict == Verdict::error ? ":" : ", observed",
                              finding.observed);
        if (!finding.missed_by.empty()) reason += fmt::format(" ({})", finding.missed_by);
        return reason;
    }
    return fmt::format("{}", word_of(judgement.verdict));
}

}  // namespace etimedout
