// Deadline: no connection lives longer.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct ConnectionDeadline {
    static constexpr std::string_view kind = "deadline";
    static constexpr std::string_view doc =
        "End the connection `after` it met the fault, whatever passes.";
    static constexpr std::string_view recipe = "the engine closes both its sockets";
    static constexpr std::string_view witness = "the engine's record of connections ended";
    static constexpr std::string_view caller_sees =
        "a transfer that breaks off although data flows";
    static constexpr std::string_view look_alike =
        "a server that gives up by itself: then it is the callee that closes first at its own "
        "end of the link";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Duration after{};
    CutHow how = CutHow::fin;

    static constexpr auto fields() {
        return std::tuple{required("after", &ConnectionDeadline::after, "how long it may live")
                              .at_most(31536000e9),
                          optional("how", &ConnectionDeadline::how, "in order, or with a reset")};
    }
    Decision decide() const { return FlowPlan{FlowDeadline{after, how}}; }
    bool operator==(const ConnectionDeadline&) const = default;
};

}  // namespace etimedout
