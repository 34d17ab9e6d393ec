// The host's files as a list of mounts: how its tree, made of several file systems, gets into a
// node on the host's own kernel.
#include "simulator/node/host_tree.hh"

#include <algorithm>
#include <array>
#include <cctype>

#include <sys/stat.h>
#include <unistd.h>

#include "simulator/node/mounts.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;
using namespace std::literals;

// A folder of more entries than this is not taken apart: each would be a mount in every node.
constexpr std::size_t most_entries = 64;
constexpr int deepest = 3;

constexpr std::array own_folders{"/proc"sv, "/sys"sv, "/dev"sv, "/run"sv, "/tmp"sv, "/scenario"sv};

// mountinfo writes blank, tab, newline and backslash as three octal digits.
std::string unescaped(std::string_view text) {
    const auto octal = [&text](std::size_t at) {
        const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '7'; };
        return at + 3 < text.size() && digit(at + 1) && digit(at + 2) && digit(at + 3);
    };
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || !octal(at)) {
            result += text[at];
            continue;
        }
        const int code =
            (text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0');
        result += static_cast<char>(code);
        at += 3;
    }
    return result;
}

bool mounted_below(const std::string& path, const std::vector<std::string>& mounts) {
    const std::string prefix = path == "/" ? path : path + "/";
    return std::ranges::any_of(mounts, [&](const std::string& mount) {
        return mount.size() > prefix.size() && mount.starts_with(prefix);
    });
}

// A path that overlayfs takes as lowerdir without escapes.
bool plain(std::string_view path) { return path.find_first_of(":,\\") == std::string_view::npos; }

class Planner {
public:
    Planner(const fs::path& root, const std::vector<std::string>& mounts)
        : root_{root}, mounts_{mounts} {}

    void folder(const std::string& path, int depth) {
        if (depth > 0) items_.push_back({TreeItem::Kind::folder, path, {}});
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator{real(path)}) {
            names.push_back(entry.path().filename().string());
        }
        std::ranges::sort(names);
        for (const auto& name : names) {
            const std::string below = path == "/" ? "/" + name : path + "/" + name;
            if (std::ranges::find(own_folders, below) == own_folders.end()) entry(below, depth + 1);
        }
    }

    std::vector<TreeItem> take() { return std::move(items_); }

private:
    fs::path real(const std::string& path) const { return root_ / path.substr(1); }

    std::size_t entries(const std::string& path) const {
        std::error_code problem;
        const fs::directory_iterator begin{real(path), problem};
        return problem ? most_entries + 1
                       : static_cast<std::size_t>(std::distance(begin, fs::directory_iterator{}));
    }

    void entry(const std::string& path, int depth) {
        std::error_code problem;
        const auto status = fs::symlink_status(real(path), problem);
        if (fs::is_symlink(status)) {
            const auto target = fs::read_symlink(real(path), problem);
            items_.push_back({TreeItem::Kind::symlink, path, target.string()});
        } else if (fs::is_regular_file(status)) {
            items_.push_back({TreeItem::Kind::read_only, path, {}});
        } else if (fs::is_directory(status)) {
            if (!plain(path)) {
                items_.push_back({TreeItem::Kind::read_only, path, {}});
            } else if (!mounted_below(path, mounts_)) {
                items_.push_back({TreeItem::Kind::overlay, path, {}});
            } else if (path == "/etc") {
                items_.push_back({TreeItem::Kind::copied, path, {}});
            } else if (depth < deepest && entries(path) <= most_entries) {
                folder(path, depth);
            } else {
                items_.push_back({TreeItem::Kind::read_only, path, {}});
            }
        }
    }

    const fs::path& root_;
    const std::vector<std::string>& mounts_;
    std::vector<TreeItem> items_{};
};

}  // namespace

std::vector<std::string> mount_points(std::string_view mountinfo) {
    std::vector<std::string> points;
    for (const auto line : split(mountinfo, '\n')) {
        const auto words = words_of(line);
        if (words.size() > 4) points.push_back(unescaped(words[4]));
    }
    return points;
}

std::vector<TreeItem> plan_host_tree(const fs::path& root, const std::vector<std::string>& mounts) {
    Planner planner{root, mounts};
    planner.folder("/", 0);
    return planner.take();
}

void copy_folder(const fs::path& from, const fs::path& to) {
    make_folder(to, owner_of(from));
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator{from, problem}) {
        const fs::path target = to / entry.path().filename();
        const auto status = entry.symlink_status(problem);
        if (fs::is_symlink(status)) {
            fs::copy_symlink(entry.path(), target, problem);
        } else if (fs::is_directory(status)) {
            copy_folder(entry.path(), target);
        } else if (fs::is_regular_file(status)) {
            const auto text = read_text(entry.path());
            if (!text) continue;  // not ours to read: not there, as for any program of the node
            write_file(target, *text, static_cast<mode_t>(status.permissions()) & 07777U);
            struct stat owner {};
            if (::stat(entry.path().c_str(), &owner) == 0) {
                // An owner unknown to the user namespace stays ours.
                [[maybe_unused]] const int ignored =
                    ::chown(target.c_str(), owner.st_uid, owner.st_gid);
            }
        }
    }
}

}  // namespace etimedout
