// Faults of a node's program: stopped, stopped by turns, killed, and short of descriptors.
#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>

#include <fmt/format.h>
#include <sys/resource.h>

#include "simulator/node/process_group.hh"
#include "simulator/world/node_fault.hh"

namespace etimedout {

namespace {

// Turns go on until the fault is healed; a turn that is due afterwards finds nothing to do.
struct Turns {
    std::mutex mutex{};
    bool over = false;
    std::int64_t stops = 0;
};

void take_turn(const std::shared_ptr<Turns>& turns, Program& program, const StopProgram& plan,
               Timers& timers, const WorldClock& clock, bool stop) {
    const std::lock_guard lock{turns->mutex};
    if (turns->over) return;
    program.signal(stop ? SIGSTOP : SIGCONT);
    if (stop) ++turns->stops;
    if (plan.run == Duration{}) return;
    timers.at(clock.now() + (stop ? plan.stop : plan.run),
              [turns, &program, plan, &timers, &clock, stop] {
                  take_turn(turns, program, plan, timers, clock, !stop);
              });
}

class StoppedProgram final : public NodeFault {
public:
    StoppedProgram(const StopProgram& plan, const NodeSurroundings& node)
        : program_{running_program(node, "stop it")}, plan_{plan} {
        processes_ = static_cast<std::int64_t>(processes_of_group(program_.pid()).size());
        take_turn(turns_, program_, plan, node.timers, node.clock, true);
    }
    NodeWitness witness() override {
        std::int64_t stopped = 0;
        for (const ProcessFacts& process : processes_of_group(program_.pid())) {
            if (process.state == 'T') ++stopped;
        }
        const std::lock_guard lock{turns_->mutex};
        if (plan_.run > Duration{}) {
            return {
                processes_, turns_->stops,
                fmt::format("SIGSTOP sent {} times to {} processes", turns_->stops, processes_)};
        }
        return {processes_, stopped,
                fmt::format("/proc: {} of {} processes in state T", stopped, processes_)};
    }
    void heal() override {
        const std::lock_guard lock{turns_->mutex};
        turns_->over = true;
        program_.signal(SIGCONT);
    }

private:
    Program& program_;
    StopProgram plan_;
    std::int64_t processes_ = 0;
    std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
};

class KilledProgram final : public NodeFault {
public:
    explicit KilledProgram(const NodeSurroundings& node)
        : program_{running_program(node, "kill it")}, group_{program_.pid()} {
        processes_ = static_cast<std::int64_t>(processes_of_group(group_).size());
        program_.signal(SIGKILL);
    }
    NodeWitness witness() override {
        const auto left = static_cast<std::int64_t>(processes_of_group(group_).size());
        return {processes_, processes_ - left,
                fmt::format("/proc: {} of {} processes are gone", processes_ - left, processes_)};
    }
    void heal() override { program_.restart(); }

private:
    Program& program_;
    pid_t group_;
    std::int64_t processes_ = 0;
};

// The number that makes the next open() but `leave` fail: a limit is about the lowest free one.
rlim_t limit_that_leaves(std::int64_t leave, const std::vector<int>& open) {
    std::int64_t left = leave;
    auto next = open.begin();
    for (int number = 0;; ++number) {
        if (next != open.end() && *next == number) {
            ++next;
        } else if (left-- == 0) {
            return static_cast<rlim_t>(number);
        }
    }
}

// What a program closes it does not get back, or a connection that was ending when the fault came
// would leave it one descriptor: limits go down with what is open, soon at first and rarer later.
class FewDescriptors final : public NodeFault {
public:
    FewDescriptors(const LimitDescriptors& plan, const NodeSurroundings& node)
        : state_{std::make_shared<State>()} {
        Program& program = running_program(node, "take its descriptors");
        state_->leave = plan.leave;
        for (const ProcessFacts& process : processes_of_group(program.pid())) {
            Limited limited;
            if (::prlimit(process.pid, RLIMIT_NOFILE, nullptr, &limited.before) != 0) continue;
            limited.now = limited.before.rlim_cur;
            state_->processes.emplace(process.pid, limited);
        }
        lower(state_, node.timers, node.clock, shortest_pause);
        node.clock.sleep_until(node.clock.now() + for_what_ends);
    }
    NodeWitness witness() override {
        const std::lock_guard lock{state_->mutex};
        std::int64_t full = 0;
        std::string said;
        for (const auto& [pid, limited] : state_->processes) {
            const std::vector<int> open = descriptors_of(pid);
            if (open.empty()) continue;
            if (limit_that_leaves(0, open) >= limited.now) ++full;
            said += fmt::format("{}process {}: {} open, limit {}", said.empty() ? "" : "; ", pid,
                                open.size(), limited.now);
        }
        return {static_cast<std::int64_t>(state_->processes.size()), full, "/proc: " + said};
    }
    void heal() override {
        const std::lock_guard lock{state_->mutex};
        state_->over = true;
        for (const auto& [pid, limited] : state_->processes) {
            ::prlimit(pid, RLIMIT_NOFILE, &limited.before, nullptr);
        }
    }

private:
    struct Limited {
        rlimit before{};
        rlim_t now = 0;
    };
    struct State {
        std::mutex mutex{};
        bool over = false;
        std::int64_t leave = 0;
        std::map<pid_t, Limited> processes{};
    };

    // What has ended on the wire is closed by then.
    static constexpr Duration for_what_ends = 10ms;
    static constexpr Duration shortest_pause = 1ms;
    static constexpr Duration longest_pause = 10s;

    static void lower(const std::shared_ptr<State>& state, Timers& timers, const WorldClock& clock,
                      Duration pause) {
        const std::lock_guard lock{state->mutex};
        if (state->over) return;
        for (auto& [pid, limited] : state->processes) {
            const std::vector<int> open = descriptors_of(pid);
            if (open.empty()) continue;
            const rlim_t most = limit_that_leaves(state->leave, open);
            if (most >= limited.now) continue;
            const rlimit now{most, limited.before.rlim_max};
            if (::prlimit(pid, RLIMIT_NOFILE, &now, nullptr) == 0) limited.now = most;
        }
        timers.at(clock.now() + pause, [state, &timers, &clock, pause] {
            lower(state, timers, clock, std::min<Duration>(2 * pause, longest_pause));
        });
    }

    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const StopProgram& plan, const NodeSurroundings& node) {
    return std::make_unique<StoppedProgram>(plan, node);
}
std::unique_ptr<NodeFault> arm(const EndProgram& /*plan*/, const NodeSurroundings& node) {
    return std::make_unique<KilledProgram>(node);
}
std::unique_ptr<NodeFault> arm(const LimitDescriptors& plan, const NodeSurroundings& node) {
    return std::make_unique<FewDescriptors>(plan, node);
}

}  // namespace etimedout
