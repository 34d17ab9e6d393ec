// `etimedout run`: every scenario in a world of its own, a line for each, reports, an exit code.
#include <atomic>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <fmt/format.h>

#include "harness/cli/commands.hh"
#include "harness/cli/interrupt.hh"
#include "harness/cli/kept_runs.hh"
#include "harness/cli/report_files.hh"
#include "harness/cli/session.hh"
#include "harness/report/console.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

// Where the log and captures of failed runs go unless --keep says otherwise.
constexpr std::string_view failed_folder = "etimedout-failed";

bool is_kept(const RunOptions& options, Verdict verdict) {
    return options.keep || verdict == Verdict::fail || verdict == Verdict::error ||
           verdict == Verdict::inconclusive;
}

bool was_interrupted(const ScenarioResult& result) {
    if (result.log.empty()) return false;
    const auto* end = std::get_if<LogEnd>(&result.log.back().what);
    return end != nullptr && end->reason == "interrupted";
}

class RunPrinter {
public:
    RunPrinter(const RunOptions& options, const Session& session)
        : options_{options},
          session_{session},
          style_{console_style(options.color, ::isatty(STDOUT_FILENO) == 1)},
          live_{::isatty(STDERR_FILENO) == 1, session.entries().size()},
          kept_{options.keep.value_or(fs::path{failed_folder})} {}

    void started(std::size_t index) {
        live_.started(session_.entries()[index].request.scenario.name);
    }

    void finished(std::size_t index, ScenarioResult& result, const fs::path& folder) {
        const RunRequest& request = session_.entries()[index].request;
        result.repeat_command = repeat_command_of(request);
        if (!folder.empty() && is_kept(options_, result.judgement.verdict)) {
            result.kept_in = kept_.keep(folder, folder_name_of(request)).string();
        }
        live_.finished(result.scenario.name);
        if (was_interrupted(result)) {
            fmt::print("stopped {}\n  kept in  {}\n", result.scenario.name, result.kept_in);
            return;
        }
        fmt::print("{}\n", scenario_line(result, style_));
        const Verdict verdict = result.judgement.verdict;
        if (verdict == Verdict::fail || verdict == Verdict::error ||
            verdict == Verdict::inconclusive) {
            fmt::print("{}\n", failure_screen(result, style_, ScreenTitle::left_out));
        }
        std::fflush(stdout);
        results_.push_back(result);
        if (verdict == Verdict::pass) results_.back().log.clear();  // reports show failures only
    }

    const std::vector<ScenarioResult>& results() const { return results_; }
    const ConsoleStyle& style() const { return style_; }
    void end() { live_.clear(); }

private:
    const RunOptions& options_;
    const Session& session_;
    ConsoleStyle style_;
    LiveStatus live_;
    KeptRuns kept_;
    std::vector<ScenarioResult> results_;
};

}  // namespace

ExitCode run_command(const RunOptions& options) {
    const std::atomic<bool>& interrupted = interrupted_flag();  // before there is anything to undo
    const ReportFiles reports{options.reports};  // a wrong name is found before anything runs
    const Session session{options};
    RunPrinter printer{options, session};

    const auto began = std::chrono::steady_clock::now();
    run_pool(
        session.entries(), session.jobs(), session.driver(), session.keeper(), interrupted,
        {.started = [&](std::size_t index) { printer.started(index); },
         .finished = [&](std::size_t index, ScenarioResult& result,
                         const fs::path& folder) { printer.finished(index, result, folder); }});
    const Duration real = std::chrono::steady_clock::now() - began;
    printer.end();

    fmt::print("{}\n", summary_line(printer.results(), real, printer.style()));
    reports.write(printer.results());
    if (interrupted) {
        fmt::print("interrupted: {} of {} runs were over, nothing is left of the others\n",
                   printer.results().size(), session.entries().size());
        return ExitCode::interrupted;
    }
    return exit_code_of(printer.results(), options.skips);
}

}  // namespace etimedout
