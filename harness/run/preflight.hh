// Preflight: whether this machine has what a scenario needs, before anything is started.
#pragma once

#include <filesystem>
#include <optional>

#include "harness/scenario/model.hh"
#include "simulator/base/error.hh"

namespace etimedout {

// Why the scenario must be skipped here, and what to install; nothing when it can run.
std::optional<Problem> missing_for(const Scenario& scenario, const std::string& clock,
                                   const std::filesystem::path& scenario_dir);

}  // namespace etimedout
