// MachineProcess: the host's processes of one virtual machine, from exec to the last of them.
#include "simulator/vm/machine_process.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/vm/host_processes.hh"

namespace etimedout {
namespace {

// Long enough for a host's tick (10 ms) to tell the busy from the idle.
constexpr Duration sample = 60ms;
// The console's pipe: the machine never waits for us, it would rather lose output.
constexpr int pipe_size = 1 << 20;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

struct Launch {
    const char* program;
    char** arguments;
    char** environment;
    int console;
    int failure;
    pid_t parent;
    cpu_set_t processor;
};

// Runs between fork and exec of a program with threads: nothing but system calls here.
[[noreturn]] void become(const Launch& launch) {
    const auto fail = [&] {
        const int error = errno;
        [[maybe_unused]] const auto sent = ::write(launch.failure, &error, sizeof error);
        ::_exit(127);
    };
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before that took effect.
    if (::getppid() != launch.parent) ::_exit(127);

    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::sched_setaffinity(0, sizeof launch.processor, &launch.processor);  // as fast as it goes

    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(launch.console, 1) < 0 ||
        ::dup2(launch.console, 2) < 0 || ::dup2(launch.failure, 3) < 0 || ::chdir("/") < 0) {
        fail();
    }
    ::fcntl(3, F_SETFD, FD_CLOEXEC);
    ::syscall(SYS_close_range, 4U, ~0U, 0U);
    ::execve(launch.program, launch.arguments, launch.environment);
    const int error = errno;
    [[maybe_unused]] const auto sent = ::write(3, &error, sizeof error);
    ::_exit(127);
}

std::pair<Fd, Fd> console_pipe() {
    std::array<int, 2> ends{};
    checked("create a pipe to the virtual kernel", ::pipe2(ends.data(), O_CLOEXEC));
    // Never among the standard descriptors, which the child overwrites.
    std::array<Fd, 2> owned{Fd{ends[0]}, Fd{ends[1]}};
    for (Fd& end : owned) {
        if (end.get() < 10) {
            end = Fd{checked("move a pipe's end", ::fcntl(end.get(), F_DUPFD_CLOEXEC, 10))};
        }
    }
    return {std::move(owned[0]), std::move(owned[1])};
}

Duration from_rusage(const rusage& usage) {
    const auto sum = [](const timeval& time) {
        return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
    };
    return sum(usage.ru_utime) + sum(usage.ru_stime);
}

}  // namespace

MachineProcess::MachineProcess(const std::filesystem::path& program,
                               std::vector<std::string> arguments,
                               std::vector<std::string> environment) {
    // Guest processes become ours when the kernel's process dies, so that we can wait for them.
    checked("become the reaper of orphans", ::prctl(PR_SET_CHILD_SUBREAPER, 1));
    auto [console, console_end] = console_pipe();
    auto [failure, failure_end] = console_pipe();
    ::fcntl(console.get(), F_SETPIPE_SZ, pipe_size);  // an unprivileged user may have less
    checked("read the console", ::fcntl(console.get(), F_SETFL, O_RDONLY | O_NONBLOCK));

    auto argv = pointers(arguments);
    auto envp = pointers(environment);
    const Launch launch{program.c_str(),   argv.data(), envp.data(),     console_end.get(),
                        failure_end.get(), ::getpid(),  processor_.set()};
    pid_ = checked("start the virtual kernel", ::fork());
    if (pid_ == 0) become(launch);
    console_ = std::move(console);
    console_end.reset();
    failure_end.reset();

    int error = 0;
    ssize_t got = 0;
    do {
        got = ::read(failure.get(), &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got == 0) ended_ = Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    if (got == 0 && ended_) return;
    if (got == 0) error = errno;
    finish();
    throw_errno("start " + program.string(), error);
}

MachineProcess::~MachineProcess() {
    if (!finished_) finish();
}

Duration MachineProcess::cpu() const {
    const auto kernel = process_times(pid_);
    if (!kernel) return {};
    Duration sum = kernel->cpu + kernel->cpu_of_dead;
    for (const auto& child : children_of(pid_)) sum += child.cpu;
    return sum;
}

bool MachineProcess::stop_busiest(Spare spare) const {
    std::map<pid_t, Duration> before;
    for (const auto& child : children_of(pid_)) before[child.pid] = child.cpu;
    std::this_thread::sleep_for(sample);
    auto children = children_of(pid_);
    if (spare == Spare::process_1 && !children.empty()) {
        // Process 1 was the first.
        children.erase(std::ranges::min_element(children, {}, &ProcessTimes::started));
    }
    if (children.empty()) return false;
    const auto busiest = std::ranges::max_element(
        children, {}, [&](const ProcessTimes& child) { return child.cpu - before[child.pid]; });
    // On a machine that is too busy for any of them to have run, nobody is the one.
    if (busiest->cpu == before[busiest->pid]) return false;
    return ::kill(busiest->pid, SIGFPE) == 0;
}

MachineProcess::Status MachineProcess::finish() {
    finished_ = true;
    // Until it is waited for, the kernel's process keeps the group's number from being reused.
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // where it has not yet become a leader
    Status status;
    const auto collect = [&](pid_t whom) {
        int wait_status = 0;
        rusage usage{};
        pid_t ended = 0;
        do {
            ended = ::wait4(whom, &wait_status, __WALL, &usage);
        } while (ended < 0 && errno == EINTR);
        if (ended <= 0) return false;
        status.cpu += from_rusage(usage);
        if (ended == pid_) status.wait_status = wait_status;
        return true;
    };
    collect(pid_);
    // Its children are ours now, and in its group.
    while (collect(-pid_)) {
    }
    return status;
}

}  // namespace etimedout
