// Judge: from a scenario and the log of a run to its verdict; pure, so a log can be judged again.
#pragma once

#include <optional>
#include <vector>

#include "harness/expect/verdict.hh"
#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// Whether the run had the scenario's faults, or was one of the runs in which expectations must
// fail.
enum class FaultPresence { armed, left_out };

struct JudgeOptions {
    // How long the machine stalled during the run. A missed *time* bound of a log with the clock
    // "real" is inconclusive when it was missed by less; counts, order and status never are.
    std::optional<Duration> stalled{};
    FaultPresence faults = FaultPresence::armed;
};

// One finding per fact of each expectation, in the scenario's order, passes included.
std::vector<Finding> check_expectations(const Scenario& scenario, const EventLog& log,
                                        const JudgeOptions& options = {});

// One report per fault step, in the scenario's order.
std::vector<FaultReport> check_faults(const Scenario& scenario, const EventLog& log);

// All of it: expectations, faults, and whether the run itself can be believed. A call that never
// ended, although no expectation asks for that, is a finding of its own.
Judgement judge(const Scenario& scenario, const EventLog& log, const JudgeOptions& options = {});

// How long a world must be watched after its last step, so that what must not happen had its
// chance: the longest that any expectation needs; zero when none does.
Duration settle_of(const Scenario& scenario);

}  // namespace etimedout
