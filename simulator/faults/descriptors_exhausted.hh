// Descriptors exhausted: a program that can open nothing more.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DescriptorsExhausted {
    static constexpr std::string_view kind = "descriptors_exhausted";
    static constexpr std::string_view doc =
        "Leave the node's program no file descriptor, or only `leave` of them.";
    static constexpr std::string_view recipe =
        "RLIMIT_NOFILE of each of its processes lowered to what it has open";
    static constexpr std::string_view witness =
        "its processes' open descriptors and limits in /proc";
    static constexpr std::string_view caller_sees =
        "connections are established by the kernel and never accepted: silence; the program logs "
        "EMFILE";
    static constexpr std::string_view look_alike =
        "`pause` and `silent`: without EMFILE in the log; `backlog_full`: connecting itself "
        "fails";
    static constexpr std::string_view needs = needs_text::program;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    std::int64_t leave = 0;

    static constexpr auto fields() {
        return std::tuple{
            optional("leave", &DescriptorsExhausted::leave, "how many it may still open")
                .at_least(0)
                .at_most(1'000'000)};
    }
    Decision decide() const { return NodePlan{LimitDescriptors{leave}}; }
    bool operator==(const DescriptorsExhausted&) const = default;
};

}  // namespace etimedout
