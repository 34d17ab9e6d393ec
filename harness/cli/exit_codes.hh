// Exit codes of the program, and which one a set of results gives.
#pragma once

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

enum class SkipRule { allowed, is_error };

// Error over fail over inconclusive over pass; only skipped ones: nothing ran.
ExitCode exit_code_of(const std::vector<ScenarioResult>& results, SkipRule skips);

}  // namespace etimedout
