// What a node's program is: its command, surroundings, ready check and end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// One of these says when a program may be called. The check runs inside the node.
struct ReadySpec {
    std::optional<Port> tcp{};
    std::optional<std::string> http{};  // a path, on the port of the link that leads here
    std::optional<std::string> log{};   // a text in its output or logs
    std::optional<std::string> file{};  // a path that exists
    std::optional<std::string> exec{};  // a command that exits 0
    Duration within = 30s;

    static constexpr auto fields() {
        return std::tuple{
            optional("tcp", &ReadySpec::tcp, "a connection to this local port succeeds"),
            optional("http", &ReadySpec::http, "GET of this path answers 2xx or 3xx"),
            optional("log", &ReadySpec::log, "this text appears in its output or logs"),
            optional("file", &ReadySpec::file, "this file exists"),
            optional("exec", &ReadySpec::exec, "this command exits 0"),
            optional("within", &ReadySpec::within, "how long it may take").at_most(3600e9)};
    }
    bool operator==(const ReadySpec&) const = default;
};

struct StopSpec {
    std::string signal = "TERM";
    Duration within = 5s;
    static constexpr auto fields() {
        return std::tuple{
            optional("signal", &StopSpec::signal, "the signal that ends it, TERM by default"),
            optional("within", &StopSpec::within, "KILL after this").at_most(3600e9)};
    }
    bool operator==(const StopSpec&) const = default;
};

struct LimitSpec {
    std::optional<std::int64_t> fds{};
    std::optional<Bytes> memory{};
    static constexpr auto fields() {
        return std::tuple{
            optional("fds", &LimitSpec::fds, "open files at the most (RLIMIT_NOFILE)").at_least(3),
            optional("memory", &LimitSpec::memory, "address space at the most (RLIMIT_AS)")};
    }
    bool operator==(const LimitSpec&) const = default;
};

struct ProcessSpec {
    std::string run{};  // a shell command; the program should stay in the foreground
    std::optional<std::string> user{};
    std::map<std::string, std::string> env{};
    std::optional<std::string> cwd{};            // default: the scenario's folder
    std::map<std::string, std::string> files{};  // path -> contents, in the node's own view
    std::vector<std::string> logs{};             // files to follow beside its output
    std::optional<ReadySpec> ready{};
    StopSpec stop{};
    LimitSpec limits{};
    bool operator==(const ProcessSpec&) const = default;
};

}  // namespace etimedout
