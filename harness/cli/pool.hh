// Pool: many runs side by side, each in a folder of its own, delivered in their order.
#pragma once

#include <functional>
#include <vector>

#include "harness/run/driver.hh"
#include "simulator/vm/keeper.hh"

namespace etimedout {

// One thing to run. A skipped one has its result already and is only delivered.
struct PoolEntry {
    RunRequest request{};
    std::optional<ScenarioResult> skipped{};
};

struct PoolEvents {
    // On the pool's threads; may be called for several entries at once.
    std::function<void(std::size_t index)> started{};
    // One at a time, in the order of the entries. The folder still holds all files of the run and
    // is gone afterwards.
    std::function<void(std::size_t index, ScenarioResult& result,
                       const std::filesystem::path& folder)>
        finished{};
};

// Runs `entries`, at most `jobs` at once. Stops starting new ones when interrupted.
void run_pool(const std::vector<PoolEntry>& entries, std::size_t jobs, const Driver& driver,
              const Keeper& keeper, const std::atomic<bool>& interrupted, const PoolEvents& events);

}  // namespace etimedout
