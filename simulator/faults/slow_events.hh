// SlowEvents: the events of an event stream come late.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SlowEvents {
    static constexpr std::string_view kind = "slow_events";
    static constexpr std::string_view doc =
        "Pass the first event of a stream `first_event` after the head, the others `between` "
        "apart.";
    static constexpr std::string_view recipe =
        "the proxy takes the stream apart into events and lets each go on the clock; comments pass";
    static constexpr std::string_view witness = "the proxy's record of event streams delayed";
    static constexpr std::string_view caller_sees =
        "the status at once, then a late first event, and gaps between events";
    static constexpr std::string_view look_alike =
        "`slow_body`: pieces of bytes, which cut events in two";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration first_event{};
    Duration between{};

    static constexpr auto fields() {
        return std::tuple{
            optional("first_event", &SlowEvents::first_event,
                     "wait between the head and the first event")
                .at_most(86400e9),
            optional("between", &SlowEvents::between, "wait between two events").at_most(86400e9)};
    }
    Decision decide() const { return StreamPlan{DribbleEvents{first_event, between}}; }
    bool operator==(const SlowEvents&) const = default;
};

}  // namespace etimedout
