// Driver: runs one scenario in a world of its own, from the host's side, and judges its log.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/report/result.hh"
#include "harness/run/order.hh"
#include "harness/scenario/model.hh"

namespace etimedout {

class Keeper;

// What all runs of one command share.
struct DriverPlan {
    std::filesystem::path program;  // this program, which is also every world's process 1
    std::optional<std::filesystem::path> kernel{};  // the virtual kernel, if one is installed
    const Keeper* keeper = nullptr;                 // told of every virtual machine
};

// One run of one scenario.
struct RunRequest {
    Scenario scenario;
    std::string text;  // the whole file it came from
    RunOrder order;    // its clock is chosen already
};

class Driver {
public:
    Driver(DriverPlan plan, const std::atomic<bool>& interrupted);

    // Builds a world in `folder` (which must exist and be empty), runs it to its end and judges
    // its log. Whatever goes wrong with the world is a verdict; only what no run can do without
    // throws. Afterwards the folder holds scenario.yaml, run.json, events.jsonl and the captures.
    ScenarioResult run(const RunRequest& request, const std::filesystem::path& folder) const;

private:
    DriverPlan plan_;
    const std::atomic<bool>& interrupted_;
};

// Which clock a scenario gets, or why none.
struct ClockChoice {
    std::string name{};  // virtual or real; empty: skipped
    std::string because{};
    std::string remedy{};
};
ClockChoice choose_clock(const Scenario& scenario, TimeChoice asked,
                         const std::optional<std::filesystem::path>& kernel);

// Judges a folder that an earlier run left, without running anything.
ScenarioResult recheck_folder(const std::filesystem::path& folder);

}  // namespace etimedout
