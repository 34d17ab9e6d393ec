// The confusion matrix: known causes against diagnosed ones, over the kept runs of the corpus.
//
//   diagnose_matrix [--markdown] FOLDER…
//
// Each folder was written by `etimedout run --keep`. The scenario's lines `# known: CALL CAUSE` say
// what was done to the call; calls without such a line must be diagnosed only where they failed.
// Fails where less than 95 % of the failed calls are diagnosed rightly, where one is diagnosed
// wrongly with certainty, or where a diagnosis depends on what `anonymous` takes away.
#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/diagnose/anonymous.hh"
#include "harness/diagnose/diagnose.hh"
#include "harness/run/folder.hh"
#include "simulator/events/jsonl.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, root_cause_count> words{
    "none",        "network", "firewall",     "overload", "down",
    "application", "dns",     "kernel_limit", "proxy",    "api"};

struct Table {
    std::array<std::array<int, root_cause_count>, root_cause_count> cells{};
    int cases = 0;
    int right = 0;
    int confidently_wrong = 0;
    int not_enough = 0;
    int changed_by_names = 0;
    int unexpected = 0;  // diagnosed where nothing was done
    int succeeded = 0;   // calls that were rightly left alone
    std::vector<std::string> wrong{};
};

std::map<std::string, std::size_t> known_causes(const std::string& scenario) {
    std::map<std::string, std::size_t> known;
    std::istringstream lines{scenario};
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view lead = "# known: ";
        if (!line.starts_with(lead)) continue;
        std::istringstream parts{line.substr(lead.size())};
        std::string call;
        std::string cause;
        parts >> call >> cause;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words.at(i) == cause) known[call] = i;
        }
        if (!known.contains(call)) throw Error{fmt::format("no root cause is named {}", cause)};
    }
    if (known.empty()) throw Error{"a scenario of the corpus has no line `# known: CALL CAUSE`"};
    return known;
}

bool is_alike(const CaseDiagnosis& a, const CaseDiagnosis& b) {
    return a.call == b.call && a.index == b.index && a.diagnosis.cause == b.diagnosis.cause &&
           a.diagnosis.confidence == b.diagnosis.confidence &&
           a.diagnosis.finding == b.diagnosis.finding &&
           a.diagnosis.evidence.size() == b.diagnosis.evidence.size();
}

void add_run(const fs::path& folder, Table& table) {
    const auto known = known_causes(read_whole_file(folder / run_files::scenario));
    const EventLog log = read_event_log(read_whole_file(folder / run_files::events)).value();
    const std::vector<CaseDiagnosis> cases = diagnose(log);
    const std::vector<CaseDiagnosis> blind = diagnose(anonymous(log));
    for (std::size_t i = 0; i < std::max(cases.size(), blind.size()); ++i) {
        if (i < cases.size() && i < blind.size() && is_alike(cases[i], blind[i])) continue;
        ++table.changed_by_names;
        table.wrong.push_back(
            fmt::format("{}: case {} depends on names or on the scenario", folder.string(), i));
    }
    int calls = 0;
    for (const Event& event : log) calls += std::holds_alternative<CallEnd>(event.what) ? 1 : 0;
    table.succeeded += calls - static_cast<int>(cases.size());
    for (const CaseDiagnosis& one : cases) {
        const auto found = known.find(one.call);
        const auto diagnosed = static_cast<std::size_t>(one.diagnosis.cause);
        const std::string what =
            fmt::format("{} {}/{} ({} after {}): {} ({}): {}", folder.string(), one.call, one.index,
                        one.outcome, human(one.took), words.at(diagnosed),
                        name_of(one.diagnosis.confidence), one.diagnosis.finding);
        if (found == known.end()) {
            ++table.unexpected;
            table.wrong.push_back(what + " — nothing was done to it");
            continue;
        }
        ++table.cases;
        ++table.cells.at(found->second).at(diagnosed);
        if (found->second == diagnosed) {
            ++table.right;
            continue;
        }
        if (one.diagnosis.cause == RootCause::not_enough_evidence) ++table.not_enough;
        if (one.diagnosis.confidence == Confidence::certain) ++table.confidently_wrong;
        table.wrong.push_back(what + fmt::format(" — known: {}", words.at(found->second)));
    }
}

void print_table(const Table& table) {
    fmt::print("| known \\ diagnosed |");
    for (std::size_t i = 1; i < words.size(); ++i) fmt::print(" {} |", i);
    fmt::print(" not enough |\n|---|");
    for (std::size_t i = 0; i < words.size(); ++i) fmt::print("---|");
    fmt::print("\n");
    for (std::size_t known = 1; known < words.size(); ++known) {
        fmt::print("| {} {} |", known, name_of(static_cast<RootCause>(known)));
        for (std::size_t i = 1; i < words.size(); ++i) {
            const int count = table.cells.at(known).at(i);
            fmt::print(" {} |", count == 0 ? std::string{} : std::to_string(count));
        }
        const int count = table.cells.at(known).at(0);
        fmt::print(" {} |\n", count == 0 ? std::string{} : std::to_string(count));
    }
    fmt::print(
        "\n{} failed calls: {} right, {} wrong ({} of them with certainty), {} without "
        "enough evidence. {} calls succeeded and got no diagnosis.\n",
        table.cases, table.right, table.cases - table.right - table.not_enough,
        table.confidently_wrong, table.not_enough, table.succeeded);
}

int judge(const Table& table) {
    constexpr int per_hundred = 100;
    constexpr int least_right = 95;
    const bool good = table.cases > 0 && table.right * per_hundred >= table.cases * least_right &&
                      table.confidently_wrong == 0 && table.changed_by_names == 0 &&
                      table.unexpected == 0;
    return good ? 0 : 1;
}

int matrix(const std::vector<std::string>& folders) {
    Table table;
    for (const std::string& folder : folders) add_run(folder, table);
    print_table(table);
    for (const std::string& line : table.wrong) fmt::print(stderr, "{}\n", line);
    return judge(table);
}

}  // namespace

}  // namespace etimedout

int main(int argc, char** argv) {
    try {
        return etimedout::matrix({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 2;
    }
}
