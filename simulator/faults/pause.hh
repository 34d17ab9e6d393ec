// Pause: a program that is there and does nothing.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Pause {
    static constexpr std::string_view kind = "pause";
    static constexpr std::string_view doc =
        "Stop the node's program, as a long garbage collection or a debugger does.";
    static constexpr std::string_view recipe = "SIGSTOP to its process group; SIGCONT when healed";
    static constexpr std::string_view witness = "the state of its processes in /proc";
    static constexpr std::string_view caller_sees =
        "connections are still established, by its kernel, until the accept queue is full; then, "
        "and on "
        "open connections, silence";
    static constexpr std::string_view look_alike =
        "`silent`: the callee's process is not in state T; `descriptors_exhausted`: EMFILE in "
        "its log";
    static constexpr std::string_view needs = needs_text::program;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{StopProgram{}}; }
    bool operator==(const Pause&) const = default;
};

}  // namespace etimedout
