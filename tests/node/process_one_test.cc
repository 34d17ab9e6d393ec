// Process 1 of fresh namespaces: its result, and that nothing survives its killing.
#include <array>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/child.hh"
#include "simulator/node/process_one.hh"

namespace etimedout {

namespace {

// In a child of the test, since the caller's own namespaces change.
template <class Body>
pid_t forked(Body body) {
    const pid_t pid = checked("fork", ::fork());
    if (pid != 0) return pid;
    try {
        ::_exit(body());
    } catch (const Error&) {
        ::_exit(77);
    }
}

int result_of(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(ProcessOne, ItIsRootAndNumberOne) {
    // Whoever called: inside there is a root, and it is process 1.
    const int code = result_of(forked([] {
        return run_as_process_one([] { return ::getpid() == 1 && ::geteuid() == 0 ? 42 : 1; });
    }));
    if (code == 77) GTEST_SKIP() << "this machine allows no user namespaces";
    EXPECT_EQ(code, 42);
}

TEST(ProcessOne, NothingSurvivesTheKillingOfItsCaller) {
    // kill -9 runs no destructor; PDEATHSIG ends process 1, and its namespace all the others, even
    // one in a session of its own.
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    const pid_t caller = forked([&writer] {
        return run_as_process_one([&writer]() -> int {
            SpawnPlan plan;
            plan.arguments = {"/bin/sh", "-c", "setsid sleep 1000 & echo up; sleep 1000"};
            plan.env = default_environment();
            plan.standard_output = writer.get();
            const Child child{plan};
            ::pause();
            return 0;
        });
    });
    writer.reset();
    std::array<char, 16> text{};
    if (::read(reader.get(), text.data(), text.size()) <= 0) {
        EXPECT_EQ(result_of(caller), 77);
        GTEST_SKIP() << "this machine allows no user namespaces";
    }
    ::kill(caller, SIGKILL);
    EXPECT_EQ(result_of(caller), 128 + SIGKILL);
    // End of file: every holder of the pipe is gone.
    EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 0);
}

}  // namespace

}  // namespace etimedout
