// Console: one line per scenario, the summary, and the live status of a terminal.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "harness/expect/prove.hh"
#include "harness/report/result.hh"
#include "harness/report/screen.hh"
#include "harness/report/text.hh"

namespace etimedout {

// So wide that all names fit, within reason.
std::size_t name_width_for(const std::vector<std::string>& names);

// None of these ends with an end of line.

// "pass  NAME   30.1s in 0.61s"; for what was skipped, the reason and the remedy follow.
std::string scenario_line(const ScenarioResult& result, const ConsoleStyle& style);

// "24 passed, 1 failed: 412.3 virtual seconds, 400.1 in calls, in 6.1 real seconds (66x)": the
// ratio is that of the time in calls. `elapsed` is what the whole command took: scenarios overlap.
std::string summary_line(const Totals& totals, Duration elapsed, const ConsoleStyle& style);
std::string summary_line(const std::vector<ScenarioResult>& results, Duration elapsed,
                         const ConsoleStyle& style);

// "24 passed, 1 failed, 2 skipped".
std::string counts_text(const Totals& totals, Color color);

// What `prove` says of one scenario: each expectation and where it failed, or that it never did.
std::string proof_text(const ScenarioResult& with_faults, const Proof& proof,
                       const ConsoleStyle& style);

// One line that is written over and over: what runs now. Silent where there is no terminal. Not
// for several threads at once.
class LiveStatus {
public:
    LiveStatus(const Terminal& terminal, std::size_t total, std::ostream& out);
    // On standard error.
    LiveStatus(bool is_terminal, std::size_t total);
    LiveStatus(const LiveStatus&) = delete;
    LiveStatus& operator=(const LiveStatus&) = delete;
    ~LiveStatus() { clear(); }

    // "3 of 24 done, running: NAME; NAME"
    void started(const std::string& name);
    // Leaves the line empty, for what is to be written of it.
    void finished(const std::string& name);
    // Before anything else is written to the terminal.
    void clear();

private:
    void show();

    Terminal terminal_;
    std::size_t total_;
    std::ostream& out_;
    std::size_t done_ = 0;
    std::vector<std::string> running_;
    bool shown_ = false;
};

}  // namespace etimedout
