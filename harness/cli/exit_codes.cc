// Exit codes of the program: the priority of verdicts.
#include "harness/cli/exit_codes.hh"

#include <algorithm>

namespace etimedout {

ExitCode exit_code_of(const std::vector<ScenarioResult>& results, SkipRule skips) {
    const auto any = [&](Verdict verdict) {
        return std::any_of(results.begin(), results.end(), [&](const ScenarioResult& result) {
            return result.judgement.verdict == verdict;
        });
    };
    if (any(Verdict::error)) return ExitCode::environment;
    if (skips == SkipRule::is_error && any(Verdict::skipped)) return ExitCode::environment;
    if (any(Verdict::fail)) return ExitCode::failed;
    if (any(Verdict::inconclusive)) return ExitCode::inconclusive;
    return any(Verdict::pass) ? ExitCode::passed : ExitCode::nothing_ran;
}

}  // namespace etimedout
