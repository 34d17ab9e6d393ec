// Prove: which expectations can fail at all, from the judgements of runs in which they should.
#pragma once

#include <string>
#include <vector>

#include "harness/expect/verdict.hh"
#include "harness/scenario/model.hh"

namespace etimedout {

// A run that differs from the scenario in one thing: "without faults", or a counter-example's name.
struct NamedJudgement {
    std::string name{};
    Judgement judgement{};
};

// An expectation that failed in none of these runs, and so says nothing.
struct Vacuity {
    std::size_t index = 0;  // of the expectation, from 0
    Where where{};
    std::string expectation{};
    std::string message{};
    std::string advice{};
    bool operator==(const Vacuity&) const = default;
};

// An expectation and the runs in which it failed.
struct ProvedExpectation {
    std::size_t index = 0;
    Where where{};
    std::string expectation{};
    std::vector<std::string> failed_in{};
    bool operator==(const ProvedExpectation&) const = default;
};

struct Proof {
    std::vector<ProvedExpectation> proved{};
    std::vector<Vacuity> vacuous{};
    std::vector<std::string> problems{};  // runs that prove nothing, and why
    bool operator==(const Proof&) const = default;
};

// An expectation is proved by a run in which one of its facts failed, or in which what it is about
// never came to be. Expectations of `fired` and `matched` alone are left out. A run that broke by
// itself proves nothing.
Proof prove_expectations(const Scenario& scenario, const Judgement& with_faults,
                         const std::vector<NamedJudgement>& without);

std::vector<Vacuity> vacuous_expectations(const Scenario& scenario, const Judgement& with_faults,
                                          const std::vector<NamedJudgement>& without);

}  // namespace etimedout
