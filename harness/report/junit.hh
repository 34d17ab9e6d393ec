// JUnit XML, as CI systems read it: a suite per file, a case per scenario.
#pragma once

#include <string>
#include <vector>

#include "harness/report/result.hh"

namespace etimedout {

// Cases are in the order of the results, suites in that of their first case. What is inconclusive
// is an <error> of that type: it did not pass.
std::string junit_report(const std::vector<ScenarioResult>& results);

// Text for XML 1.0: markup escaped, and what XML cannot carry, control characters among it, as
// U+FFFD. In attributes, ends of line are kept.
std::string xml_text(std::string_view text);
std::string xml_attribute(std::string_view text);

}  // namespace etimedout
