// Reports as plain text: TAP version 14 for test harnesses, Markdown for summaries of CI jobs.
#pragma once

#include <string>
#include <vector>

#include "harness/report/result.hh"

namespace etimedout {

// https://testanything.org/tap-version-14-specification.html; the failure screen is the diagnosis.
std::string tap_report(const std::vector<ScenarioResult>& results);

// A table of all scenarios, and the failure screens of those that did not pass.
std::string markdown_report(const std::vector<ScenarioResult>& results);

}  // namespace etimedout
