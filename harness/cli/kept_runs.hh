// KeptRuns: the folder in which a command leaves the event logs and captures of its runs.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace etimedout {

class KeptRuns {
public:
    explicit KeptRuns(std::filesystem::path below) : below_{std::move(below)} {}

    // Copies the files of a run, in place of what an earlier command left under this name; a second
    // run of the same name gets a number. Returns where they are; throws where they cannot be
    // written.
    std::filesystem::path keep(const std::filesystem::path& files_of_run, const std::string& name);

private:
    std::filesystem::path below_;
    std::set<std::string> taken_{};
};

// The runs in a folder that KeptRuns has filled, by name; else `path` itself, whatever it is.
std::vector<std::filesystem::path> kept_runs_in(const std::filesystem::path& path);

}  // namespace etimedout
