// The host's files as a list of mounts: how its tree, made of several file systems, gets into a
// node on the host's own kernel.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// One entry of a node's root. Parents come before what is in them.
struct TreeItem {
    enum class Kind {
        folder,     // made anew, with the mode and owner of the host's
        symlink,    // made anew
        overlay,    // the host's folder under an overlay
        read_only,  // the host's folder or file and all that is mounted below it, not writable
        copied,     // a small folder, copied once for all nodes, under an overlay
    };
    Kind kind = Kind::folder;
    std::string path{};    // "/usr"
    std::string target{};  // of a symlink
    bool operator==(const TreeItem&) const = default;
};

// Mount points of a process, from the text of its mountinfo (proc_pid_mountinfo(5)).
std::vector<std::string> mount_points(std::string_view mountinfo);

// The plan for the host's tree below `root` ("/", or a test's own). An overlay shows one file
// system only, and the kernel refuses one over a folder below which an unprivileged user may not
// unmount; so folders with mounts in them are taken apart, one level or two, or else shown
// read-only; /etc, where containers mount single files, is copied. What a node has of its own
// (/proc /sys /dev /run /tmp) is left out.
std::vector<TreeItem> plan_host_tree(const std::filesystem::path& root,
                                     const std::vector<std::string>& mounts);

// Copies a folder's files, links and folders with their modes and, where possible, owners; what
// may not be read, sockets and devices are left out.
void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace etimedout
