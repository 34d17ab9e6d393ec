// Process 1 of fresh namespaces on the host's kernel: where a world in real time lives.
#include "simulator/node/process_one.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

constexpr int namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;

struct Pipe {
    Fd reader;
    Fd writer;
    static Pipe make() {
        std::array<int, 2> ends{};
        checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
        return {Fd{ends[0]}, Fd{ends[1]}};
    }
};

bool write_whole(const std::string& path, const std::string& text) {
    const Fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    return file &&
           ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Every id that exists here, under the same number; "0 0 4294967295\n" on a plain host.
std::string identity_map(const char* path) {
    std::string map;
    const std::string here = read_text(path).value_or("");
    for (const auto line : split(here, '\n')) {
        const auto words = words_of(line);
        if (words.size() == 3) map += fmt::format("{} {} {}\n", words[0], words[0], words[2]);
    }
    return map;
}

// Maps the ids of `process`, from outside its user namespace: only there is the right to map more
// than oneself (user_namespaces(7)).
bool map_ids(pid_t process, uid_t uid, gid_t gid) {
    const std::string folder = fmt::format("/proc/{}/", process);
    if (write_whole(folder + "uid_map", identity_map("/proc/self/uid_map")) &&
        write_whole(folder + "gid_map", identity_map("/proc/self/gid_map"))) {
        return true;
    }
    return write_whole(folder + "uid_map", fmt::format("0 {} 1\n", uid)) &&
           write_whole(folder + "setgroups", "deny") &&
           write_whole(folder + "gid_map", fmt::format("0 {} 1\n", gid));
}

int wait_for(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) throw_errno("wait for process 1", errno);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Process 1 itself. `alive` is readable once the caller is gone.
[[noreturn]] void be_process_one(const std::function<int()>& body, const Fd& alive) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd caller{alive.get(), POLLIN, 0};
    if (::poll(&caller, 1, 0) != 0) ::_exit(128 + SIGKILL);
    int code = 3;
    try {
        code = body();
    } catch (const Error& problem) {
        std::fputs(fmt::format("error: {}\n", problem.what()).c_str(), stderr);
        if (!problem.advice().empty()) {
            std::fputs(fmt::format("  {}\n", problem.advice()).c_str(), stderr);
        }
    } catch (const std::exception& problem) {
        std::fputs(fmt::format("error: {}\n", problem.what()).c_str(), stderr);
    }
    std::fflush(nullptr);
    ::_exit(code);
}

}  // namespace

int run_as_process_one(const std::function<int()>& body) {
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    const pid_t self = ::getpid();
    Pipe ready = Pipe::make();
    const pid_t mapper = checked("start a helper", ::fork());
    if (mapper == 0) {
        ready.writer.reset();
        char unused = 0;
        const bool told = ::read(ready.reader.get(), &unused, 1) == 1;
        const bool done = told && map_ids(self, uid, gid);
        ::_exit(done ? 0 : 1);
    }
    const int outcome = ::unshare(namespaces);
    const int error = errno;
    if (outcome == 0) checked("tell the helper", ::write(ready.writer.get(), "", 1));
    ready.writer.reset();
    const int mapping = wait_for(mapper);
    if (outcome != 0 || mapping != 0) {
        throw Error{outcome != 0 ? fmt::format("make a user namespace: {}", errno_name(error))
                                 : std::string{"map the ids of a user namespace: not allowed"},
                    "see `etimedout doctor`, run with --time virtual, or run as root"};
    }
    Pipe alive = Pipe::make();
    std::fflush(nullptr);
    const pid_t process = checked("start process 1", ::fork());
    if (process == 0) {
        alive.writer.reset();
        be_process_one(body, alive.reader);
    }
    return wait_for(process);
}

}  // namespace etimedout
