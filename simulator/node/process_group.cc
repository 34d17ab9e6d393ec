// Process groups: what /proc says of a program and the processes it started.
#include "simulator/node/process_group.hh"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "simulator/node/text.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

struct Stat {
    char state = '?';
    std::int64_t group = 0;
};

// "PID (name) STATE PPID PGRP …": the name may hold anything, also a parenthesis.
std::optional<Stat> stat_of(std::int64_t pid) {
    const auto text = read_text(fmt::format("/proc/{}/stat", pid));
    if (!text) return std::nullopt;
    const auto end_of_name = text->rfind(')');
    if (end_of_name == std::string::npos) return std::nullopt;
    const auto fields = words_of(std::string_view{*text}.substr(end_of_name + 1));
    if (fields.size() < 3 || fields[0].empty()) return std::nullopt;
    const auto group = decimal(fields[2]);
    if (!group) return std::nullopt;
    return Stat{fields[0].front(), *group};
}

}  // namespace

std::vector<ProcessFacts> processes_of_group(pid_t group) {
    std::vector<ProcessFacts> found;
    std::error_code problem;
    fs::directory_iterator entries{"/proc", problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) {
        const auto pid = decimal(entries->path().filename().string());
        if (!pid) continue;
        const auto stat = stat_of(*pid);
        if (!stat || stat->group != group || stat->state == 'Z') continue;
        found.push_back({static_cast<pid_t>(*pid), stat->state});
    }
    std::sort(found.begin(), found.end(),
              [](const ProcessFacts& a, const ProcessFacts& b) { return a.pid < b.pid; });
    return found;
}

std::vector<int> descriptors_of(pid_t pid) {
    std::vector<int> open;
    std::error_code problem;
    fs::directory_iterator entries{fmt::format("/proc/{}/fd", pid), problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) {
        const auto number = decimal(entries->path().filename().string());
        if (number) open.push_back(static_cast<int>(*number));
    }
    std::sort(open.begin(), open.end());
    return open;
}

}  // namespace etimedout
