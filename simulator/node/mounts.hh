// Mounts and the folders under them: one call each, with errors that say what was attempted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "simulator/base/fd.hh"

namespace etimedout {

// What to mount; `data` is the file system's own options.
struct Mount {
    std::string type{};
    std::filesystem::path target{};
    unsigned long flags = 0;
    std::string data{};
};

// Throws an Error naming type and target; `what` is that file system's name as source.
void mount(const Mount& plan);

// Makes `target` show what `source` is, with everything mounted below it. Both must exist.
void bind(const std::filesystem::path& source, const std::filesystem::path& target);

// The same, read-only down to the last mount.
void bind_read_only(const std::filesystem::path& source, const std::filesystem::path& target);

// A copy of a mount, at no place yet. It outlives a change of the root, unlike a path.
Fd pick_up(const std::filesystem::path& folder);
// Shows at `target`, which must exist, what was picked up.
void put_down(const Fd& picked, const std::filesystem::path& target);

// Changes a mount and all below it (mount_setattr(2), Linux 5.12). What was read-only before the
// user namespace was made cannot be made writable in it.
void make_read_only(const std::filesystem::path& mount_point);
void make_writable(const std::filesystem::path& mount_point);

// Makes `folder` the root of the calling thread's mount namespace and lets go of the old one.
// The thread must own its file system context (unshare CLONE_FS or CLONE_NEWNS).
void become_root(const std::filesystem::path& folder);

// A folder with exactly this mode; one that exists already is fine and gets the mode.
void make_folder(const std::filesystem::path& path, mode_t mode);

// A folder and those above it that are missing, each with this mode; what exists stays as it is.
void make_folders(const std::filesystem::path& path, mode_t mode);

// Who a folder belongs to and who may do what with it.
struct Owner {
    mode_t mode = 0755;
    uid_t uid = 0;
    gid_t gid = 0;
};

// That of an existing folder; root's with 0755 for one that cannot be looked at.
Owner owner_of(const std::filesystem::path& path);

// A folder with this mode and owner; an owner that the user namespace does not know is not set.
void make_folder(const std::filesystem::path& path, const Owner& owner);

// A file with exactly this content and mode. What was there, a symbolic link too, is replaced and
// not followed.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

}  // namespace etimedout
