// LogFiles: files of a node that are followed as they grow, are truncated or replaced.
#include "simulator/node/log_files.hh"

#include <array>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/mounts.hh"

namespace etimedout {

namespace fs = std::filesystem;

LogFiles::LogFiles(const std::vector<std::string>& paths, const std::string& folder) {
    if (paths.empty()) return;
    changes_ = Fd{checked("follow log files", ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK))};
    for (const auto& source : paths) {
        fs::path path = fs::path{folder} / source;
        std::error_code problem;
        // A link is followed now and not later: changes are seen in the folder of the file itself.
        if (const auto real = fs::canonical(path, problem); !problem) path = real;
        const std::string attempt = fmt::format("follow {}", source);
        make_folders(path.parent_path(), 0777);
        File file;
        file.source = source;
        file.name = path.filename();
        file.folder = Fd{
            checked(attempt, ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
        checked(attempt, ::inotify_add_watch(changes_.get(), path.parent_path().c_str(),
                                             IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MASK_ADD));
        open(file);
        if (file.file) {
            struct stat status {};
            checked(attempt, ::fstat(file.file.get(), &status));
            file.offset = status.st_size;
        }
        files_.push_back(std::move(file));
    }
}

// Only regular files: a name for the program's own output, or a pipe, is none.
void LogFiles::open(File& file) {
    Fd opened{::openat(file.folder.get(), file.name.c_str(),
                       O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    file.file = std::move(opened);
    file.inode = status.st_ino;
    file.offset = 0;
}

void LogFiles::read(File& file, const Take& take) {
    if (!file.file) open(file);
    if (!file.file) return;
    const auto line = [&](std::string_view text) { take(file.source, text); };
    std::array<char, 65536> piece{};
    for (;;) {
        struct stat status {};
        if (::fstat(file.file.get(), &status) == 0 && status.st_size < file.offset) {
            file.offset = 0;  // truncated: it begins anew
        }
        for (;;) {
            const ssize_t got = ::pread(file.file.get(), piece.data(), piece.size(), file.offset);
            if (got <= 0) break;
            file.offset += got;
            file.splitter.feed({piece.data(), static_cast<std::size_t>(got)}, line);
        }
        // A file that was replaced is read to its end first, then the new one.
        if (::fstatat(file.folder.get(), file.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            status.st_ino == file.inode || !S_ISREG(status.st_mode)) {
            return;
        }
        file.splitter.finish(line);
        const ino_t before = file.inode;
        open(file);
        if (file.inode == before) return;
    }
}

void LogFiles::read(const Take& take) {
    std::array<char, 4096> unused{};
    while (::read(changes_.get(), unused.data(), unused.size()) > 0) {
    }
    for (auto& file : files_) read(file, take);
}

void LogFiles::finish(const Take& take) {
    read(take);
    for (auto& file : files_) {
        file.splitter.finish([&](std::string_view text) { take(file.source, text); });
    }
}

}  // namespace etimedout
