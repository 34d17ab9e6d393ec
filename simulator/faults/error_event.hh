// ErrorEvent: an event stream tells of an error in the middle.
#pragma once

#include "simulator/faults/amount.hh"
#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct ErrorEvent {
    static constexpr std::string_view kind = "error_event";
    static constexpr std::string_view doc =
        "Put an event with `data` into an event stream, behind `after` of its events.";
    static constexpr std::string_view recipe =
        "the proxy writes the event, and behind it the marker of the end; then it closes the "
        "connection, unless the stream `goes_on`";
    static constexpr std::string_view witness = "the proxy's record of events put in";
    static constexpr std::string_view caller_sees =
        "a status of 200, some events, and an error where the next one should be";
    static constexpr std::string_view look_alike =
        "`cut` and `stall` in mid-stream: the stream says nothing about why";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    EventCount after{};
    std::string data{};
    std::string event = "error";
    bool goes_on = false;

    static constexpr auto fields() {
        return std::tuple{
            required("after", &ErrorEvent::after, "how many events pass before"),
            required("data", &ErrorEvent::data, "its `data`; each line of it becomes one"),
            optional("event", &ErrorEvent::event, "its type; empty for an event without one"),
            optional("goes_on", &ErrorEvent::goes_on, "whether the events of the upstream follow")};
    }
    Decision decide() const { return StreamPlan{InsertEvent{after.number, data, event, goes_on}}; }
    bool operator==(const ErrorEvent&) const = default;
};

}  // namespace etimedout
