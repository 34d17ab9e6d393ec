// The failure screen: what was expected, what was observed, what happened, and how to see it again.
#pragma once

#include <string>

#include "harness/report/result.hh"
#include "harness/report/text.hh"

namespace etimedout {

// Of a result that failed, is inconclusive or is an error; empty for one that passed or was
// skipped. Ends with an end of line.
enum class ScreenTitle { shown, left_out };  // left out where the scenario's line stands above
std::string failure_screen(const ScenarioResult& result, const ConsoleStyle& style = {},
                           ScreenTitle title = ScreenTitle::shown);

}  // namespace etimedout
