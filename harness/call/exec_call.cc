// The exec call: a shell command in the node, its output and exit code.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include "harness/call/call_state.hh"
#include "simulator/node/child.hh"

namespace etimedout {

namespace {

// One stream of the program: the end it writes to, ours, and what came.
struct Stream {
    Fd theirs{};
    Fd ours{};
    Collected text{};

    Stream() {
        std::array<int, 2> ends{};
        checked("pipe for a program's output", ::pipe2(ends.data(), O_CLOEXEC));
        ours = Fd{ends[0]};
        theirs = Fd{ends[1]};
        checked("O_NONBLOCK", ::fcntl(ours.get(), F_SETFL, O_NONBLOCK));
    }

    // Takes what is there, but at most a full pipe several times over, since a program can write
    // as fast as this reads; closes our end when nothing can come any more.
    void read_available() {
        std::array<char, 16384> buffer{};
        for (int reads = 0; ours && reads < 64; ++reads) {
            const auto count = ::read(ours.get(), buffer.data(), buffer.size());
            if (count > 0) {
                text.add({buffer.data(), static_cast<std::size_t>(count)});
            } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
                ours.reset();
            } else if (errno == EAGAIN) {
                return;
            }
        }
    }
};

// Until the program ends (what it left behind may hold its output open) or `until` comes.
std::optional<int> follow(Child& child, Stream& output, Stream& errors, const WorldClock& clock,
                          Duration until) {
    while (true) {
        const Duration left = std::max(until - clock.now(), Duration::zero());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        const timespec time{seconds.count(), (left - seconds).count()};
        std::array<pollfd, 3> polls{{{child.pidfd(), POLLIN, 0},
                                     {output.ours.get(), POLLIN, 0},
                                     {errors.ours.get(), POLLIN, 0}}};
        const int ready = ::ppoll(polls.data(), polls.size(), &time, nullptr);
        if (ready < 0 && errno != EINTR) throw_errno("ppoll", errno);
        output.read_available();
        errors.read_available();
        const auto code = child.poll();
        if (code || clock.now() >= until) return code;
    }
}

}  // namespace

CallEnd run_exec(const CallPlan& plan, const WorldClock& clock) {
    const Limits limits = Limits::of(plan.step, clock.now());
    CallEnd end;
    Stream output;
    Stream errors;
    SpawnPlan spawn;
    spawn.arguments = {"/bin/sh", "-c", std::get<ExecCall>(plan.step.what).command};
    spawn.env = default_environment();
    spawn.cwd = plan.scenario_dir;
    spawn.standard_output = output.theirs.get();
    spawn.standard_error = errors.theirs.get();
    {
        Child child{spawn};
        output.theirs.reset();
        errors.theirs.reset();
        const auto code = follow(child, output, errors, clock, limits.afterwards());
        end.total = clock.now() - limits.begin;
        if (code) {
            end.exit_code = *code;
            end.outcome = *code == 0 ? "ok" : "failed";
        } else {
            end.outcome = limits.is_own_afterwards() ? "total_timeout" : "never_ended";
            end.detail = fmt::format("killed after {}", human(end.total));
        }
    }  // whatever of its group still runs is killed here
    output.read_available();
    errors.read_available();
    end.received = output.text.size + errors.text.size;
    end.standard_output = std::move(output.text.text);
    end.standard_error = std::move(errors.text.text);
    return end;
}

}  // namespace etimedout
