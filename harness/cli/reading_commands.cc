// The commands that start nothing: check, list, recheck, faults, schema.
#include <algorithm>
#include <iostream>

#include <unistd.h>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/cli/commands.hh"
#include "harness/cli/kept_runs.hh"
#include "harness/cli/scenario_files.hh"
#include "harness/report/console.hh"
#include "harness/run/driver.hh"
#include "harness/scenario/json_schema.hh"
#include "harness/scenario/reference.hh"
#include "simulator/faults/all_faults.hh"

namespace etimedout {

ExitCode check_command(const RunOptions& options) {
    const LoadedScenarios loaded = load_scenarios(options.paths, options.variables);
    for (const ScenarioError& error : loaded.errors) fmt::print(stderr, "{}\n", error.render());
    for (const ScenarioError& advice : loaded.advice) fmt::print(stderr, "{}\n", advice.render());
    if (!loaded.errors.empty()) {
        fmt::print(stderr, "{} {}\n", loaded.errors.size(),
                   loaded.errors.size() == 1 ? "mistake" : "mistakes");
        return ExitCode::usage;
    }
    std::size_t rows = 0;
    for (const ScenarioFile& file : loaded.files) rows += file.rows.size();
    fmt::print("{} {} in {} {}: no mistakes\n", rows, rows == 1 ? "scenario" : "scenarios",
               loaded.files.size(), loaded.files.size() == 1 ? "file" : "files");
    return ExitCode::passed;
}

ExitCode list_command(const RunOptions& options) {
    const LoadedScenarios loaded = load_scenarios(options.paths, options.variables);
    for (const ScenarioError& error : loaded.errors) fmt::print(stderr, "{}\n", error.render());
    if (!loaded.errors.empty()) return ExitCode::usage;
    for (const ScenarioFile& file : loaded.files) {
        for (const Scenario& scenario : file.rows) {
            std::string tags;
            for (const std::string& tag : scenario.tags) tags += (tags.empty() ? "" : ", ") + tag;
            fmt::print("{}\n    {}{}\n", file.path.string(), scenario.name,
                       tags.empty() ? "" : fmt::format("  [{}]", tags));
        }
    }
    return ExitCode::passed;
}

ExitCode recheck_command(const std::vector<std::filesystem::path>& folders, ColorChoice color) {
    const ConsoleStyle style = console_style(color, ::isatty(STDOUT_FILENO) == 1);
    std::vector<ScenarioResult> results;
    for (const auto& folder : folders) {
        for (const auto& run : kept_runs_in(folder)) {
            ScenarioResult result = recheck_folder(run);
            result.repeat_command = fmt::format("etimedout recheck {}", run.string());
            fmt::print("{}\n", scenario_line(result, style));
            if (result.judgement.verdict != Verdict::pass) {
                fmt::print("{}\n", failure_screen(result, style, ScreenTitle::left_out));
            }
            results.push_back(std::move(result));
        }
    }
    return exit_code_of(results, SkipRule::allowed);
}

ExitCode faults_command(const std::string& kind) {
    if (kind.empty()) {
        std::cout << fault_list();
        return ExitCode::passed;
    }
    std::vector<std::string_view> kinds;
    AllFaults::for_each([&]<class T>(std::type_identity<T>) { kinds.push_back(T::kind); });
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        const std::string_view near = did_you_mean(kind, kinds);
        throw UsageError{fmt::format("there is no fault `{}`", kind),
                         near.empty() ? "`etimedout faults` lists them"
                                      : fmt::format("did you mean `{}`?", near)};
    }
    std::cout << fault_reference(kind);
    return ExitCode::passed;
}

ExitCode schema_command() {
    std::cout << json_schema();
    return ExitCode::passed;
}

}  // namespace etimedout
