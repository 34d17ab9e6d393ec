// Scenario files: which files a command's paths mean, and what is in them.
#include "harness/cli/scenario_files.hh"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/run/folder.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

// More than any scenario needs; a file beyond it is not read at all.
constexpr std::uintmax_t largest_file = 1U << 20U;

bool has_yaml_name(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

// A folder may hold other YAML beside its scenarios, such as a program's configuration.
bool begins_like_a_scenario(const fs::path& path) {
    std::ifstream file{path};
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#' || line == "---") continue;
        return line.starts_with("scenario:");
    }
    return false;
}

void add_folder(const fs::path& folder, std::vector<fs::path>& found) {
    std::vector<fs::path> inside;
    fs::recursive_directory_iterator entries{folder};
    for (; entries != fs::recursive_directory_iterator{}; ++entries) {
        const auto& entry = *entries;
        // What others wrote, and a great many files.
        if (entry.is_directory() && entry.path().filename() == "node_modules") {
            entries.disable_recursion_pending();
        }
        if (entry.is_regular_file() && has_yaml_name(entry.path()) &&
            begins_like_a_scenario(entry.path())) {
            inside.push_back(entry.path());
        }
    }
    if (inside.empty()) {
        throw UsageError{fmt::format("{}: no scenario in this folder", folder.string()),
                         "a scenario is a .yaml file that begins with `scenario: 1`; "
                         "`etimedout new blackhole` writes one"};
    }
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
}

ScenarioError file_error(const fs::path& path, std::string message, std::string advice) {
    ScenarioError error;
    error.file = path.string();
    error.where = {1, 1};
    error.message = std::move(message);
    error.advice = std::move(advice);
    return error;
}

}  // namespace

std::vector<fs::path> find_scenario_files(const std::vector<fs::path>& paths) {
    std::vector<fs::path> found;
    for (const fs::path& path : paths) {
        if (fs::is_directory(path)) {
            add_folder(path, found);
        } else if (fs::exists(path)) {
            found.push_back(path);
        } else {
            throw UsageError{fmt::format("{}: no such file or folder", path.string()),
                             "name a scenario file, or a folder of them"};
        }
    }
    return found;
}

LoadedScenarios load_scenarios(const std::vector<fs::path>& paths,
                               const std::map<std::string, std::string>& variables) {
    LoadedScenarios loaded;
    for (const fs::path& path : find_scenario_files(paths)) {
        if (const auto size = fs::file_size(path); size > largest_file) {
            loaded.errors.push_back(file_error(
                path, fmt::format("this file has {} bytes; a scenario has at most 1 MiB", size),
                "is it a scenario? large bodies are written as `body_size: 10M`"));
            continue;
        }
        std::ifstream stream{path, std::ios::binary};
        if (!stream) {
            loaded.errors.push_back(
                file_error(path, "this file cannot be read", "check its permissions"));
            continue;
        }
        ScenarioFile file{path, read_whole_file(path), {}};
        ParseOptions options;
        options.variables = variables;
        auto parsed = parse_scenarios(file.text, path.string(), options);
        if (auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
            loaded.errors.insert(loaded.errors.end(), errors->begin(), errors->end());
            continue;
        }
        file.rows = std::get<std::vector<Scenario>>(std::move(parsed));
        auto findings = advice(file.text, path.string(), options);
        loaded.advice.insert(loaded.advice.end(), findings.begin(), findings.end());
        loaded.files.push_back(std::move(file));
    }
    return loaded;
}

}  // namespace etimedout
