// The virtual machine from outside: what it is made of, how it ends, and that it leaves nothing.
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/vm/keeper.hh"
#include "simulator/vm/kernel.hh"
#include "simulator/vm/processor.hh"
#include "simulator/vm/virtual_machine.hh"

namespace etimedout {

void PrintTo(MachineEnd::How how, std::ostream* out) { *out << to_string(how); }

namespace {

namespace fs = std::filesystem;
using How = MachineEnd::How;
using ::testing::Test;

// Processes that have `text` in their command line, zombies (which have none) excepted.
std::vector<pid_t> processes_with(const std::string& text) {
    std::vector<pid_t> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/proc", error}) {
        std::ifstream file{entry.path() / "cmdline"};
        std::ostringstream line;
        line << file.rdbuf();
        if (line.str().find(text) != std::string::npos) {
            found.push_back(std::atoi(entry.path().filename().c_str()));
        }
    }
    std::erase(found, 0);
    return found;
}

class Machine : public Test {
protected:
    void SetUp() override {
        try {
            kernel_ = find_kernel();
        } catch (const Error& error) {
            GTEST_SKIP() << error.what() << ": " << error.advice();
        }
    }

    MachinePlan plan(std::vector<std::string> arguments) {
        MachinePlan plan;
        plan.kernel = kernel_;
        plan.run_dir = keeper_.folder("run" + std::to_string(++runs_));
        plan.init = VM_GUEST;
        plan.init_arguments = std::move(arguments);
        plan.memory = {64 << 20};
        plan.seed = 1;
        plan.start = std::chrono::system_clock::time_point{1'767'225'600s};
        plan.cpu_limit = 10s;
        return plan;
    }

    // Boots, and checks what must hold after every end.
    MachineEnd run(const MachinePlan& plan) {
        const auto end = run_machine(plan, interrupted_);
        EXPECT_EQ(processes_with(plan.run_dir.string() + "/"), std::vector<pid_t>{});
        return end;
    }

    template <class... Arguments>
    MachineEnd run_init(Arguments... arguments) {
        return run(plan({std::string{arguments}...}));
    }

    Keeper keeper_;
    fs::path kernel_;
    std::atomic<bool> interrupted_{false};

private:
    int runs_ = 0;
};

TEST_F(Machine, the_same_seed_gives_the_same_random_bytes_and_another_seed_others) {
    const auto first = run_init("random");
    const auto again = run_init("random");
    auto other_plan = plan({"random"});
    other_plan.seed = 2;
    const auto other = run(other_plan);
    EXPECT_EQ(first.how, How::powered_off) << first.console;
    EXPECT_EQ(first.exit_code, 0);
    EXPECT_EQ(first.console, again.console);
    EXPECT_NE(first.console, other.console);
}

TEST_F(Machine, the_clocks_are_the_plans_and_jump) {
    // An hour of virtual time is no work, so it takes less than the ten seconds allowed.
    const auto end = run_init("clocks");
    EXPECT_NE(end.console.find("wall 1767225600\n"), std::string::npos) << end.console;
    EXPECT_NE(end.console.find("tsc advanced by 3600 s\n"), std::string::npos) << end.console;
    EXPECT_LT(end.cpu, 5s);
}

TEST_F(Machine, a_program_that_polls_the_clock_moves_it_as_the_kernel_would) {
    const auto end = run_init("polls");
    EXPECT_NE(end.console.find("even: 1 1\n"), std::string::npos) << end.console;
    EXPECT_NE(end.console.find("time of day: 1\n"), std::string::npos) << end.console;
    EXPECT_NE(end.console.find("timer within a poll: in time\n"), std::string::npos) << end.console;
}

TEST_F(Machine, it_has_the_memory_of_the_plan_each_time) {
    auto larger = plan({"memory"});
    larger.memory = {128 << 20};
    const auto small = run_init("memory");
    const auto large = run(larger);
    const auto kilobytes = [](const MachineEnd& end) {
        const auto at = end.console.find("MemTotal:");
        return at == std::string::npos ? 0 : std::atol(end.console.c_str() + at + 9);
    };
    EXPECT_GT(kilobytes(small), 48 << 10) << small.console;
    EXPECT_LT(kilobytes(small), 64 << 10);
    // 64 MiB more, less what it takes to keep their books.
    EXPECT_GT(kilobytes(large) - kilobytes(small), 62 << 10);
    EXPECT_LE(kilobytes(large) - kilobytes(small), 64 << 10);
    EXPECT_EQ(run_init("memory").console, small.console);
}

TEST_F(Machine, processes_and_threads_keep_their_vector_registers) {
    const auto end = run_init("registers");
    EXPECT_NE(end.console.find("registers kept: 1 1 1\n"), std::string::npos) << end.console;
    EXPECT_NE(end.console.find("over a fork, a signal, a program: 1 1 1\n"), std::string::npos)
        << end.console;
}

TEST_F(Machine, memory_can_be_used_as_it_is_mapped_and_not_otherwise) {
    const auto end = run_init("memory-use");
    const auto told = end.console.find("closed: ");
    ASSERT_NE(told, std::string::npos) << end.console;
    // 11 is SIGSEGV, 7 is SIGBUS.
    EXPECT_EQ(end.console.substr(told, end.console.find("stack: 1000\n") + 12 - told),
              "closed: 11 11\n"
              "readable: 0 11\n"
              "open: 0 0\n"
              "protected: 11 0\n"
              "open again: 0\n"
              "nothing: 11\n"
              "own: a b\n"
              "in the file: b s\n"
              "behind the end: 7 7\n"
              "after a fork: 1 o w c\n"
              "stack: 1000\n");
}

TEST_F(Machine, arguments_reach_process_1_as_they_are) {
    const auto end = run_init("arguments", "two words", "mem=1", "--help", "con");
    EXPECT_NE(end.console.find("[two words]\n[mem=1]\n[--help]\n[con]\n"), std::string::npos)
        << end.console;
}

TEST_F(Machine, arguments_that_the_kernel_would_take_apart_are_refused) {
    auto bad = plan({"arguments", "a\"b"});
    EXPECT_THROW(run(bad), Error);
}

TEST_F(Machine, a_child_that_spins_is_stopped_so_that_process_1_can_name_it) {
    auto limited = plan({"child-spins"});
    limited.init_arguments.push_back(limited.run_dir);
    limited.cpu_limit = 300ms;
    const auto end = run(limited);
    EXPECT_EQ(end.how, How::stands_still);
    EXPECT_NE(end.console.find("child ended by signal 8, note there\n"), std::string::npos)
        << end.console;
    EXPECT_TRUE(fs::exists(limited.run_dir / stalled_file));
    EXPECT_GE(end.cpu, 280ms) << end.detail;
    EXPECT_LT(end.cpu, 3s) << end.detail;
}

TEST_F(Machine, a_process_1_that_spins_is_ended) {
    auto limited = plan({"spins"});
    limited.cpu_limit = 300ms;
    EXPECT_EQ(run(limited).how, How::stands_still);
}

TEST_F(Machine, a_child_that_eats_all_memory_is_told_apart) {
    const auto end = run_init("child-eats");
    EXPECT_EQ(end.how, How::out_of_memory) << end.console;
    EXPECT_NE(end.detail.find("Killed process"), std::string::npos) << end.detail;
    EXPECT_NE(end.console.find("child ended by signal 9"), std::string::npos) << end.console;
}

TEST_F(Machine, process_1_that_ends_is_a_panic_and_a_missing_one_no_boot) {
    const auto ended = run_init("ends");
    EXPECT_EQ(ended.how, How::panicked) << ended.console;
    EXPECT_NE(ended.detail.find("Attempted to kill init"), std::string::npos) << ended.detail;
    auto missing = plan({});
    missing.init = "/no/such/program";
    EXPECT_EQ(run(missing).how, How::cannot_boot);
}

TEST_F(Machine, a_kernel_that_cannot_be_started_is_an_error_with_its_name) {
    auto missing = plan({});
    missing.kernel = "/no/such/kernel";
    try {
        run(missing);
        ADD_FAILURE() << "it was started";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "start /no/such/kernel: No such file or directory (ENOENT)");
    }
}

TEST_F(Machine, an_interruption_ends_it) {
    interrupted_ = true;
    const auto end = run_init("spins");
    EXPECT_EQ(end.how, How::interrupted);
    EXPECT_LT(end.cpu, 2s);
}

TEST_F(Machine, a_long_console_keeps_its_beginning_and_its_end) {
    const auto end = run_init("chatters");
    EXPECT_EQ(end.how, How::powered_off);
    EXPECT_LE(end.console.size(), 256U << 10);
    EXPECT_NE(end.console.find("line 0\n"), std::string::npos);
    EXPECT_NE(end.console.find("Power down"), std::string::npos);
}

TEST_F(Machine, machines_run_side_by_side) {
    std::array<MachineEnd, 4> ends;
    std::array<MachinePlan, 4> plans;
    for (auto& each : plans) each = plan({"random"});
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            threads.emplace_back([&, i] { ends.at(i) = run_machine(plans.at(i), interrupted_); });
        }
    }
    for (const auto& end : ends) EXPECT_EQ(end.console, ends[0].console);
    EXPECT_EQ(ends[0].how, How::powered_off) << ends[0].console;
}

TEST(Processors, machines_side_by_side_get_different_ones) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    if (CPU_COUNT(&allowed) < 2) GTEST_SKIP() << "this machine has one processor";
    std::optional<Processor> first{std::in_place};
    const auto set_of_first = first->set();
    const Processor second;
    const auto set_of_second = second.set();
    EXPECT_EQ(CPU_COUNT(&set_of_first), 1);
    EXPECT_FALSE(CPU_EQUAL(&set_of_first, &set_of_second));
    if (CPU_COUNT(&allowed) > 2) return;
    // The other one is busy still: it is not its turn.
    first.reset();
    const auto set_of_third = Processor{}.set();
    EXPECT_TRUE(CPU_EQUAL(&set_of_first, &set_of_third));
}

TEST(Keeper, removes_its_folder_with_all_that_is_in_it) {
    fs::path root;
    {
        const Keeper keeper;
        root = keeper.root();
        const auto closed = keeper.folder("closed");
        std::ofstream{closed / "file"} << "text";
        fs::permissions(closed, fs::perms::none);
        EXPECT_TRUE(fs::exists(root));
    }
    EXPECT_FALSE(fs::exists(root));
}

TEST(Keeper, says_where_it_cannot_make_its_folder) {
    ::setenv("TMPDIR", "/proc/no/such", 1);
    EXPECT_THROW(Keeper{}, Error);
    ::unsetenv("TMPDIR");
}

// A driver with two machines in their boots or at work, and the read end of its output.
struct Driver {
    explicit Driver(const fs::path& kernel) {
        std::array<int, 2> ends{};
        checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
        output = Fd{ends[0]};
        const Fd write_end{ends[1]};
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
        std::string program = VM_DRIVER, kernel_path = kernel, guest = VM_GUEST;
        std::array<char*, 4> arguments{program.data(), kernel_path.data(), guest.data(), nullptr};
        ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
    }

    std::string first_line() const {
        std::string line;
        char letter = 0;
        while (::read(output.get(), &letter, 1) == 1 && letter != '\n') line += letter;
        return line;
    }

    pid_t pid = 0;
    Fd output;
};

bool within_limit(Duration limit, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

TEST_F(Machine, a_driver_killed_at_any_moment_leaves_no_process_and_no_folder) {
    // Moments are drawn with a fixed seed; what they hit depends on the machine, and need not
    // repeat: at every moment nothing may be left.
    std::mt19937 moments{1};
    for (int round = 0; round < 20; ++round) {
        const Driver driver{kernel_};
        const std::string root = driver.first_line();
        ASSERT_TRUE(fs::exists(root));
        const auto moment = std::chrono::microseconds{moments() % 200'000};
        within_limit(moment, [] { return false; });
        ::kill(driver.pid, SIGKILL);
        ::waitpid(driver.pid, nullptr, 0);
        EXPECT_TRUE(
            within_limit(20s, [&] { return !fs::exists(root) && processes_with(root).empty(); }))
            << "left: " << root << " after " << moment.count() << " us, processes "
            << processes_with(root).size();
    }
}

}  // namespace
}  // namespace etimedout
