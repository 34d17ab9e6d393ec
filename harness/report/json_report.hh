// The JSON report: everything that was judged, for programs.
#pragma once

#include <string>
#include <vector>

#include "harness/report/result.hh"

namespace etimedout {

// Raised whenever a reader of older reports would misunderstand newer ones.
inline constexpr int json_report_version = 1;

// {"version":1,"summary":{…},"scenarios":[{…,"findings":[…],"faults":[…]}]}. Times are numbers of
// nanoseconds and end in `_ns`; what is absent or empty is left out; the seed is decimal text,
// because JSON numbers lose digits above 2^53. Indented by two, with an end of line.
std::string json_report(const std::vector<ScenarioResult>& results);

}  // namespace etimedout
