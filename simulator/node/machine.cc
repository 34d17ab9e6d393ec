// Machine: what this machine can do for etimedout, and the remedy for what it cannot.
#include "simulator/node/machine.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

// Where an attempt in a child stopped: 0 for success. Written by the child, read by us.
struct Attempt {
    int step = 0;
    int error = 0;
    bool operator==(const Attempt&) const = default;
};

// Runs `body` in a forked child, which may only make system calls: this process may have threads.
// Two numbers come back through a pipe; a child that dies without them failed at step -1.
template <class Body>
Attempt in_child(Body body) {
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    const pid_t child = checked("fork", ::fork());
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const Attempt result = body();
        const ssize_t sent = ::write(writer.get(), &result, sizeof result);
        ::_exit(sent == sizeof result ? 0 : 1);
    }
    writer.reset();
    Attempt result;
    if (::read(reader.get(), &result, sizeof result) != sizeof result) result = {-1, 0};
    ::waitpid(child, nullptr, 0);
    return result;
}

bool write_text(const char* path, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const auto size = static_cast<ssize_t>(std::strlen(text));
    const bool done = ::write(fd, text, std::strlen(text)) == size;
    const int error = errno;
    ::close(fd);
    errno = error;
    return done;
}

// Becomes root of fresh namespaces; the texts are made before the fork.
Attempt enter_namespaces(int flags, const std::string& uids, const std::string& gids) {
    if (::unshare(flags) != 0) return {1, errno};
    if (!write_text("/proc/self/setgroups", "deny")) return {2, errno};
    if (!write_text("/proc/self/uid_map", uids.c_str())) return {2, errno};
    if (!write_text("/proc/self/gid_map", gids.c_str())) return {2, errno};
    return {};
}

struct Maps {
    std::string uids = fmt::format("0 {} 1\n", ::geteuid());
    std::string gids = fmt::format("0 {} 1\n", ::getegid());
};

std::string failure(const char* attempt, const Attempt& result) {
    if (result.step < 0) return fmt::format("{}: the attempt was killed", attempt);
    return fmt::format("{}: {} ({})", attempt, std::strerror(result.error),
                       errno_name(result.error));
}

Capability architecture() {
    utsname name{};
    ::uname(&name);
    const bool right = std::string_view{name.machine} == "x86_64";
    return {"architecture", "time: virtual", right, fmt::format("this machine is {}", name.machine),
            right ? "" : "User-Mode Linux needs x86_64: run scenarios with --time real"};
}

// The settings by which distributions forbid what the kernel can do, with the way to allow it.
std::string namespace_remedy() {
    const auto text = [](const char* path) { return read_text(path).value_or(""); };
    if (text("/proc/sys/kernel/unprivileged_userns_clone").starts_with('0')) {
        return "as root: sysctl -w kernel.unprivileged_userns_clone=1";
    }
    if (text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").starts_with('1')) {
        return "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor "
               "profile for etimedout with `userns,`";
    }
    if (text("/proc/sys/user/max_user_namespaces").starts_with("0\n")) {
        return "as root: sysctl -w user.max_user_namespaces=10000";
    }
    return "in a container: start it with --security-opt seccomp=unconfined, or run scenarios with "
           "--time virtual";
}

Capability user_namespaces() {
    const Maps maps;
    constexpr int all =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
    const Attempt result = in_child([&] { return enter_namespaces(all, maps.uids, maps.gids); });
    const bool works = result == Attempt{};
    return {"user namespaces", "time: real", works,
            works ? "a user, mount, PID, network, UTS and IPC namespace was made"
                  : failure(result.step == 2 ? "mapping a user" : "unshare", result),
            works ? "" : namespace_remedy()};
}

Capability proc_in_namespaces() {
    const Maps maps;
    const Attempt result = in_child([&]() -> Attempt {
        const Attempt entered =
            enter_namespaces(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, maps.uids, maps.gids);
        if (entered != Attempt{}) return entered;
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return {3, errno};
        const pid_t first = ::fork();  // /proc belongs to the PID namespace of who mounts it
        if (first < 0) return {3, errno};
        if (first == 0) {
            const bool mounted = ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
            ::_exit(mounted ? 0 : errno);
        }
        int status = 0;
        ::waitpid(first, &status, 0);
        return status == 0 ? Attempt{} : Attempt{4, WEXITSTATUS(status)};
    });
    const bool works = result == Attempt{};
    return {"/proc in a namespace", "time: real", works,
            works ? "a new /proc was mounted" : failure("mount proc", result),
            works ? ""
                  : "in a container: start it with --security-opt systempaths=unconfined, or run "
                    "scenarios with --time virtual"};
}

Capability overlay() {
    const Maps maps;
    const Attempt result = in_child([&]() -> Attempt {
        const Attempt entered = enter_namespaces(CLONE_NEWUSER | CLONE_NEWNS, maps.uids, maps.gids);
        if (entered != Attempt{}) return entered;
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return {3, errno};
        if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) return {4, errno};
        ::mkdir("/tmp/u", 0755);
        ::mkdir("/tmp/w", 0755);
        ::mkdir("/tmp/m", 0755);
        const char* options = "lowerdir=/etc,upperdir=/tmp/u,workdir=/tmp/w,userxattr";
        if (::mount("overlay", "/tmp/m", "overlay", 0, options) != 0) {
            // Containers mount files in their /etc; what counts is that overlayfs works at all.
            ::mkdir("/tmp/l", 0755);
            options = "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr";
            if (::mount("overlay", "/tmp/m", "overlay", 0, options) != 0) return {5, errno};
        }
        return {};
    });
    const bool works = result == Attempt{};
    const char* const attempt = result.step == 5   ? "mount overlay"
                                : result.step == 4 ? "mount tmpfs"
                                                   : "make a user and a mount namespace";
    return {"overlay in a user namespace", "time: real", works,
            works ? "an overlay was mounted" : failure(attempt, result),
            works ? ""
                  : "it takes Linux 5.11 or newer with overlayfs (modprobe overlay): run scenarios "
                    "with --time virtual"};
}

// Whether memory files can be made in a folder and executed from, as User-Mode Linux does.
std::optional<std::string> unfit_for_memory(const std::string& folder) {
    const Fd file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0700)};
    Fd named;
    if (!file) {
        std::string pattern = folder + "/etimedout-probe-XXXXXX";
        named = Fd{::mkostemp(pattern.data(), O_CLOEXEC)};
        if (!named) return fmt::format("{} cannot be written ({})", folder, errno_name(errno));
        ::unlink(pattern.c_str());
    }
    const int fd = file ? file.get() : named.get();
    constexpr std::size_t size = 4096;
    if (::ftruncate(fd, size) != 0) {
        return fmt::format("{} cannot be written ({})", folder, errno_name(errno));
    }
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return fmt::format("{} does not allow execution ({})", folder, errno_name(errno));
    }
    ::munmap(memory, size);
    return std::nullopt;
}

std::vector<std::string> memory_candidates() {
    if (const char* folder = std::getenv("TMPDIR"); folder != nullptr && *folder != '\0') {
        return {folder, "/dev/shm", "/tmp"};
    }
    return {"/dev/shm", "/tmp"};
}

Capability memory() {
    std::string reasons;
    for (const auto& folder : memory_candidates()) {
        const auto problem = unfit_for_memory(folder);
        if (!problem) {
            struct statvfs space {};
            ::statvfs(folder.c_str(), &space);
            const auto free = space.f_bavail * space.f_frsize >> 20U;
            return {
                "memory files", "time: virtual", true,
                fmt::format("{} can be written and executed from, {} MiB are free", folder, free),
                ""};
        }
        reasons += (reasons.empty() ? "" : "; ") + *problem;
    }
    return {"memory files", "time: virtual", false, reasons,
            "point TMPDIR to a folder that is writable and not mounted noexec"};
}

// User-Mode Linux stops the system calls of its processes with PTRACE_SYSEMU.
Attempt trace_a_child() {
    const pid_t traced = ::fork();
    if (traced < 0) return {1, errno};
    if (traced == 0) {
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
        ::kill(::getpid(), SIGSTOP);
        ::syscall(SYS_getppid);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(traced, &status, 0);
    if (WIFEXITED(status)) return {2, WEXITSTATUS(status)};
    constexpr auto sysemu = static_cast<__ptrace_request>(PTRACE_SYSEMU);
    Attempt result;
    if (::ptrace(sysemu, traced, nullptr, nullptr) != 0) {
        result = {3, errno};
    } else {
        ::waitpid(traced, &status, 0);
        if (!WIFSTOPPED(status)) result = {3, EPERM};
    }
    ::kill(traced, SIGKILL);
    ::waitpid(traced, nullptr, 0);
    return result;
}

Capability tracing() {
    const Attempt result = in_child(trace_a_child);
    const bool works = result == Attempt{};
    return {"ptrace", "time: virtual", works,
            works ? "a child's system calls could be taken over"
                  : failure(result.step == 3 ? "PTRACE_SYSEMU" : "PTRACE_TRACEME", result),
            works ? ""
                  : "in a container: start it with --cap-add SYS_PTRACE; else as root: sysctl -w "
                    "kernel.yama.ptrace_scope=1"};
}

}  // namespace

std::string memory_folder() {
    for (const auto& folder : memory_candidates()) {
        if (!unfit_for_memory(folder)) return folder;
    }
    return {};
}

std::vector<Capability> probe_machine() {
    return {architecture(),       memory(), tracing(), user_namespaces(),
            proc_in_namespaces(), overlay()};
}

}  // namespace etimedout
