// What became of a scenario: verdicts, one finding per fact, and the judgement of a whole run.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/model.hh"

namespace etimedout {

enum class Verdict { pass, fail, inconclusive, error, skipped };

template <>
struct Words<Verdict> {
    static constexpr std::array<std::pair<std::string_view, Verdict>, 5> words{
        {{"pass", Verdict::pass},
         {"fail", Verdict::fail},
         {"inconclusive", Verdict::inconclusive},
         {"error", Verdict::error},
         {"skipped", Verdict::skipped}}};
};

// The one that decides when both occur: error, fail, inconclusive, pass. Skipped gives way to all.
Verdict graver(Verdict a, Verdict b);

// Why a finding is an error and not an answer.
enum class ErrorCause {
    none,
    absent,     // what the fact is about never came to be: the call never began, nothing was logged
    unseen,     // it may have happened, but could not be seen there
    unwatched,  // the log ends too early to say that something did not happen
    reference   // the expectation names something that is not there
};

// `index` of a finding that no expectation asked for.
inline constexpr std::size_t own_finding = std::numeric_limits<std::size_t>::max();

// One fact of one expectation, checked.
struct Finding {
    Where where{};
    std::string expectation{};        // its text, as written
    std::size_t index = own_finding;  // its place in the scenario, from 0
    std::string fact{};               // "total", "requests", …
    Verdict verdict = Verdict::pass;
    std::string expected{};   // as written: "30s ±100ms"
    std::string window{};     // what that allows, "29.90s to 30.10s"; empty when `expected` says it
    std::string observed{};   // "31.30s"; for an error, what is in the way of an answer
    std::string missed_by{};  // "late by 1.200s", "2 too many"
    std::optional<Duration> missed_time{};  // of a missed time bound: by how much
    std::string because{};
    std::string advice{};                 // for an error: what to do next
    std::vector<std::string> evidence{};  // a few facts from the log, one line each
    std::vector<std::string> links{};     // involved, in the topology's order
    std::string call{};                   // the call it is about, or empty
    std::optional<Duration> at{};         // when it was observed
    ErrorCause cause = ErrorCause::none;
    bool operator==(const Finding&) const = default;
};

// One fault of the scenario: whether traffic met it. Met by none is an error of the run.
struct FaultReport {
    std::string id{};
    std::string kind{};
    std::string at{};  // link, node or resolver
    std::int64_t matched = 0;
    std::int64_t fired = 0;
    Verdict verdict = Verdict::pass;
    std::string message{};
    bool operator==(const FaultReport&) const = default;
};

struct Judgement {
    Verdict verdict = Verdict::pass;
    std::vector<Finding> findings{};
    std::vector<FaultReport> faults{};
    std::string run_problem{};  // what was wrong with the run itself; then the verdict is error
    std::string run_advice{};
    std::optional<Duration> stalled{};  // how long the machine stalled; only of a real clock
    Duration virtual_time{};            // from the world's begin to its end, of its own clock
    Duration time_in_calls{};           // during which at least one call ran
    bool operator==(const Judgement&) const = default;
};

}  // namespace etimedout
