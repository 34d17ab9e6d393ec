// The folder of the user's cache that is etimedout's.
#include "simulator/base/cache_folder.hh"

#include <cstdlib>

namespace etimedout {

std::filesystem::path cache_folder(std::string_view part) {
    namespace fs = std::filesystem;
    const auto set = [](const char* name) -> const char* {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0' ? value : nullptr;
    };
    if (const char* folder = set("ETIMEDOUT_CACHE")) return fs::path{folder} / part;
    if (const char* folder = set("XDG_CACHE_HOME")) return fs::path{folder} / "etimedout" / part;
    const char* home = set("HOME");
    return fs::path{home != nullptr ? home : "/root"} / ".cache" / "etimedout" / part;
}

}  // namespace etimedout
