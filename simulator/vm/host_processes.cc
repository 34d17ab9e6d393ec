// What /proc says about a process of ours and its children: how much they have computed.
#include "simulator/vm/host_processes.hh"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <unistd.h>

namespace etimedout {
namespace {

std::optional<std::string> contents(const std::string& path) {
    std::ifstream file{path};
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Duration from_ticks(std::int64_t ticks) {
    static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
    return std::chrono::nanoseconds{ticks * (1'000'000'000 / per_second)};
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> pids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc", error}) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto end = name.data() + name.size();
        if (std::from_chars(name.data(), end, pid).ptr == end) pids.push_back(pid);
    }
    return pids;
}

}  // namespace

std::optional<ProcessTimes> process_times(pid_t pid) {
    const auto text = contents("/proc/" + std::to_string(pid) + "/stat");
    // The name, in parentheses, may contain anything; what follows it does not (proc(5)).
    const auto name_end = text ? text->rfind(')') : std::string::npos;
    if (name_end == std::string::npos) return std::nullopt;

    std::istringstream fields{text->substr(name_end + 1)};
    std::string skipped;
    ProcessTimes times;
    times.pid = pid;
    std::array<std::int64_t, 4> ticks{};
    fields >> skipped >> times.parent;
    for (int field = 5; field < 14; ++field) fields >> skipped;
    for (auto& value : ticks) fields >> value;
    for (int field = 18; field < 22; ++field) fields >> skipped;
    fields >> times.started;
    if (!fields) return std::nullopt;
    times.cpu = from_ticks(ticks[0] + ticks[1]);
    times.cpu_of_dead = from_ticks(ticks[2] + ticks[3]);
    return times;
}

std::vector<ProcessTimes> children_of(pid_t parent) {
    std::vector<pid_t> pids;
    const auto id = std::to_string(parent);
    if (const auto listed = contents("/proc/" + id + "/task/" + id + "/children")) {
        std::istringstream words{*listed};
        pids.assign(std::istream_iterator<pid_t>{words}, {});
    } else {
        // The host's kernel was built without that list.
        pids = all_processes();
    }
    std::vector<ProcessTimes> children;
    for (const pid_t pid : pids) {
        const auto times = process_times(pid);
        if (times && times->parent == parent) children.push_back(*times);
    }
    return children;
}

}  // namespace etimedout
