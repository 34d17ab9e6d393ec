// `etimedout isolate`: runs a scenario again with one thing taken out at a time, and says which of
// them turns the result.
#include <algorithm>
#include <filesystem>
#include <map>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/commands.hh"
#include "harness/cli/diagnosis_output.hh"
#include "harness/cli/interrupt.hh"
#include "harness/cli/isolate_plan.hh"
#include "harness/cli/session.hh"
#include "harness/diagnose/diagnose.hh"
#include "harness/report/console.hh"

namespace etimedout {

namespace {

struct IsolatedChange {
    Change change{};
    std::optional<std::size_t> entry{};  // none: it cannot be made
};

// One scenario's runs among all runs of the command.
struct Isolation {
    std::size_t full = 0;
    std::vector<IsolatedChange> changes{};
    std::size_t last = 0;
};

struct IsolationPlan {
    std::vector<PoolEntry> entries{};
    std::vector<Isolation> groups{};
};

IsolatedChange entry_of(const PoolEntry& full, Change change, std::vector<PoolEntry>& entries) {
    if (!change.impossible.empty()) return {std::move(change), std::nullopt};
    PoolEntry entry = full;
    if (!change.without.empty()) entry.request.order.without.push_back(change.without);
    if (!change.set.empty()) {
        entry.request.order.set = change.set;
        try {
            entry.request.scenario = scenario_with(full.request, change.set);
        } catch (const Error& error) {
            change.impossible = error.what();
            return {std::move(change), std::nullopt};
        }
    }
    entries.push_back(std::move(entry));
    return {std::move(change), entries.size() - 1};
}

IsolationPlan plan_isolation(const Session& session) {
    IsolationPlan plan;
    for (const PoolEntry& entry : session.entries()) {
        Isolation group{.full = plan.entries.size()};
        plan.entries.push_back(entry);
        if (!entry.skipped) {
            for (Change& change : changes_of(entry.request.scenario)) {
                group.changes.push_back(entry_of(entry, std::move(change), plan.entries));
            }
        }
        group.last = plan.entries.size() - 1;
        plan.groups.push_back(std::move(group));
    }
    return plan;
}

// Calls that matter: those that failed as written.
std::string calls_text(const std::vector<CallResult>& calls,
                       const std::vector<CallResult>& as_written) {
    std::vector<std::string> parts;
    for (const CallResult& before : as_written) {
        if (!before.failed) continue;
        for (const CallResult& call : calls) {
            if (call.call != before.call) continue;
            parts.push_back(fmt::format("{}: {} after {}", call.call, call.what, human(call.took)));
        }
    }
    constexpr std::size_t most = 3;
    if (parts.size() > most) {
        const std::size_t rest = parts.size() - most;
        parts.resize(most);
        parts.push_back(fmt::format("and {} more", rest));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

void print_row(const std::string& name, const std::string& what, std::size_t width) {
    fmt::print("  {}  {}\n", padded(name, width), what);
}

void print_diagnoses(const EventLog& log) {
    std::vector<std::string> said;
    for (const CaseDiagnosis& one : diagnose(log)) {
        std::string line = diagnosis_line(one.diagnosis);
        if (std::find(said.begin(), said.end(), line) != said.end()) continue;
        fmt::print("  diagnosed: {}\n", line);
        said.push_back(std::move(line));
    }
}

// What is said of one scenario.
void report_isolation(const Isolation& group, const std::vector<ScenarioResult>& results,
                      const ConsoleStyle& style) {
    const ScenarioResult& full = results[group.full];
    fmt::print("{}\n", scenario_line(full, style));
    if (full.judgement.verdict == Verdict::skipped) return;
    const std::vector<CallResult> as_written = call_results(full.log);
    if (std::none_of(as_written.begin(), as_written.end(),
                     [](const CallResult& call) { return call.failed; })) {
        fmt::print("  no call failed: there is nothing to isolate\n");
        return;
    }
    std::size_t width = std::string_view{"as written"}.size();
    for (const auto& one : group.changes) width = std::max(width, width_of(one.change.name));
    print_row("as written", calls_text(as_written, as_written), width);
    std::vector<std::string> matter;
    for (const auto& [change, entry] : group.changes) {
        if (!entry) {
            print_row(change.name, "cannot be: " + change.impossible, width);
            continue;
        }
        const ScenarioResult& result = results[*entry];
        if (!result.judgement.run_problem.empty()) {
            print_row(change.name, "says nothing: " + result.judgement.run_problem, width);
            continue;
        }
        const std::vector<CallResult> calls = call_results(result.log);
        const std::vector<std::string> better = turned(as_written, calls);
        print_row(change.name,
                  calls_text(calls, as_written) + (better.empty() ? "" : "   <- turns it"), width);
        if (!better.empty()) {
            matter.push_back(fmt::format("{} ({})", change.name, fmt::join(better, ", ")));
        }
    }
    if (matter.empty()) {
        fmt::print(
            "  no single change turns it: the cause is in the programs, or there are several\n");
    } else if (matter.size() == 1) {
        fmt::print("  what matters: {}\n", matter.front());
    } else {
        fmt::print("  each of these alone turns it: {}\n", fmt::join(matter, "; "));
    }
    print_diagnoses(full.log);
}

}  // namespace

ExitCode isolate_command(const RunOptions& options) {
    const std::atomic<bool>& interrupted = interrupted_flag();  // before there is anything to undo
    const Session session{options};
    const ConsoleStyle style = console_style(options.color, ::isatty(STDOUT_FILENO) == 1);
    const IsolationPlan plan = plan_isolation(session);
    std::vector<ScenarioResult> results(plan.entries.size());
    std::size_t next_group = 0;
    ExitCode worst = ExitCode::passed;
    run_pool(
        plan.entries, session.jobs(), session.driver(), session.keeper(), interrupted,
        {.finished = [&](std::size_t index, ScenarioResult& result, const std::filesystem::path&) {
            results[index] = result;
            const Isolation& group = plan.groups[next_group];
            if (index != group.last) return;
            report_isolation(group, results, style);
            if (results[group.full].judgement.verdict == Verdict::error) {
                worst = ExitCode::environment;
            }
            ++next_group;
            std::fflush(stdout);
        }});
    return interrupted ? ExitCode::interrupted : worst;
}

}  // namespace etimedout
