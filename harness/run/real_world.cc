// A world in real time: process 1 of namespaces of its own on the host's kernel.
#include "harness/run/real_world.hh"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iterator>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/run/world_main.hh"
#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/net/socket_lender.hh"
#include "simulator/node/process_one.hh"

namespace etimedout {

namespace {

// become_real_world() exits with this when the host does not allow the namespaces.
constexpr int not_allowed = 77;
// Where a world finds its end of the channel that sockets of the host come by.
constexpr int borrowing_descriptor = 3;
constexpr std::size_t largest_console = 256U << 10U;

// The world's process as the driver sees it: killed and reaped when it goes out of scope.
class Started {
public:
    Started(const RealWorldPlan& plan, int output, int borrower) {
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, output, 1);
        ::posix_spawn_file_actions_adddup2(&actions, output, 2);
        ::posix_spawn_file_actions_adddup2(&actions, borrower, borrowing_descriptor);
        std::string program = plan.program.string();
        std::string mode = "world-real";
        std::string folder = plan.folder.string();
        char* const arguments[] = {program.data(), mode.data(), folder.data(), nullptr};
        const int failed =
            ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) throw_errno("start " + program, failed);
        pidfd_ = Fd{checked("pidfd_open", static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)))};
    }
    ~Started() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }
    Started(const Started&) = delete;
    Started& operator=(const Started&) = delete;

    int pidfd() const { return pidfd_.get(); }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }

private:
    pid_t pid_ = -1;
    Fd pidfd_;
};

// Reads what is there; false at the end of the stream.
bool read_some(int fd, std::string& console) {
    char buffer[4096];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
    if (console.size() < largest_console) console.append(buffer, static_cast<std::size_t>(got));
    return true;
}

RealWorldEnd ending_of(int status, std::string console) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == not_allowed) {
        // It wrote what is forbidden, and on the next line what to do about it.
        const auto cut = console.find('\n');
        return {"skipped", console.substr(0, cut),
                cut == std::string::npos ? "" : console.substr(cut + 1, console.size() - cut - 2),
                std::move(console)};
    }
    return {"world", "the world ended without finishing its log", "what it wrote last is below",
            std::move(console)};
}

}  // namespace

RealWorldEnd run_real_world(const RealWorldPlan& plan, const std::atomic<bool>& interrupted) {
    int ends[2];
    checked("pipe2", ::pipe2(ends, O_CLOEXEC));
    const Fd output{ends[0]};
    Fd input{ends[1]};
    LendingChannel channel = LendingChannel::make();
    Started world{plan, input.get(), channel.borrower.get()};
    input.reset();
    channel.borrower.reset();

    const auto deadline = std::chrono::steady_clock::now() + plan.limit;
    std::string console;
    bool reading = true;
    bool lending = true;
    for (;;) {
        pollfd watched[] = {{world.pidfd(), POLLIN, 0},
                            {reading ? output.get() : -1, POLLIN, 0},
                            {lending ? channel.lender.get() : -1, POLLIN, 0}};
        constexpr int look_again = 50;  // ms; for the interrupt and the limit
        ::poll(watched, std::size(watched), look_again);
        if (watched[1].revents != 0) reading = read_some(output.get(), console);
        if (watched[2].revents != 0) lending = lend_socket(channel.lender.get());
        if (watched[0].revents != 0) break;
        if (interrupted) return {"interrupted", "interrupted", "", console};
        if (std::chrono::steady_clock::now() > deadline) {
            return {"limit", fmt::format("the world ran longer than {}", human(plan.limit)),
                    "raise `limit: {real: …}`", console};
        }
    }
    while (reading && read_some(output.get(), console)) {
    }
    return ending_of(world.wait(), std::move(console));
}

int become_real_world(const std::filesystem::path& folder) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == 1) return EXIT_FAILURE;  // the driver died before we asked to follow it
    ::fcntl(borrowing_descriptor, F_SETFD, FD_CLOEXEC);
    try {
        return run_as_process_one([&] { return world_main(folder, Fd{borrowing_descriptor}); });
    } catch (const Error& error) {
        fmt::print(stderr, "{}\n{}\n", error.what(), error.advice());
        return not_allowed;
    }
}

}  // namespace etimedout
