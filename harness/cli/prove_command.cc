// `etimedout prove`: runs each scenario as written and in the runs in which its expectations must
// fail, and reports those that fail in none.
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include <unistd.h>

#include <fmt/format.h>

#include "harness/cli/commands.hh"
#include "harness/cli/interrupt.hh"
#include "harness/cli/kept_runs.hh"
#include "harness/cli/session.hh"
#include "harness/expect/prove.hh"
#include "harness/report/console.hh"

namespace etimedout {

namespace {

// One scenario's runs among all runs of the command.
struct Group {
    std::size_t full = 0;
    std::vector<std::pair<std::string, std::size_t>> counter_runs{};  // name, entry
};

struct Plan {
    std::vector<PoolEntry> entries{};
    std::vector<Group> groups{};
};

bool has_faults(const Scenario& scenario) {
    for (const Step& step : scenario.steps) {
        if (std::holds_alternative<FaultStep>(step.what)) return true;
    }
    return false;
}

// The same file with a counter-example's values in place. Throws Error where they do not fit.
Scenario with_values(const RunRequest& request, const CounterExample& example) {
    try {
        return scenario_with(request, example.set);
    } catch (const Error& error) {
        throw Error{fmt::format("{}: the counter-example `{}` does not fit the scenario:\n{}",
                                request.order.file, example.name, error.what())};
    }
}

void add_counter_runs(const PoolEntry& full, Plan& plan, Group& group) {
    const Scenario& scenario = full.request.scenario;
    if (has_faults(scenario)) {
        PoolEntry entry = full;
        entry.request.order.faults = FaultUse::left_out;
        group.counter_runs.emplace_back("without faults", plan.entries.size());
        plan.entries.push_back(std::move(entry));
    }
    for (const CounterExample& example : scenario.counter_examples) {
        PoolEntry entry = full;
        entry.request.scenario = with_values(full.request, example);
        entry.request.order.set = example.set;
        group.counter_runs.emplace_back(example.name, plan.entries.size());
        plan.entries.push_back(std::move(entry));
    }
}

Plan plan_of(const Session& session) {
    Plan plan;
    for (const PoolEntry& entry : session.entries()) {
        Group group{plan.entries.size(), {}};
        plan.entries.push_back(entry);
        if (!entry.skipped) add_counter_runs(entry, plan, group);
        plan.groups.push_back(std::move(group));
    }
    return plan;
}

// What is said of one scenario; the worst of all is the exit code.
ExitCode report_group(const Group& group, const std::vector<ScenarioResult>& results,
                      const ConsoleStyle& style) {
    const ScenarioResult& full = results[group.full];
    if (full.judgement.verdict == Verdict::skipped) {
        fmt::print("{}\n", scenario_line(full, style));
        return ExitCode::passed;
    }
    if (full.judgement.verdict != Verdict::pass) {
        fmt::print("{}\n{}\n", scenario_line(full, style),
                   failure_screen(full, style, ScreenTitle::left_out));
        return full.judgement.verdict == Verdict::error ? ExitCode::environment : ExitCode::failed;
    }
    std::vector<NamedJudgement> runs;
    for (const auto& [name, index] : group.counter_runs) {
        runs.push_back({name, results[index].judgement});
    }
    const Proof proof = prove_expectations(full.scenario, full.judgement, runs);
    fmt::print("{}\n", proof_text(full, proof, style));
    if (!proof.vacuous.empty()) return ExitCode::failed;
    return proof.problems.empty() ? ExitCode::passed : ExitCode::environment;
}

}  // namespace

ExitCode prove_command(const RunOptions& options) {
    const std::atomic<bool>& interrupted = interrupted_flag();  // before there is anything to undo
    const Session session{options};
    const ConsoleStyle style = console_style(options.color, ::isatty(STDOUT_FILENO) == 1);
    Plan plan = plan_of(session);
    std::vector<ScenarioResult> results(plan.entries.size());
    std::optional<KeptRuns> kept;
    if (options.keep) kept.emplace(*options.keep);
    std::size_t next_group = 0;
    ExitCode worst = ExitCode::passed;
    const auto last_of = [](const Group& group) {
        return group.counter_runs.empty() ? group.full : group.counter_runs.back().second;
    };
    run_pool(plan.entries, session.jobs(), session.driver(), session.keeper(), interrupted,
             {.finished = [&](std::size_t index, ScenarioResult& result,
                              const std::filesystem::path& folder) {
                 const RunRequest& request = plan.entries[index].request;
                 result.repeat_command = repeat_command_of(request);
                 const bool as_written = index == plan.groups[next_group].full;
                 if (kept && as_written && !folder.empty()) {
                     result.kept_in = kept->keep(folder, folder_name_of(request)).string();
                 }
                 results[index] = result;
                 if (index != last_of(plan.groups[next_group])) return;
                 const std::size_t first = plan.groups[next_group].full;
                 const ExitCode code = report_group(plan.groups[next_group], results, style);
                 // Of a whole library the logs would fill the memory.
                 std::fill(results.begin() + static_cast<std::ptrdiff_t>(first),
                           results.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                           ScenarioResult{});
                 if (worst == ExitCode::passed || code == ExitCode::environment) worst = code;
                 ++next_group;
                 std::fflush(stdout);
             }});
    if (interrupted) return ExitCode::interrupted;
    const auto count = [](std::size_t many, std::string_view what) {
        return fmt::format("{} {}{}", many, what, many == 1 ? "" : "s");
    };
    fmt::print("{}, {}: {}\n", count(plan.groups.size(), "scenario"),
               count(plan.entries.size(), "run"),
               worst == ExitCode::passed ? "no expectation is vacuous"
                                         : "not every expectation is proved, see above");
    return worst;
}

}  // namespace etimedout
