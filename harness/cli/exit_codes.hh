// Exit codes of the program, and which one a set of results gives.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "harness/report/result.hh"

namespace etimedout {

// DESIGN section 8; scripts and CI rely on these numbers.
enum class ExitCode {
    passed = 0,
    failed = 1,
    usage = 2,
    environment = 3,
    nothing_ran = 4,
    inconclusive = 5,
    limit = 124,
    interrupted = 130
};

// For the help and the man page.
struct ExitMeaning {
    ExitCode code;
    std::string_view meaning;
};
inline constexpr std::array exit_meanings{
    ExitMeaning{ExitCode::passed, "all passed"},
    ExitMeaning{ExitCode::failed, "an expectation failed"},
    ExitMeaning{ExitCode::usage, "wrong usage, or a mistake in a scenario"},
    ExitMeaning{ExitCode::environment, "the machine lacks something, or a world could not be run"},
    ExitMeaning{ExitCode::nothing_ran, "nothing ran"},
    ExitMeaning{ExitCode::inconclusive, "in real time: the machine stalled for too long to tell"},
    ExitMeaning{ExitCode::interrupted, "interrupted, after undoing everything"}};

enum class SkipRule { allowed, is_error };

// Error over fail over inconclusive over pass; only skipped ones: nothing ran.
ExitCode exit_code_of(const std::vector<ScenarioResult>& results, SkipRule skips);

}  // namespace etimedout
