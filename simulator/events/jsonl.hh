// The event log as text: one JSON object per line, in the order of its events.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>

#include "simulator/events/event.hh"

namespace etimedout {

// {"t":1000,"event":"step_begin","step":1,…}: `t` and `event` first, then the declared fields in
// their order; fields that are optional and have their default value are left out. Bytes that are
// not UTF-8 are written as U+FFFD. No end of line.
std::string to_json_line(const Event& event);

// The reverse. Unknown fields are ignored, so that newer logs of the same version can be read.
Result<Event> from_json_line(std::string_view line);

// A whole log. Errors name the line's number.
Result<EventLog> read_event_log(std::string_view text);
std::string write_event_log(const EventLog& log);

}  // namespace etimedout
