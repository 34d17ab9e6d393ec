// Prove: an expectation that fails in no run in which it should says nothing.
#include "harness/expect/prove.hh"

#include <algorithm>

#include <fmt/format.h>

namespace etimedout {

namespace {

bool is_about_faults(const Finding& finding) {
    return finding.fact == "fired" || finding.fact == "matched";
}

// A wrong name proves nothing: it would fail in every run.
bool fails(const Finding& finding) {
    if (finding.verdict == Verdict::fail) return true;
    return finding.verdict == Verdict::error &&
           (finding.cause == ErrorCause::absent || finding.cause == ErrorCause::unseen);
}

bool fails_in(const Judgement& judgement, std::size_t index) {
    return std::any_of(
        judgement.findings.begin(), judgement.findings.end(), [&](const Finding& finding) {
            return finding.index == index && !is_about_faults(finding) && fails(finding);
        });
}

// Expectations of `fired` and `matched` alone say nothing about the system under test.
bool is_to_be_proved(const Judgement& with_faults, std::size_t index) {
    return std::any_of(with_faults.findings.begin(), with_faults.findings.end(),
                       [&](const Finding& finding) {
                           return finding.index == index && !is_about_faults(finding);
                       });
}

std::string advice_for(const Scenario& scenario, const std::vector<NamedJudgement>& tried) {
    if (scenario.counter_examples.empty()) {
        return tried.empty() ? "add a `counter_example` in which it must fail"
                             : "it holds without the faults too: make it stricter, or add a "
                               "`counter_example` in which it must fail";
    }
    return "make it stricter, or add a `counter_example` in which it must fail";
}

}  // namespace

Proof prove_expectations(const Scenario& scenario, const Judgement& with_faults,
                         const std::vector<NamedJudgement>& without) {
    Proof proof;
    std::vector<const NamedJudgement*> usable;
    std::vector<std::string> names;
    for (const NamedJudgement& run : without) {
        const Judgement& judgement = run.judgement;
        if (judgement.verdict == Verdict::skipped || !judgement.run_problem.empty()) {
            proof.problems.push_back(fmt::format(
                "the run \"{}\" proves nothing: {}", run.name,
                judgement.run_problem.empty() ? "it was skipped" : judgement.run_problem));
            continue;
        }
        usable.push_back(&run);
        names.push_back(run.name);
    }
    for (std::size_t i = 0; i < scenario.expectations.size(); ++i) {
        if (!is_to_be_proved(with_faults, i)) continue;
        const Expectation& expectation = scenario.expectations[i];
        std::vector<std::string> failed_in;
        for (const NamedJudgement* run : usable) {
            if (fails_in(run->judgement, i)) failed_in.push_back(run->name);
        }
        if (!failed_in.empty()) {
            proof.proved.push_back({i, expectation.where, expectation.text, std::move(failed_in)});
            continue;
        }
        proof.vacuous.push_back(
            {i, expectation.where, expectation.text,
             usable.empty() ? "no run in which it should fail could be made"
                            : fmt::format("it failed in none of: {}", fmt::join(names, ", ")),
             advice_for(scenario, without)});
    }
    return proof;
}

std::vector<Vacuity> vacuous_expectations(const Scenario& scenario, const Judgement& with_faults,
                                          const std::vector<NamedJudgement>& without) {
    return prove_expectations(scenario, with_faults, without).vacuous;
}

}  // namespace etimedout
