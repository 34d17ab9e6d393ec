// Finds the virtual kernel: where the environment says, in the cache, or where it is installed.
#include "simulator/vm/kernel.hh"

#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

#include <unistd.h>

#include "simulator/base/error.hh"

namespace etimedout {
namespace {

namespace fs = std::filesystem;

constexpr auto installed = "/usr/lib/etimedout/linux";

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

bool is_program(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// The same folder as in kernel/build.sh.
fs::path cache_folder() {
    if (const auto folder = variable("ETIMEDOUT_CACHE")) return fs::path{*folder} / "kernel";
    if (const auto folder = variable("XDG_CACHE_HOME")) {
        return fs::path{*folder} / "etimedout" / "kernel";
    }
    return fs::path{variable("HOME").value_or("/root")} / ".cache" / "etimedout" / "kernel";
}

// Several kernels are there after a change of options or compiler: the newest is meant.
std::optional<fs::path> newest_in(const fs::path& folder) {
    std::optional<fs::path> newest;
    fs::file_time_type newest_time;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{folder, error}) {
        const fs::path candidate = entry.path() / "linux";
        if (!is_program(candidate)) continue;
        const auto time = fs::last_write_time(candidate, error);
        if (error || (newest && time <= newest_time)) continue;
        newest = candidate;
        newest_time = time;
    }
    return newest;
}

}  // namespace

fs::path find_kernel() {
    if (const auto given = variable("ETIMEDOUT_KERNEL")) {
        if (is_program(*given)) return *given;
        throw Error{"ETIMEDOUT_KERNEL=" + *given + " is not a program",
                    "unset it, or let it name a kernel built by simulator/vm/kernel/build.sh"};
    }
    const fs::path cache = cache_folder();
    if (const auto newest = newest_in(cache)) return *newest;
    if (is_program(installed)) return installed;
    throw Error{"no virtual kernel in " + cache.string() + " nor at " + installed,
                "build it, once, in about three minutes: simulator/vm/kernel/build.sh "
                "(scripts/run.sh does it by itself)"};
}

}  // namespace etimedout
