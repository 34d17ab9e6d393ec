// Session: what run and prove share: scenarios loaded, a world's ingredients found, runs planned.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/cli/options.hh"
#include "harness/cli/pool.hh"
#include "harness/cli/scenario_files.hh"
#include "simulator/vm/keeper.hh"

namespace etimedout {

// Scenarios that cannot be understood were shown already; the program ends with usage.
struct UsageShown {};

class Session {
public:
    // Loads everything, or shows what is wrong with it and throws UsageShown. The keeper forks:
    // construct a session before the first thread.
    explicit Session(const RunOptions& options);

    const Driver& driver() const { return *driver_; }
    const Keeper& keeper() const { return keeper_; }
    std::size_t jobs() const { return jobs_; }

    // One entry per row that the tags select, in the order of the files.
    const std::vector<PoolEntry>& entries() const { return entries_; }

private:
    void plan(const ScenarioFile& file, const RunOptions& options);

    Keeper keeper_;
    std::optional<std::filesystem::path> kernel_;
    std::unique_ptr<Driver> driver_;
    std::size_t jobs_ = 1;
    std::vector<PoolEntry> entries_;
};

// The same file with these places replaced, as a counter-example's are. Throws Error where they do
// not fit it.
Scenario scenario_with(const RunRequest& request, const std::map<std::string, std::string>& set);

// The command that runs this scenario again, the same way.
std::string repeat_command_of(const RunRequest& request);

// A name for a scenario's folder of results: its file's and its row's, made of safe characters.
std::string folder_name_of(const RunRequest& request);

}  // namespace etimedout
