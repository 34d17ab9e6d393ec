// Scenario files: which files a command's paths mean, and what is in them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/scenario/parse.hh"

namespace etimedout {

// One file as it was read, with its rows.
struct ScenarioFile {
    std::filesystem::path path;
    std::string text;
    std::vector<Scenario> rows;
};

// Either everything was understood, or there are errors and nothing may be started.
struct LoadedScenarios {
    std::vector<ScenarioFile> files;
    std::vector<ScenarioError> errors;
    std::vector<ScenarioError> advice;
};

// A folder means every .yaml or .yml file in and below it whose first key is `scenario`, in the
// order of their names. Throws UsageError for a path that does not exist or holds no scenario.
std::vector<std::filesystem::path> find_scenario_files(
    const std::vector<std::filesystem::path>& paths);

LoadedScenarios load_scenarios(const std::vector<std::filesystem::path>& paths,
                               const std::map<std::string, std::string>& variables);

}  // namespace etimedout
