// Console: lines for people.
#include "harness/report/console.hh"

#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/expect/measure.hh"

namespace etimedout {

namespace {

constexpr std::size_t verdict_width = 5;
constexpr std::size_t least_name_width = 40;
constexpr std::size_t most_name_width = 76;

std::string verdict_word(Verdict verdict) {
    return verdict == Verdict::skipped ? "skip" : std::string{word_of(verdict)};
}

// Pads by what is seen, and inks after that.
std::string verdict_column(Verdict verdict, Color color) {
    const std::string word = verdict_word(verdict);
    const std::string blank(word.size() < verdict_width ? verdict_width - word.size() : 0, ' ');
    return inked(word, ink_of(verdict), color) + blank;
}

std::string times(const ScenarioResult& result) {
    if (result.clock == "virtual") {
        return fmt::format("{} in {}", padded_left(brief(result.virtual_time), 6),
                           brief(result.real_time));
    }
    return padded_left(brief(result.real_time), 6);
}

}  // namespace

std::size_t name_width_for(const std::vector<std::string>& names) {
    std::size_t width = least_name_width;
    for (const std::string& name : names) width = std::max(width, width_of(name));
    return std::min(width, most_name_width);
}

std::string scenario_line(const ScenarioResult& result, const ConsoleStyle& style) {
    const Verdict verdict = result.judgement.verdict;
    std::string text = fmt::format("{} ", verdict_column(verdict, style.color));
    const std::string name = one_line(result.scenario.name, 200);
    if (verdict == Verdict::skipped) {
        text += name;
    } else {
        // A verdict that is wider than its column takes its room from the name's.
        const std::size_t wider =
            std::max(verdict_word(verdict).size(), verdict_width) - verdict_width;
        const std::size_t room = style.name_width > wider ? style.name_width - wider : 0;
        text += fmt::format("{}  {}", padded(name, room), times(result));
    }
    if (verdict == Verdict::skipped || verdict == Verdict::inconclusive) {
        for (const std::string& line : wrapped(reason_of(result), 92)) {
            text += fmt::format("\n      {}", inked(line, Ink::dim, style.color));
        }
    }
    return text;
}

std::string counts_text(const Totals& totals, Color color) {
    if (totals.all() == 0) return "nothing ran";
    std::vector<std::string> parts;
    const auto part = [&](std::size_t count, const char* word, Verdict verdict) {
        if (count == 0) return;
        parts.push_back(inked(fmt::format("{} {}", count, word), ink_of(verdict), color));
    };
    part(totals.passed, "passed", Verdict::pass);
    part(totals.failed, "failed", Verdict::fail);
    part(totals.errors, totals.errors == 1 ? "error" : "errors", Verdict::error);
    part(totals.inconclusive, "inconclusive", Verdict::inconclusive);
    part(totals.skipped, "skipped", Verdict::skipped);
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string summary_line(const Totals& totals, Duration elapsed, const ConsoleStyle& style) {
    std::string line = counts_text(totals, style.color);
    if (totals.all() == 0) return line;
    const double real = std::chrono::duration<double>(elapsed).count();
    const double inside = std::chrono::duration<double>(totals.virtual_time).count();
    if (inside > 0) {
        // Only what the callers waited for counts for the ratio: a pause between two steps is
        // not a timeout that took no time.
        const double in_calls = std::chrono::duration<double>(totals.time_in_calls).count();
        line += fmt::format(": {:.1f} virtual seconds, {:.1f} in calls, in {:.1f} real seconds",
                            inside, in_calls, real);
        if (real > 0 && in_calls > real) line += fmt::format(" ({:.0f}x)", in_calls / real);
    } else {
        line += fmt::format(": {:.1f} seconds", real);
    }
    return line;
}

std::string summary_line(const std::vector<ScenarioResult>& results, Duration elapsed,
                         const ConsoleStyle& style) {
    return summary_line(totals_of(results), elapsed, style);
}

std::string proof_text(const ScenarioResult& with_faults, const Proof& proof,
                       const ConsoleStyle& style) {
    const Scenario& scenario = with_faults.scenario;
    std::string word = inked("proved ", Ink::good, style.color);
    if (!proof.problems.empty()) word = inked("error  ", Ink::bad, style.color);
    if (!proof.vacuous.empty()) word = inked("vacuous", Ink::bad, style.color);
    std::string text = fmt::format("{} {}", word, one_line(scenario.name, 200));
    for (const Vacuity& vacuity : proof.vacuous) {
        text += fmt::format("\n  {}:{}:{}: {}", scenario.file, vacuity.where.line,
                            vacuity.where.column, one_line(vacuity.expectation, 100));
        text += fmt::format("\n      {}", vacuity.message);
        for (const std::string& line : wrapped(vacuity.advice, 92)) {
            text += fmt::format("\n      {}", line);
        }
    }
    for (const std::string& problem : proof.problems) {
        for (const std::string& line : wrapped(problem, 96)) text += fmt::format("\n  {}", line);
    }
    for (const ProvedExpectation& proved : proof.proved) {
        text += fmt::format("\n  line {:<4} {}  {}", proved.where.line,
                            padded(one_line(proved.expectation, 60), 60),
                            inked(fmt::format("fails {}", fmt::join(proved.failed_in, ", ")),
                                  Ink::dim, style.color));
    }
    return text;
}

LiveStatus::LiveStatus(const Terminal& terminal, std::size_t total, std::ostream& out)
    : terminal_{terminal}, total_{total}, out_{out} {}

LiveStatus::LiveStatus(bool is_terminal, std::size_t total)
    : terminal_{Terminal::of(STDERR_FILENO)}, total_{total}, out_{std::cerr} {
    terminal_.is_terminal = is_terminal;
}

void LiveStatus::started(const std::string& name) {
    running_.push_back(name);
    show();
}

void LiveStatus::finished(const std::string& name) {
    if (const auto found = std::find(running_.begin(), running_.end(), name);
        found != running_.end()) {
        running_.erase(found);
    }
    ++done_;
    clear();
}

void LiveStatus::show() {
    if (!terminal_.is_terminal) return;
    const std::string line =
        fmt::format("{} of {} done, running: {}", done_, total_, fmt::join(running_, "; "));
    // One column stays free, so that no terminal wraps the line.
    out_ << "\r\x1b[K" << one_line(line, std::max<std::size_t>(terminal_.columns, 20) - 1)
         << std::flush;
    shown_ = true;
}

void LiveStatus::clear() {
    if (!shown_) return;
    out_ << "\r\x1b[K" << std::flush;
    shown_ = false;
}

}  // namespace etimedout
