// TAP and Markdown.
#include "harness/report/plain_reports.hh"

#include <fmt/format.h>

#include "harness/expect/measure.hh"
#include "harness/report/console.hh"
#include "harness/report/screen.hh"
#include "harness/report/text.hh"

namespace etimedout {

namespace {

constexpr std::size_t longest_name = 200;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

// Puts a backslash before each of these characters.
std::string backslashed(const std::string& text, std::string_view characters) {
    std::string out;
    for (const char c : text) {
        if (characters.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

std::string tap_report(const std::vector<ScenarioResult>& results) {
    std::string text = fmt::format("TAP version 14\n1..{}\n", results.size());
    std::size_t number = 0;
    for (const ScenarioResult& result : results) {
        const Verdict verdict = result.judgement.verdict;
        const bool good = verdict == Verdict::pass || verdict == Verdict::skipped;
        const std::string name = backslashed(one_line(result.scenario.name, longest_name), "\\#");
        text += fmt::format("{} {} - {}", good ? "ok" : "not ok", ++number, name);
        if (verdict == Verdict::skipped) {
            text += fmt::format(" # SKIP {}", one_line(reason_of(result), longest_name));
        }
        text += "\n";
        for (const std::string& line : lines_of(failure_screen(result))) {
            text += line.empty() ? "#\n" : fmt::format("# {}\n", line);
        }
    }
    return text;
}

std::string markdown_report(const std::vector<ScenarioResult>& results) {
    std::string text =
        fmt::format("# etimedout\n\n{}\n\n", counts_text(totals_of(results), Color::off));
    text += "| verdict | scenario | virtual | real | reason |\n|---|---|---:|---:|---|\n";
    for (const ScenarioResult& result : results) {
        const auto cell = [](const std::string& value) {
            return backslashed(one_line(value, longest_name), "\\|*_`<[");
        };
        text += fmt::format(
            "| {} | {} | {} | {} | {} |\n", word_of(result.judgement.verdict),
            cell(result.scenario.name), result.clock == "virtual" ? brief(result.virtual_time) : "",
            result.clock.empty() ? "" : brief(result.real_time), cell(reason_of(result)));
    }
    for (const ScenarioResult& result : results) {
        const std::string screen = failure_screen(result);
        // A fence longer than any in it: screens quote what programs wrote.
        if (!screen.empty()) text += fmt::format("\n``````text\n{}``````\n", screen);
    }
    return text;
}

}  // namespace etimedout
