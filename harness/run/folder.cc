// The files of one run's folder: reading and writing them whole.
#include "harness/run/folder.hh"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "simulator/base/error.hh"

namespace etimedout {

std::string read_whole_file(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw Error{fmt::format("read {}: {}", path.string(), std::strerror(errno))};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

void write_whole_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) {
        throw Error{fmt::format("write {}: {}", path.string(), std::strerror(errno)),
                    "is the disk full, or the folder not yours?"};
    }
}

}  // namespace etimedout
