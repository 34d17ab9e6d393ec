// Child: a program started in the namespaces of the calling thread, ended in the destructor.
#include "simulator/node/child.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <future>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/node/known_programs.hh"
#include "simulator/node/text.hh"
#include "simulator/node/users.hh"

namespace etimedout {

namespace {

constexpr std::size_t stack_size = 64U << 10U;

// What went wrong between the clone and the exec.
enum class Stage { none, session, streams, limits, user, folder, parent, exec };

// All that the new process needs, made before it exists.
struct Launch {
    const char* const* candidates = nullptr;  // paths to try, as execvp does; nullptr ends them
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    const char* cwd = nullptr;
    const UserIds* user = nullptr;  // nullptr: stay who we are
    const gid_t* groups = nullptr;  // of that user
    std::size_t group_count = 0;
    std::array<int, 3> streams{-1, -1, -1};
    const rlimit* fds = nullptr;  // nullptr: as they are
    const rlimit* memory = nullptr;
    bool die_with_parent = false;
    pid_t parent = -1;
    std::uint64_t changed_signals = 0;  // bit n - 1 for signal n
    Stage stage = Stage::none;
    int error = 0;
};

// From here to run_child() is code of the new process. It shares our memory, thread-local variables
// included, until its exec. So it asks the kernel directly and calls nothing else: the C library's
// setuid() would signal our threads to follow, and a sanitizer would take its stack for ours.
#define ETIMEDOUT_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))

ETIMEDOUT_IN_CHILD bool default_signals(std::uint64_t changed) {
    // struct sigaction as the kernel has it: handler, flags, restorer, mask; 0 is SIG_DFL.
    unsigned long plain[4] = {0, 0, 0, 0};
    for (int number = 1; number < NSIG; ++number) {
        if (((changed >> (number - 1)) & 1U) == 0) continue;
        ::syscall(SYS_rt_sigaction, number, plain, nullptr, 8);  // KILL and STOP refuse
    }
    return ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &plain[3], nullptr, 8) == 0;
}

ETIMEDOUT_IN_CHILD bool place_streams(const Launch& launch) {
    // Out of the way of 0, 1 and 2 first, so that none is overwritten before it is copied.
    int safe[3] = {-1, -1, -1};
    for (unsigned i = 0; i < 3; ++i) {
        safe[i] = static_cast<int>(::syscall(SYS_fcntl, launch.streams.data()[i], F_DUPFD, 3));
        if (safe[i] < 0) return false;
    }
    for (unsigned i = 0; i < 3; ++i) {
        if (::syscall(SYS_dup3, safe[i], i, 0) < 0) return false;
    }
    return ::syscall(SYS_close_range, 3U, ~0U, 0U) == 0;
}

ETIMEDOUT_IN_CHILD bool become_user(const Launch& launch) {
    const UserIds* const user = launch.user;
    return user == nullptr || (::syscall(SYS_setgroups, launch.group_count, launch.groups) == 0 &&
                               ::syscall(SYS_setresgid, user->gid, user->gid, user->gid) == 0 &&
                               ::syscall(SYS_setresuid, user->uid, user->uid, user->uid) == 0);
}

ETIMEDOUT_IN_CHILD bool limit(int resource, const rlimit* wanted) {
    return wanted == nullptr || ::syscall(SYS_prlimit64, 0, resource, wanted, nullptr) == 0;
}

ETIMEDOUT_IN_CHILD bool follow_parent(const Launch& launch) {
    if (!launch.die_with_parent) return true;
    return ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
           ::syscall(SYS_getppid) == launch.parent;
}

// Tries every candidate; an earlier "may not" is worth more than a later "is not there".
ETIMEDOUT_IN_CHILD int exec(const Launch& launch) {
    int error = ENOENT;
    for (const char* const* path = launch.candidates; *path != nullptr; ++path) {
        ::syscall(SYS_execve, *path, launch.arguments, launch.environment);
        if (errno == ENOENT || errno == ENOTDIR) continue;
        error = errno;
        if (errno != EACCES) break;
    }
    return error;
}

ETIMEDOUT_IN_CHILD Stage prepare(const Launch& launch) {
    if (::syscall(SYS_setsid) < 0) return Stage::session;
    if (!place_streams(launch)) return Stage::streams;
    if (!limit(RLIMIT_NOFILE, launch.fds)) return Stage::limits;
    if (!become_user(launch)) return Stage::user;
    if (::syscall(SYS_chdir, launch.cwd) != 0) return Stage::folder;
    // After the change of user, which clears it.
    if (!follow_parent(launch)) return Stage::parent;
    if (!default_signals(launch.changed_signals)) return Stage::session;
    if (!limit(RLIMIT_AS, launch.memory)) return Stage::limits;
    return Stage::none;
}

ETIMEDOUT_IN_CHILD int run_child(void* argument) {
    Launch& launch = *static_cast<Launch*>(argument);
    launch.stage = prepare(launch);
    launch.error = errno;
    if (launch.stage == Stage::none) {
        launch.error = exec(launch);
        launch.stage = Stage::exec;
    }
    ::syscall(SYS_exit_group, 127);
    return 127;
}

#undef ETIMEDOUT_IN_CHILD

// glibc's other name for clone(): sanitizers replace the first, and take this call for a fork().
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

// The child's stack; it must outlive nothing but the clone call.
class Stack {
public:
    Stack()
        : base_{::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)} {
        if (base_ == MAP_FAILED) throw_errno("start a program: allocate its stack", errno);
    }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack() { ::munmap(base_, stack_size); }
    void* top() const { return static_cast<char*>(base_) + stack_size; }

private:
    void* base_;
};

// No handler of ours may run in the child while it shares our memory.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

struct Started {
    pid_t pid = -1;
    Fd pidfd{};
};

Started clone_and_exec(Launch& launch) {
    const Stack stack;
    const SignalsBlocked blocked;
    int pidfd = -1;
    const pid_t pid = __clone(run_child, stack.top(),
                              CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, &pidfd);
    if (pid < 0) throw_errno("start a program: clone", errno);
    Started started{pid, Fd{pidfd}};
    if (launch.stage != Stage::none) ::waitpid(pid, nullptr, 0);
    return started;
}

// Signals that this process ignores or has a handler for, bit n - 1 for signal n: SigIgn and SigCgt
// of proc_pid_status(5). All of them where that cannot be read. Asking for each would be 64 calls.
std::uint64_t changed_signals() {
    const auto status = read_text("/proc/self/status");
    if (!status) return ~0ULL;
    std::uint64_t changed = 0;
    for (const std::string_view field : {"\nSigIgn:\t", "\nSigCgt:\t"}) {
        const std::size_t at = status->find(field);
        if (at == std::string::npos) return ~0ULL;
        const char* const digits = status->data() + at + field.size();
        std::uint64_t mask = 0;
        if (std::from_chars(digits, status->data() + status->size(), mask, 16).ec != std::errc{}) {
            return ~0ULL;
        }
        changed |= mask;
    }
    return changed;
}

std::vector<std::string> candidates_for(const SpawnPlan& plan) {
    const std::string& name = plan.arguments.at(0);
    if (name.find('/') != std::string::npos) return {name};
    const auto path = plan.env.find("PATH");
    const std::string_view folders =
        path != plan.env.end() ? std::string_view{path->second} : "/usr/bin:/bin";
    std::vector<std::string> candidates;
    for (const auto folder : split(folders, ':')) {
        candidates.push_back(fmt::format("{}/{}", folder.empty() ? "." : folder, name));
    }
    return candidates;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

[[noreturn]] void throw_launch_error(const SpawnPlan& plan, const Launch& launch) {
    const std::string& name = plan.arguments.at(0);
    const auto attempt = [&]() -> std::string {
        switch (launch.stage) {
            case Stage::streams:
                return "place its input and output: ";
            case Stage::limits:
                return "set its limits: ";
            case Stage::user:
                return fmt::format("become user {}: ", plan.user.value_or("?"));
            case Stage::folder:
                return fmt::format("change to folder {}: ", plan.cwd);
            case Stage::session:
            case Stage::parent:
            case Stage::exec:
            case Stage::none:
                break;
        }
        return {};
    }();
    std::string advice;
    if (launch.stage == Stage::exec && launch.error == ENOENT) {
        if (const auto package = debian_package(name)) {
            advice = fmt::format("apt-get install {}", *package);
        }
    } else if (launch.stage == Stage::user && launch.error == EPERM) {
        advice = "run with --time virtual, or as root";
    } else if (launch.stage == Stage::exec && launch.error == ENOMEM && plan.limits.memory) {
        advice = "raise the process's `limits: {memory: …}`: the program does not fit into it";
    }
    throw Error{fmt::format("start {}: {}{} ({})", name, attempt, std::strerror(launch.error),
                            errno_name(launch.error)),
                advice};
}

Started spawn(const SpawnPlan& plan, bool die_with_parent) {
    if (plan.arguments.empty()) throw Error{"start a program: it has no name"};
    auto arguments = plan.arguments;
    std::vector<std::string> environment;
    for (const auto& [name, value] : plan.env) {
        environment.push_back(fmt::format("{}={}", name, value));
    }
    auto candidates = candidates_for(plan);
    const auto argument_pointers = pointers(arguments);
    const auto environment_pointers = pointers(environment);
    const auto candidate_pointers = pointers(candidates);
    Launch launch;
    launch.candidates = candidate_pointers.data();
    launch.arguments = argument_pointers.data();
    launch.environment = environment_pointers.data();
    launch.cwd = plan.cwd.c_str();
    launch.die_with_parent = die_with_parent;
    launch.parent = ::getpid();
    launch.changed_signals = changed_signals();

    std::optional<UserIds> user;
    if (plan.user) {
        auto resolved = resolve_user(*plan.user);
        if (!resolved) {
            throw Error{fmt::format("start {}: {}", plan.arguments[0], resolved.error().message),
                        resolved.error().advice};
        }
        user = std::move(*resolved);
        // Where we are that user already there may be nothing to change and no right to.
        if (user->uid != ::geteuid()) launch.user = &*user;
        launch.groups = user->groups.data();
        launch.group_count = user->groups.size();
    }
    const auto both = [](std::int64_t value) {
        return rlimit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
    };
    const rlimit fds = both(plan.limits.fds.value_or(0));
    const rlimit memory = both(plan.limits.memory.value_or(Bytes{}).count);
    if (plan.limits.fds) launch.fds = &fds;
    if (plan.limits.memory) launch.memory = &memory;
    const Fd nowhere{checked(fmt::format("start {}: open /dev/null", plan.arguments[0]),
                             ::open("/dev/null", O_RDWR | O_CLOEXEC))};
    launch.streams = {plan.standard_input, plan.standard_output, plan.standard_error};
    std::ranges::replace(launch.streams, -1, nowhere.get());

    Started started = clone_and_exec(launch);
    if (launch.stage != Stage::none) throw_launch_error(plan, launch);
    return started;
}

// A pidfd is readable from its process's end on, whoever reaps it.
void wait_for_end(int pidfd) {
    pollfd watched{pidfd, POLLIN, 0};
    while (::poll(&watched, 1, -1) < 0 && errno == EINTR) {
    }
}

// Starts the child on a thread that lives as long as the child does.
std::thread spawn_with_keeper(const SpawnPlan& plan, Started& started) {
    const auto promise = std::make_shared<std::promise<Started>>();
    auto started_later = promise->get_future();
    std::thread keeper{[&plan, promise] {
        Fd own;
        try {
            Started made = spawn(plan, true);
            own = Fd{::fcntl(made.pidfd.get(), F_DUPFD_CLOEXEC, 3)};
            if (!own) ::kill(-made.pid, SIGKILL);
            checked("start a program: dup", own.get());
            promise->set_value(std::move(made));  // from here on `plan` may be gone
        } catch (...) {
            promise->set_exception(std::current_exception());
        }
        if (own) wait_for_end(own.get());
    }};
    try {
        started = started_later.get();
    } catch (...) {
        keeper.join();
        throw;
    }
    return keeper;
}

}  // namespace

std::map<std::string, std::string> default_environment() {
    return {{"HOME", "/run/home"}, {"LANG", "C.UTF-8"},
            {"LOGNAME", "root"},   {"PATH", fmt::format("/run/{}:{}", own_program, search_path)},
            {"SHELL", "/bin/sh"},  {"TERM", "dumb"},
            {"TMPDIR", "/tmp"},    {"TZ", "UTC"},
            {"USER", "root"}};
}

Child::Child(const SpawnPlan& plan) {
    Started started;
    if (::getpid() == 1) {
        started = spawn(plan, false);
    } else {
        keeper_ = spawn_with_keeper(plan, started);
    }
    pid_ = started.pid;
    pidfd_ = std::move(started.pidfd);
}

Child::Child(Child&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::move(other.pidfd_)},
      ended_{std::exchange(other.ended_, std::nullopt)},
      keeper_{std::move(other.keeper_)} {}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        ended_ = std::exchange(other.ended_, std::nullopt);
        keeper_ = std::move(other.keeper_);
    }
    return *this;
}

Child::~Child() { end(); }

void Child::end() noexcept {
    if (pid_ > 0) {
        ::kill(-pid_, SIGKILL);
        // All of the group, not only its leader: as process 1 we inherit the others as they lose
        // their parents, and they are gone when this returns.
        while (::waitpid(-pid_, nullptr, 0) > 0 || errno == EINTR) {
        }
        pid_ = -1;
    }
    pidfd_.reset();
    if (keeper_.joinable()) keeper_.join();
}

std::optional<int> Child::poll() {
    if (ended_ || pid_ <= 0) return ended_;
    siginfo_t info{};
    const auto which = static_cast<id_t>(pidfd_.get());
    checked("wait for a program", ::waitid(P_PIDFD, which, &info, WEXITED | WNOHANG | WNOWAIT));
    if (info.si_pid == 0) return std::nullopt;
    ended_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return ended_;
}

std::optional<int> Child::wait_until(const WorldClock& clock, Duration t) {
    for (;;) {
        if (const auto ended = poll()) return ended;
        const Duration left = std::max(t - clock.now(), Duration{});
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec timeout{seconds.count(), (left - seconds).count()};
        pollfd watched{pidfd_.get(), POLLIN, 0};
        const int ready = ::ppoll(&watched, 1, &timeout, nullptr);
        if (ready < 0 && errno != EINTR) throw_errno("wait for a program", errno);
        if (ready == 0) return poll();
    }
}

void Child::signal(int number) const {
    if (pid_ <= 0) return;
    if (::kill(-pid_, number) != 0 && errno != ESRCH) {
        throw_errno(fmt::format("send signal {} to process {}", number, pid_), errno);
    }
}

}  // namespace etimedout
