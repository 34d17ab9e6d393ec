// KeptRuns: the folder in which a command leaves the event logs and captures of its runs.
#include "harness/cli/kept_runs.hh"

#include <fmt/format.h>

namespace etimedout {

namespace fs = std::filesystem;

fs::path KeptRuns::keep(const fs::path& files_of_run, const std::string& name) {
    std::string unique = name;
    for (int number = 2; !taken_.insert(unique).second; ++number) {
        unique = fmt::format("{}-{}", name, number);
    }
    const fs::path target = below_ / unique;
    fs::remove_all(target);
    fs::create_directories(target);
    for (const auto& entry : fs::directory_iterator{files_of_run}) {
        if (entry.is_regular_file()) fs::copy(entry.path(), target / entry.path().filename());
    }
    return target;
}

}  // namespace etimedout
