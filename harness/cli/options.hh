// What the command line asks for, after reading it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/exit_codes.hh"
#include "harness/report/text.hh"
#include "harness/scenario/model.hh"

namespace etimedout {

// run, prove: what to run and how.
struct RunOptions {
    std::vector<std::filesystem::path> paths{};
    TimeChoice time = TimeChoice::automatic;
    std::optional<std::uint64_t> seed{};
    std::size_t jobs = 0;  // 0: as many as there are cores
    std::map<std::string, std::string> variables{};
    std::vector<std::string> tags{};
    std::vector<std::string> reports{};  // junit=FILE, json=FILE, …
    std::optional<std::filesystem::path> keep{};
    std::string firewall = "auto";
    SkipRule skips = SkipRule::allowed;
    ColorChoice color = ColorChoice::automatic;
};

}  // namespace etimedout
