// ScenarioResult: one scenario that was run, or skipped, with all that reports tell of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/expect/verdict.hh"
#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

struct ScenarioResult {
    Scenario scenario{};
    Judgement judgement{};
    EventLog log{};
    Duration virtual_time{};  // how far the world's clock came
    Duration real_time{};     // how long that took
    std::string clock{};      // virtual or real; empty when skipped
    std::uint64_t seed = 0;
    std::string kept_in{};         // folder with log and captures, or empty
    std::string repeat_command{};  // runs exactly this again
    std::string skip_reason{};     // what this machine lacks
    std::string skip_remedy{};
    std::string program_output{};  // the world's own words, for errors
};

// How many became what.
struct Totals {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t errors = 0;
    std::size_t inconclusive = 0;
    std::size_t skipped = 0;
    Duration virtual_time{};   // of the scenarios with a virtual clock
    Duration time_in_calls{};  // of that, while at least one call ran
    bool operator==(const Totals&) const = default;
    std::size_t all() const { return passed + failed + errors + inconclusive + skipped; }
};

Totals totals_of(const std::vector<ScenarioResult>& results);
void count(Totals& totals, const ScenarioResult& result);

// What is wrong with a result, in one line; empty for one that passed.
std::string reason_of(const ScenarioResult& result);

}  // namespace etimedout
