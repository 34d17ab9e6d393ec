// Child: how programs start, what they inherit, how they end.
#include <array>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/child.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

struct Outcome {
    int exit_code = -1;
    std::string output{};
};

SpawnPlan shell_plan(const std::string& command) {
    SpawnPlan plan;
    plan.arguments = {"/bin/sh", "-c", command};
    plan.env = default_environment();
    return plan;
}

Outcome run(SpawnPlan plan) {
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    plan.standard_output = writer.get();
    plan.standard_error = writer.get();
    Child child{plan};
    writer.reset();
    Outcome outcome;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(reader.get(), piece.data(), piece.size())) > 0;) {
        outcome.output.append(piece.data(), static_cast<std::size_t>(got));
    }
    const WorldClock clock;
    outcome.exit_code = child.wait_until(clock, 60s).value_or(-1);
    return outcome;
}

std::string error_of(const SpawnPlan& plan) {
    try {
        const Child child{plan};
    } catch (const Error& problem) {
        return fmt::format("{} | {}", problem.what(), problem.advice());
    }
    return "no error";
}

// Whether a process exists and is no zombie.
bool alive(pid_t pid) {
    const auto text = read_text(fmt::format("/proc/{}/stat", pid));
    return text && text->find(") Z ") == std::string::npos;
}

TEST(Child, ExitCodesAndSignalsAreReported) {
    // A shell's convention: 128 + n for signal n.
    EXPECT_EQ(run(shell_plan("exit 3")).exit_code, 3);
    EXPECT_EQ(run(shell_plan("kill -TERM $$")).exit_code, 128 + SIGTERM);
    EXPECT_EQ(run(shell_plan("exit 0")).exit_code, 0);
}

TEST(Child, AMissingProgramNamesItsPackage) {
    // exec(2) fails after the clone; the reason must reach the caller all the same.
    SpawnPlan plan;
    plan.arguments = {"nginx"};
    plan.env = {{"PATH", "/nowhere"}};
    EXPECT_EQ(error_of(plan),
              "start nginx: No such file or directory (ENOENT) | apt-get install nginx-light");
}

TEST(Child, WhatGoesWrongBeforeTheExecIsNamed) {
    // Every stage between clone and exec can fail.
    auto plan = shell_plan("true");
    plan.cwd = "/no/such/folder";
    EXPECT_EQ(error_of(plan),
              "start /bin/sh: change to folder /no/such/folder: "
              "No such file or directory (ENOENT) | ");
    plan = shell_plan("true");
    plan.user = "no-such-user";
    EXPECT_EQ(error_of(plan),
              "start /bin/sh: there is no user `no-such-user` | name one of "
              "/etc/passwd, or install the package that brings this user");
    SpawnPlan folder;
    folder.arguments = {"/tmp"};
    EXPECT_EQ(error_of(folder), "start /tmp: Permission denied (EACCES) | ");
}

TEST(Child, TheEnvironmentIsThePlansAlone) {
    // Nothing of ours leaks: not our variables, not our descriptors, not our signal mask.
    ::setenv("ETIMEDOUT_LEAK", "1", 1);
    const Fd leak{::open("/dev/null", O_RDONLY)};  // without close-on-exec, on purpose
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    SpawnPlan plan;
    plan.arguments = {"env"};
    plan.env = {{"PATH", "/usr/bin:/bin"}, {"A", "b"}};
    EXPECT_EQ(run(plan).output, "A=b\nPATH=/usr/bin:/bin\n");
    EXPECT_EQ(run(shell_plan("ls /proc/$$/fd")).output, "0\n1\n2\n");
    EXPECT_EQ(run(shell_plan("grep -E '^Sig(Blk|Ign)' /proc/self/status")).output,
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::unsetenv("ETIMEDOUT_LEAK");
}

TEST(Child, LimitsHold) {
    // RLIMIT_NOFILE and RLIMIT_AS, as the program itself sees them.
    auto plan = shell_plan("ulimit -n; ulimit -v");
    plan.limits.fds = 17;
    plan.limits.memory = Bytes{512 << 20};
    EXPECT_EQ(run(plan).output, "17\n524288\n");
}

TEST(Child, ItLeadsAGroupOfItsOwnThatDiesWithIt) {
    // The shell's background children are in its group; the destructor kills them all.
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    auto plan = shell_plan("sleep 1000 & echo $!; exit 0");
    plan.standard_output = writer.get();
    pid_t grandchild = 0;
    {
        Child child{plan};
        writer.reset();
        std::array<char, 32> text{};
        ASSERT_GT(::read(reader.get(), text.data(), text.size() - 1), 0);
        grandchild = static_cast<pid_t>(std::atoi(text.data()));
        const WorldClock clock;
        EXPECT_EQ(child.wait_until(clock, 60s), 0);
        EXPECT_TRUE(alive(grandchild));
    }
    // The last writer of the pipe is gone when the grandchild is.
    char unused = 0;
    EXPECT_EQ(::read(reader.get(), &unused, 1), 0);
}

TEST(Child, ItOutlivesTheThreadThatStartedIt) {
    // PR_SET_PDEATHSIG follows the starting thread; a program must not die with a worker thread.
    std::optional<Child> child;
    std::thread{[&] { child.emplace(shell_plan("sleep 1000")); }}.join();
    EXPECT_TRUE(alive(child->pid()));
    EXPECT_FALSE(child->poll().has_value());
    child->signal(SIGTERM);
    const WorldClock clock;
    EXPECT_EQ(child->wait_until(clock, 60s), 128 + SIGTERM);
}

TEST(Child, ItDiesWithAParentThatIsKilled) {
    // kill -9 runs no destructor: the kernel has to end what we started.
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    const pid_t parent = checked("fork", ::fork());
    if (parent == 0) {
        auto plan = shell_plan("echo started; exec sleep 1000");
        plan.standard_output = writer.get();
        const Child child{plan};
        ::pause();
        ::_exit(0);
    }
    writer.reset();
    std::array<char, 16> text{};
    ASSERT_GT(::read(reader.get(), text.data(), text.size()), 0);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    // End of file comes when the last process that holds the pipe is gone.
    EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 0);
}

TEST(Child, AMovedFromChildOwnsNothing) {
    // One process, one owner.
    Child first{shell_plan("sleep 1000")};
    const pid_t pid = first.pid();
    const Child second{std::move(first)};
    EXPECT_EQ(second.pid(), pid);
    first = Child{shell_plan("sleep 1000")};
    EXPECT_NE(first.pid(), pid);
    EXPECT_TRUE(alive(pid));
}

}  // namespace

}  // namespace etimedout
