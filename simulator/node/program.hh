// Program: a node's program from its start to its end, with its output, ready check and restarts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "simulator/base/clock.hh"
#include "simulator/events/sink.hh"
#include "simulator/node/node_namespaces.hh"
#include "simulator/node/process_spec.hh"
#include "simulator/node/watch_thread.hh"

namespace etimedout {

struct ProgramPlan {
    std::string node{};
    ProcessSpec spec{};
    std::map<std::string, std::string> env{};  // the world's own, under the scenario's
    std::optional<Port> http_port{};  // for `ready: {http: …}`: of the link that leads here
};

// What a program lives in; all of it outlives the program.
struct ProgramWorld {
    const NodeNamespaces& node;
    const WorldClock& clock;
    EventSink& sink;
    WatchThread& watcher;  // reads the output of all programs of the world
};

// Thread-safe. Puts process_begin, process_ready, log_line and process_end events.
class Program {
public:
    Program(ProgramPlan plan, const ProgramWorld& world);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();  // KILL; the end counts as expected

    // Writes `files` (the first time; relative paths start from `cwd`, which is the scenario's
    // folder by default; one that begins with #! becomes executable), starts the program and waits
    // until it is ready: at once where no ready check is given. Throws Error when it is not
    // installed, cannot be started, ends before it is ready, or is not ready in time; its last
    // output is in the message.
    void start();
    // The stop signal, and KILL when its time is over. Returns when it has ended; nothing happens
    // to a program that does not run.
    void stop();
    // stop() and start().
    void restart();
    // To its process group; for pausing (STOP, CONT) and crashing (KILL). The end of a program
    // killed this way is not expected. Nothing happens to one that does not run.
    void signal(int number);

    bool running() const;
    // Waits for its end, or until the world's clock shows `t`; whether it has ended.
    bool wait_until_ended(Duration t);
    pid_t pid() const;  // of the program or its shell; -1 when it does not run
    // Of its last run, 128 + n for signal n; nothing before the first end.
    std::optional<int> exit_code() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

// The number of a signal written as TERM, SIGTERM or 15; 0 for one that is not known.
int signal_number(const std::string& name);

}  // namespace etimedout
