// Report files: --report junit=FILE and the like.
#include "harness/cli/report_files.hh"

#include <array>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/report/json_report.hh"
#include "harness/report/junit.hh"
#include "harness/report/plain_reports.hh"
#include "harness/run/folder.hh"

namespace etimedout {

namespace {

struct Kind {
    std::string_view name;
    std::string (*write)(const std::vector<ScenarioResult>&);
};

constexpr std::array kinds{Kind{"junit", junit_report}, Kind{"json", json_report},
                           Kind{"tap", tap_report}, Kind{"md", markdown_report}};

const Kind* kind_named(std::string_view name) {
    for (const Kind& kind : kinds) {
        if (kind.name == name) return &kind;
    }
    return nullptr;
}

}  // namespace

std::vector<std::string> report_kinds() {
    std::vector<std::string> names;
    for (const Kind& kind : kinds) names.emplace_back(kind.name);
    return names;
}

ReportFiles::ReportFiles(const std::vector<std::string>& wishes) {
    for (const std::string& wish : wishes) {
        const auto equals = wish.find('=');
        const std::string kind = wish.substr(0, equals);
        if (equals == std::string::npos || kind_named(kind) == nullptr) {
            throw UsageError{fmt::format("--report {}: not a report", wish),
                             "write --report KIND=FILE, KIND being junit, json, tap or md"};
        }
        wishes_.emplace_back(kind, wish.substr(equals + 1));
    }
}

void ReportFiles::write(const std::vector<ScenarioResult>& results) const {
    for (const auto& [kind, file] : wishes_)
        write_whole_file(file, kind_named(kind)->write(results));
}

}  // namespace etimedout
