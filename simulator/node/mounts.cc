// Mounts and the folders under them: one call each, with errors that say what was attempted.
#include "simulator/node/mounts.hh"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "simulator/base/error.hh"

// glibc's <sys/mount.h> and <linux/mount.h> define the same names, so the system calls are made
// directly.
namespace etimedout {

namespace {

// Asked for once, from process 1 before it has threads: it cannot be read without being set.
mode_t own_umask() {
    static const mode_t mask = [] {
        const mode_t before = ::umask(0);
        ::umask(before);
        return before;
    }();
    return mask;
}

int mount_call(const char* source, const char* target, const char* type, unsigned long flags,
               const char* data) {
    return static_cast<int>(::syscall(SYS_mount, source, target, type, flags, data));
}

void set_attributes(const std::string& attempt, const std::filesystem::path& mount_point,
                    mount_attr change) {
    constexpr unsigned recursive = 0x8000;  // AT_RECURSIVE
    if (::syscall(SYS_mount_setattr, AT_FDCWD, mount_point.c_str(), recursive, &change,
                  sizeof change) != 0) {
        throw_errno(attempt, errno);
    }
}

constexpr int detach = 2;  // MNT_DETACH

}  // namespace

void mount(const Mount& plan) {
    if (mount_call(plan.type.c_str(), plan.target.c_str(), plan.type.c_str(), plan.flags,
                   plan.data.c_str()) != 0) {
        throw_errno(fmt::format("mount {} at {}", plan.type, plan.target.string()), errno);
    }
}

void bind(const std::filesystem::path& source, const std::filesystem::path& target) {
    if (mount_call(source.c_str(), target.c_str(), "", MS_BIND | MS_REC, "") != 0) {
        throw_errno(fmt::format("bind {} to {}", source.string(), target.string()), errno);
    }
}

void bind_read_only(const std::filesystem::path& source, const std::filesystem::path& target) {
    bind(source, target);
    make_read_only(target);
}

Fd pick_up(const std::filesystem::path& folder) {
    constexpr unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    return Fd{checked(fmt::format("pick up {}", folder.string()),
                      static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, folder.c_str(), flags)))};
}

void put_down(const Fd& picked, const std::filesystem::path& target) {
    checked(fmt::format("lay a folder at {}", target.string()),
            ::syscall(SYS_move_mount, picked.get(), "", AT_FDCWD, target.c_str(),
                      MOVE_MOUNT_F_EMPTY_PATH));
}

void make_read_only(const std::filesystem::path& mount_point) {
    mount_attr change{};
    change.attr_set = MOUNT_ATTR_RDONLY;
    set_attributes(fmt::format("make {} read-only", mount_point.string()), mount_point, change);
}

void make_writable(const std::filesystem::path& mount_point) {
    mount_attr change{};
    change.attr_clr = MOUNT_ATTR_RDONLY;
    set_attributes(fmt::format("make {} writable", mount_point.string()), mount_point, change);
}

void become_root(const std::filesystem::path& folder) {
    const std::string attempt = fmt::format("make {} the root", folder.string());
    checked(attempt, ::chdir(folder.c_str()));
    // The old root is stacked on the new one, and then detached from it: pivot_root(2), NOTES.
    checked(attempt, ::syscall(SYS_pivot_root, ".", "."));
    checked(attempt, ::syscall(SYS_umount2, ".", detach));
    checked(attempt, ::chdir("/"));
}

void make_folder(const std::filesystem::path& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0) {
        if ((mode & (own_umask() | 06000U)) == 0) return;
    } else if (errno != EEXIST) {
        throw_errno(fmt::format("make folder {}", path.string()), errno);
    }
    // mkdir's mode is cut by the umask and has no set-id bits; an existing folder keeps its own.
    if (::chmod(path.c_str(), mode) != 0) {
        throw_errno(fmt::format("set the mode of {}", path.string()), errno);
    }
}

void make_folders(const std::filesystem::path& path, mode_t mode) {
    std::error_code problem;
    if (path.empty() || std::filesystem::is_directory(path, problem)) return;
    make_folders(path.parent_path(), mode);
    make_folder(path, mode);
}

Owner owner_of(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {status.st_mode & 07777U, status.st_uid, status.st_gid};
}

void make_folder(const std::filesystem::path& path, const Owner& owner) {
    make_folder(path, owner.mode);
    if (owner.uid == 0 && owner.gid == 0) return;
    // In a user namespace an id without a number here cannot be given (EINVAL, EPERM).
    if (::chown(path.c_str(), owner.uid, owner.gid) != 0 && errno != EINVAL && errno != EPERM) {
        throw_errno(fmt::format("set the owner of {}", path.string()), errno);
    }
    // chown() clears the set-id bits.
    if ((owner.mode & 06000U) != 0) make_folder(path, owner.mode);
}

void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    const std::string attempt = fmt::format("write {}", path.string());
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno(attempt, errno);
    const Fd file{checked(
        attempt, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode))};
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        content.remove_prefix(static_cast<std::size_t>(checked(attempt, written)));
    }
    checked(attempt, ::fchmod(file.get(), mode));
}

}  // namespace etimedout
