// Report files: --report junit=FILE and the like.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/report/result.hh"

namespace etimedout {

std::vector<std::string> report_kinds();

class ReportFiles {
public:
    // Each wish is KIND=FILE; throws Error for an unknown kind.
    explicit ReportFiles(const std::vector<std::string>& wishes);
    void write(const std::vector<ScenarioResult>& results) const;  // throws Error

private:
    std::vector<std::pair<std::string, std::string>> wishes_;
};

}  // namespace etimedout
