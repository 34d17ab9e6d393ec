// `etimedout diagnose`: names the root cause of each call that failed in a log, a kept run or a
// capture.
#include <array>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/cli/commands.hh"
#include "harness/cli/diagnosis_output.hh"
#include "harness/cli/kept_runs.hh"
#include "harness/diagnose/diagnose.hh"
#include "harness/report/console.hh"
#include "harness/run/folder.hh"
#include "simulator/events/jsonl.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

std::string advice_to_name_one() {
    return "name a folder or an events.jsonl written by `etimedout run --keep`, or a capture by "
           "`tcpdump -w`";
}

bool looks_like_a_log(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

// The magic numbers of pcap-savefile(5) in either byte order, with micro- and nanoseconds, and of
// pcapng, which is told apart later.
bool looks_like_a_capture(std::string_view bytes) {
    constexpr std::array<std::string_view, 5> magics{"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4",
                                                     "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
                                                     "\x0a\x0d\x0d\x0a"};
    for (const std::string_view magic : magics) {
        if (bytes.starts_with(magic)) return true;
    }
    return false;
}

EventLog read_source(const fs::path& path) {
    if (!fs::exists(path)) {
        throw UsageError{fmt::format("{}: no such file or folder", path.string()),
                         advice_to_name_one()};
    }
    if (fs::is_directory(path)) {
        if (!fs::exists(path / run_files::events)) {
            throw UsageError{
                fmt::format("{}: no {} in this folder", path.string(), run_files::events),
                advice_to_name_one()};
        }
        return read_source(path / run_files::events);
    }
    const std::string bytes = read_whole_file(path);
    try {
        if (looks_like_a_capture(bytes)) return log_of_capture(std::as_bytes(std::span{bytes}));
        if (looks_like_a_log(bytes)) return read_event_log(bytes).value();
    } catch (const Error& error) {
        throw UsageError{fmt::format("{}: {}", path.string(), error.what()), error.advice()};
    }
    throw UsageError{fmt::format("{}: neither an event log nor a capture", path.string()),
                     advice_to_name_one()};
}

}  // namespace

ExitCode diagnose_command(const std::vector<fs::path>& paths, OutputForm form, ColorChoice color) {
    std::vector<DiagnosedSource> sources;
    for (const fs::path& path : paths) {
        for (const fs::path& source : kept_runs_in(path)) {
            sources.push_back({source.string(), diagnose(read_source(source))});
        }
    }
    if (form == OutputForm::json) {
        fmt::print("{}", diagnosis_json(sources));
        return ExitCode::passed;
    }
    const ConsoleStyle style = console_style(color, ::isatty(STDOUT_FILENO) == 1);
    for (const DiagnosedSource& source : sources) {
        if (sources.size() > 1) fmt::print("{}\n", source.source);
        fmt::print("{}", diagnosis_text(source.cases, style));
    }
    return ExitCode::passed;
}

}  // namespace etimedout
