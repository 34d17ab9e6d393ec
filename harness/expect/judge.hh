// Judge: from a scenario and the log of a run to its verdict; pure, so a log can be judged again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/expect/verdict.hh"
#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// Whether the run had the scenario's faults, or was one of the runs in which expectations must
// fail.
enum class FaultPresence { armed, left_out };

struct JudgeOptions {
    FaultPresence faults = FaultPresence::armed;
};

// One finding per fact of each expectation, in the scenario's order, passes included. In real time
// a *time* bound that was missed by less than the machine stalled is inconclusive; counts, order
// and status never are.
std::vector<Finding> check_expectations(const Scenario& scenario, const EventLog& log);

// One report per fault step, in the scenario's order.
std::vector<FaultReport> check_faults(const Scenario& scenario, const EventLog& log);

// All of it: expectations, faults, and whether the run itself can be believed. A call that never
// ended, although no expectation asks for that, is a finding of its own.
Judgement judge(const Scenario& scenario, const EventLog& log, const JudgeOptions& options = {});

// How long a world must be watched so that what must not happen had its chance: the longest that
// any expectation needs, and the times are zero when none does.
struct Settling {
    Duration after_steps{};
    // By link: how long after the last packet there, which may be a late answer or one attempt
    // more.
    std::map<std::string, Duration> after_traffic{};
    bool operator==(const Settling&) const = default;
};
Settling settling_of(const Scenario& scenario);

// Until when: traffic that never pauses (health checks) is waited for in vain, and no longer than
// `patience` times what would be enough without it; and not beyond `limit`, unless the time after
// the steps is longer.
inline constexpr int patience = 4;
using LastPacket = std::function<std::optional<Duration>(const std::string& link)>;
Duration watched_until(const Settling& settling, Duration steps_end, const LastPacket& last_packet,
                       Duration limit);

}  // namespace etimedout
