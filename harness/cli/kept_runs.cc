// KeptRuns: the folder in which a command leaves the event logs and captures of its runs.
#include "harness/cli/kept_runs.hh"

#include <algorithm>

#include <fmt/format.h>

#include "harness/run/folder.hh"

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

std::vector<fs::path> kept_runs_in(const fs::path& path) {
    std::vector<fs::path> runs;
    if (fs::is_directory(path) && !fs::exists(path / run_files::events)) {
        for (const auto& entry : fs::directory_iterator{path}) {
            if (fs::exists(entry.path() / run_files::events)) runs.push_back(entry.path());
        }
        std::ranges::sort(runs);
    }
    if (runs.empty()) runs.push_back(path);
    return runs;
}

}  // namespace etimedout
