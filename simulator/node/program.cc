// Program: a node's program from its start to its end, with its output, ready check and restarts.
#include "simulator/node/program.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/child.hh"
#include "simulator/node/known_programs.hh"
#include "simulator/node/log_files.hh"
#include "simulator/node/mounts.hh"
#include "simulator/node/output_log.hh"
#include "simulator/node/ready.hh"
#include "simulator/node/shell_command.hh"
#include "simulator/node/text.hh"
#include "simulator/node/users.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

// A pipe whose reading end does not block; the writing end may be opened again by any user, as
// programs do that log to /dev/stderr after they have changed theirs.
Fd make_pipe(Fd& reader) {
    std::array<int, 2> ends{};
    checked("make a pipe for output", ::pipe2(ends.data(), O_CLOEXEC));
    reader = Fd{ends[0]};
    Fd writer{ends[1]};
    checked("make a pipe for output", ::fcntl(reader.get(), F_SETFL, O_NONBLOCK));
    checked("make a pipe for output", ::fchmod(writer.get(), 0666));
    return writer;
}

void write_files(const ProcessSpec& spec, const std::string& cwd) {
    if (spec.files.empty()) return;
    std::optional<UserIds> owner;
    if (spec.user) {
        const auto found = resolve_user(*spec.user);
        if (!found) throw Error{found.error()};
        owner = *found;
    }
    for (const auto& [name, content] : spec.files) {
        const fs::path path = fs::path{cwd} / name;
        make_folders(path.parent_path(), 0755);
        write_file(path, content, content.starts_with("#!") ? 0755 : 0644);
        if (owner) {
            checked(fmt::format("give {} to {}", name, owner->name),
                    ::chown(path.c_str(), owner->uid, owner->gid));
        }
    }
}

constexpr Duration first_pause = 1ms;
constexpr Duration longest_pause = 100ms;

}  // namespace

int signal_number(const std::string& name) {
    const std::string_view text{name};
    const std::string_view plain = text.starts_with("SIG") ? text.substr(3) : text;
    for (int number = 1; number < NSIG; ++number) {
        const char* known = ::sigabbrev_np(number);
        if (known != nullptr && plain == known) return number;
    }
    const auto number = decimal(text);
    return number && *number > 0 && *number < NSIG ? static_cast<int>(*number) : 0;
}

// Two locks: `control` lets one start, stop or restart happen at a time; `mutex` guards what the
// watch thread and others share, and is never held while a watch is dropped.
struct Program::State {
    // One of the program's two output streams.
    struct Stream {
        std::string_view source;
        Fd reader{};
        LineSplitter splitter{};
        WatchThread::Watch watch{};
    };

    State(ProgramPlan given, const ProgramWorld& surroundings)
        : plan{std::move(given)},
          world{surroundings},
          cwd{plan.spec.cwd.value_or(scenario_folder)},
          log{plan.node, world.clock, world.sink} {}

    SpawnPlan spawn_plan(const std::string& command) const;
    void spawn();
    void watch();
    WatchThread::Next read_stream(Stream& stream);
    void ended(int code);
    void await_ready();
    std::string check_ready(Duration until);
    void clear();
    void stop();
    template <class Condition>
    bool wait_until(Duration t, Condition condition) {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, std::max(t - world.clock.now(), Duration{}), condition);
    }

    const ProgramPlan plan;
    const ProgramWorld world;
    const std::string cwd;
    OutputLog log;

    std::mutex control{};
    bool files_written = false;
    std::optional<LogFiles> log_files{};
    std::array<Stream, 2> streams{Stream{"stdout"}, Stream{"stderr"}};
    WatchThread::Watch log_watch{};
    WatchThread::Watch end_watch{};

    mutable std::mutex mutex{};
    std::condition_variable changed{};
    std::optional<Child> child{};
    bool running = false;
    bool stopping = false;
    bool log_seen = false;
    std::optional<int> exit_code{};
};

SpawnPlan Program::State::spawn_plan(const std::string& command) const {
    SpawnPlan spawn;
    spawn.arguments = {"/bin/sh", "-c", command};
    spawn.env = default_environment();
    if (plan.spec.user) spawn.env["USER"] = spawn.env["LOGNAME"] = *plan.spec.user;
    for (const auto& [name, value] : plan.env) spawn.env[name] = value;
    for (const auto& [name, value] : plan.spec.env) spawn.env[name] = value;
    spawn.cwd = cwd;
    spawn.user = plan.spec.user;
    return spawn;
}

// On a thread inside the node.
void Program::State::spawn() {
    if (!files_written) write_files(plan.spec, cwd);
    files_written = true;
    if (const auto missing = missing_program(plan.spec.run, cwd)) {
        throw Error{fmt::format("process {}: {}", plan.node, missing->message), missing->advice};
    }
    if (!log_files) log_files.emplace(plan.spec.logs, cwd);
    SpawnPlan spawn = spawn_plan(with_exec(plan.spec.run));
    spawn.limits = plan.spec.limits;
    const Fd output = make_pipe(streams[0].reader);
    const Fd errors = make_pipe(streams[1].reader);
    spawn.standard_output = output.get();
    spawn.standard_error = errors.get();
    const Duration begin = world.clock.now();
    try {
        Child started{spawn};
        const std::lock_guard lock{mutex};
        child.emplace(std::move(started));
        running = true;
        stopping = false;
        log_seen = false;
        exit_code.reset();
    } catch (const Error& problem) {
        throw Error{fmt::format("process {}: {}", plan.node, problem.what()), problem.advice()};
    }
    world.sink.put({begin, ProcessBegin{plan.node, plan.spec.run}});
}

void Program::State::watch() {
    if (plan.spec.ready && plan.spec.ready->log) {
        log.await(*plan.spec.ready->log, [this] {
            const std::lock_guard lock{mutex};
            log_seen = true;
            changed.notify_all();
        });
    }
    for (auto& stream : streams) {
        stream.watch = world.watcher.watch(stream.reader.get(),
                                           [this, &stream] { return read_stream(stream); });
    }
    if (!log_files->empty()) {
        log_watch = world.watcher.watch(log_files->fd(), [this] {
            log_files->read([this](auto source, auto text) { log.line(source, text); });
            return WatchThread::Next::watch_on;
        });
    }
    end_watch = world.watcher.watch(child->pidfd(), [this] {
        const auto code = child->poll();
        if (!code) return WatchThread::Next::watch_on;
        ended(*code);
        return WatchThread::Next::done;
    });
}

// Reads what is there. A program that writes without end must not keep the others waiting.
WatchThread::Next Program::State::read_stream(Stream& stream) {
    const auto line = [&](std::string_view text) { log.line(stream.source, text); };
    std::array<char, 65536> piece{};
    const ssize_t got = ::read(stream.reader.get(), piece.data(), piece.size());
    if (got > 0) {
        stream.splitter.feed({piece.data(), static_cast<std::size_t>(got)}, line);
        return WatchThread::Next::watch_on;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return WatchThread::Next::watch_on;
    stream.splitter.finish(line);
    return WatchThread::Next::done;
}

// On the watch thread: all it wrote comes before the news of its end. Its children may go on
// writing, so no more than a pipe holds is waited for.
void Program::State::ended(int code) {
    constexpr int pieces_of_a_pipe = 16;
    for (auto& stream : streams) {
        for (int i = 0; i < pieces_of_a_pipe; ++i) {
            int waiting = 0;
            if (::ioctl(stream.reader.get(), FIONREAD, &waiting) != 0 || waiting == 0) break;
            read_stream(stream);
        }
        stream.splitter.finish([&](std::string_view text) { log.line(stream.source, text); });
    }
    if (!log_files->empty()) {
        log_files->finish([this](auto source, auto text) { log.line(source, text); });
    }
    log.finish();
    const std::lock_guard lock{mutex};
    world.sink.put({world.clock.now(), ProcessEnd{plan.node, code, stopping}});
    exit_code = code;
    running = false;
    changed.notify_all();
}

std::string Program::State::check_ready(Duration until) {
    const ReadySpec& ready = *plan.spec.ready;
    if (ready.tcp) return try_tcp(*ready.tcp, world.clock, until);
    if (ready.http) return try_http(*plan.http_port, *ready.http, world.clock, until);
    if (ready.file) return try_file((fs::path{cwd} / *ready.file).string());
    if (ready.exec) return try_program(spawn_plan(*ready.exec), world.clock, until);
    if (ready.log) {
        const std::lock_guard lock{mutex};
        return log_seen ? std::string{} : fmt::format("its output has no `{}`", *ready.log);
    }
    return {};
}

// On a thread inside the node.
void Program::State::await_ready() {
    const Duration begin = world.clock.now();
    const Duration within = plan.spec.ready ? plan.spec.ready->within : Duration{};
    Duration pause = first_pause;
    while (plan.spec.ready) {
        const std::string seen = check_ready(begin + within);
        if (seen.empty()) break;
        const bool watching_log = plan.spec.ready->log.has_value();
        const Duration now = world.clock.now();
        const Duration until =
            watching_log ? begin + within : std::min(now + pause, begin + within);
        wait_until(until, [&] { return !running || (watching_log && log_seen); });
        pause = std::min(pause * 2, longest_pause);
        const std::unique_lock lock{mutex};
        if (!running && !(watching_log && log_seen)) {
            throw Error{fmt::format("process {} exited with {} before it was ready\n{}", plan.node,
                                    exit_code.value_or(-1), log.last_lines()),
                        "a program has to stay in the foreground; its own words are above"};
        }
        if (world.clock.now() >= begin + within && !(watching_log && log_seen)) {
            throw Error{fmt::format("process {} was not ready within {}: {}\n{}", plan.node,
                                    human(within), seen, log.last_lines()),
                        "correct the ready check, or give it more time with `within`"};
        }
    }
    world.sink.put({world.clock.now(), ProcessReady{plan.node}});
}

// What is left of the last run; its group with it.
void Program::State::clear() {
    end_watch.reset();
    for (auto& stream : streams) {
        stream.watch.reset();
        stream.reader.reset();
        stream.splitter = {};
    }
    log_watch.reset();
    std::optional<Child> last;  // ends, and is waited for, without the lock
    const std::lock_guard lock{mutex};
    last.swap(child);
}

void Program::State::stop() {
    const int wanted = signal_number(plan.spec.stop.signal);
    if (wanted == 0) {
        throw Error{
            fmt::format("process {}: there is no signal `{}`", plan.node, plan.spec.stop.signal),
            "write it as in `stop: {signal: TERM}`"};
    }
    const auto send = [this](int number) {
        const std::lock_guard lock{mutex};
        stopping = true;
        if (running) child->signal(number);
        return running;
    };
    const auto gone = [this] { return !running; };
    if (send(wanted) && !wait_until(world.clock.now() + plan.spec.stop.within, gone)) {
        send(SIGKILL);
        if (!wait_until(world.clock.now() + 10s, gone)) {
            throw Error{fmt::format("process {} does not end, not even by KILL", plan.node),
                        "it hangs in the kernel"};
        }
    }
    clear();
}

Program::Program(ProgramPlan plan, const ProgramWorld& world)
    : state_{std::make_shared<State>(std::move(plan), world)} {}

Program::~Program() {
    const std::lock_guard control{state_->control};
    {
        const std::lock_guard lock{state_->mutex};
        state_->stopping = true;
        if (state_->running) ::kill(-state_->child->pid(), SIGKILL);
    }
    state_->wait_until(state_->world.clock.now() + 10s, [this] { return !state_->running; });
    state_->clear();
}

void Program::start() {
    const std::lock_guard control{state_->control};
    State& state = *state_;
    if (running()) throw Error{fmt::format("process {} runs already", state.plan.node)};
    if (state.plan.spec.ready && state.plan.spec.ready->http && !state.plan.http_port) {
        throw Error{fmt::format("process {}: no link with a port leads to it, so the ready check "
                                "`http` has none to ask",
                                state.plan.node),
                    "use `ready: {tcp: PORT}`, or give the link a port"};
    }
    state.clear();
    run_in_node(state.world.node, [&state] { state.spawn(); });
    state.watch();
    run_in_node(state.world.node, [&state] { state.await_ready(); });
}

void Program::stop() {
    const std::lock_guard control{state_->control};
    state_->stop();
}

void Program::restart() {
    stop();
    start();
}

void Program::signal(int number) {
    const std::lock_guard lock{state_->mutex};
    if (state_->running) state_->child->signal(number);
}

bool Program::running() const {
    const std::lock_guard lock{state_->mutex};
    return state_->running;
}

bool Program::wait_until_ended(Duration t) {
    State& state = *state_;
    return state.wait_until(t, [&state] { return !state.running; });
}

pid_t Program::pid() const {
    const std::lock_guard lock{state_->mutex};
    return state_->running ? state_->child->pid() : -1;
}

std::optional<int> Program::exit_code() const {
    const std::lock_guard lock{state_->mutex};
    return state_->exit_code;
}

}  // namespace etimedout
