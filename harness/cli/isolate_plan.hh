// Changes: what can be taken out of a scenario, one thing at a time, and what that changed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// One run that differs from the scenario in one thing.
struct Change {
    std::string name{};                        // "without the fault `silence`"
    std::string without{};                     // a fault's id, or empty
    std::map<std::string, std::string> set{};  // places of the file, as counter-examples have them
    std::string impossible{};                  // why it cannot be made; empty where it can
    bool operator==(const Change&) const = default;
};

// Each fault left out; each node that is called and calls on bypassed: who calls it calls what it
// calls.
std::vector<Change> changes_of(const Scenario& scenario);

// What became of each call, repetitions in their order: "c1: status 504 after 30s".
struct CallResult {
    std::string call{};  // with its repetition, where there are several
    std::string what{};
    Duration took{};
    bool failed = false;
};
std::vector<CallResult> call_results(const EventLog& log);

// The calls that failed in the first and did not in the second.
std::vector<std::string> turned(const std::vector<CallResult>& as_written,
                                const std::vector<CallResult>& changed);

}  // namespace etimedout
