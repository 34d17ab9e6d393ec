// Child: a program started in the namespaces of the calling thread, ended in the destructor.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "simulator/base/clock.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/process_spec.hh"

namespace etimedout {

struct SpawnPlan {
    std::vector<std::string> arguments;        // [0] is searched in the plan's PATH
    std::map<std::string, std::string> env{};  // all of the environment; see default_environment()
    std::string cwd = "/";
    std::optional<std::string> user{};
    LimitSpec limits{};
    int standard_input = -1;  // -1: /dev/null, for each of the three
    int standard_output = -1;
    int standard_error = -1;
};

// Where programs of the host are found, as PATH has it.
inline constexpr auto search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// This program is found in every node too, as /run/etimedout/etimedout.
inline constexpr auto own_program = "etimedout";

// What every program inside a world finds in its environment, wherever the world runs:
// PATH, HOME, LANG=C.UTF-8, TZ=UTC and the like; nothing of the host's.
std::map<std::string, std::string> default_environment();

// Started with vfork semantics, never fork: a capture ring must not be copied (see the kernel's
// notes in docs/architecture.md). In a session and process group of its own, with default signal
// dispositions and no descriptor but the three standard ones. It never outlives this process: as
// process 1 that is the kernel's doing (the PID namespace dies), elsewhere PR_SET_PDEATHSIG's.
class Child {
public:
    explicit Child(const SpawnPlan& plan);  // throws Error naming the program
    Child(Child&&) noexcept;
    Child& operator=(Child&&) noexcept;
    ~Child();  // SIGKILL to the whole group, then reaped

    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }  // readable when it has ended
    // The exit code, 128 + n for signal n; nothing while it runs. An ended child stays a zombie
    // until the destructor, so that its process group's number cannot come to mean another.
    std::optional<int> poll();
    // Waits until it ends or the world's clock shows `t`.
    std::optional<int> wait_until(const WorldClock& clock, Duration t);
    // To the whole group. A child that has ended is not an error.
    void signal(int number) const;

private:
    void end() noexcept;

    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<int> ended_{};
    // PR_SET_PDEATHSIG is about the thread that started the child, not its process: outside a PID
    // namespace of ours this thread starts it, and lives as long as the child.
    std::thread keeper_{};
};

}  // namespace etimedout
