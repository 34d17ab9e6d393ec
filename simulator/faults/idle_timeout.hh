// Idle timeout: a middle box that gives up quiet connections.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct IdleTimeoutFault {
    static constexpr std::string_view kind = "idle_timeout";
    static constexpr std::string_view doc =
        "End the connection when nothing passed in this direction for `after`.";
    static constexpr std::string_view recipe = "the engine closes both its sockets";
    static constexpr std::string_view witness = "the engine's record of connections ended";
    static constexpr std::string_view caller_sees =
        "a pooled connection that is gone when it is used again";
    static constexpr std::string_view look_alike =
        "`forget_idle_flows`: says nothing when it forgets; this one sends FIN or RST in time";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration after{};
    CutHow how = CutHow::fin;

    static constexpr auto fields() {
        return std::tuple{
            required("after", &IdleTimeoutFault::after, "longest pause between two pieces of data")
                .at_most(31536000e9),
            optional("how", &IdleTimeoutFault::how, "in order, or with a reset")};
    }
    Decision decide() const { return FlowPlan{FlowIdle{after, how}}; }
    bool operator==(const IdleTimeoutFault&) const = default;
};

}  // namespace etimedout
