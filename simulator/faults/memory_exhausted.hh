// Memory exhausted: a program that the kernel kills for want of it.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct MemoryExhausted {
    static constexpr std::string_view kind = "memory_exhausted";
    static constexpr std::string_view doc =
        "Let the node's program have `leave` more memory, and kill it when it takes more.";
    static constexpr std::string_view recipe =
        "its processes in a control group of their own, with memory.max; started again when "
        "healed";
    static constexpr std::string_view witness = "oom_kill in the group's memory.events";
    static constexpr std::string_view caller_sees =
        "RST in the middle of whatever needed memory, then ECONNREFUSED; nothing in the "
        "program's own log";
    static constexpr std::string_view look_alike =
        "`kill`: no oom_kill; `limits: {memory: …}` of a node: malloc() fails, and the "
        "program may say so";
    static constexpr std::string_view needs =
        "a node with `run`, in a virtual world: its kernel has memory control groups";
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "leave: 1mb";

    Bytes leave{};

    static constexpr auto fields() {
        return std::tuple{
            optional("leave", &MemoryExhausted::leave, "so much more than it has").at_most(1e12)};
    }
    Decision decide() const { return NodePlan{LimitMemory{leave}}; }
    bool operator==(const MemoryExhausted&) const = default;
};

}  // namespace etimedout
