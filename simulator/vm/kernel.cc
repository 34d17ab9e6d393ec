// Finds the virtual kernel: where the environment says, in the cache, or where it is installed.
#include "simulator/vm/kernel.hh"

#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

#include <unistd.h>

#include "simulator/base/cache_folder.hh"
#include "simulator/base/error.hh"

namespace etimedout {
namespace {

namespace fs = std::filesystem;

// The script that builds a kernel, from the top of what is installed and of the source.
constexpr auto installed_script = "share/etimedout/kernel/build.sh";
constexpr auto source_script = "simulator/vm/kernel/build.sh";

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

bool is_program(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

fs::path this_program() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path{"/usr/bin/etimedout"} : program;
}

// PREFIX/lib/etimedout/linux, beside PREFIX/bin: where a package may put a kernel.
fs::path installed_kernel() {
    return this_program().parent_path().parent_path() / "lib" / "etimedout" / "linux";
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

std::string kernel_script() {
    std::error_code error;
    const fs::path program = this_program();
    const fs::path here = fs::current_path(error);
    for (fs::path top = program.parent_path(); top.has_relative_path(); top = top.parent_path()) {
        for (const auto* script : {installed_script, source_script}) {
            if (!is_program(top / script)) continue;
            return top == here ? script : (top / script).string();
        }
    }
    return std::string{source_script} + " of the source";
}

fs::path find_kernel() {
    if (const auto given = variable("ETIMEDOUT_KERNEL")) {
        if (is_program(*given)) return *given;
        throw Error{"ETIMEDOUT_KERNEL=" + *given + " is not a program",
                    "unset it, or let it name a kernel built by " + kernel_script()};
    }
    const fs::path cache = cache_folder("kernel");
    if (const auto newest = newest_in(cache)) return *newest;
    const fs::path installed = installed_kernel();
    if (is_program(installed)) return installed;
    throw Error{"no virtual kernel in " + cache.string() + " nor at " + installed.string(),
                "build it, once, in about three minutes: " + kernel_script()};
}

}  // namespace etimedout
