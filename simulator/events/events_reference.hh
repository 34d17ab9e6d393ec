// The reference page of the event log, made from the events' declarations.
#pragma once

#include <string>

namespace etimedout {

// Markdown: every event, its fields, their types and meaning. docs/events.md is this text; a test
// compares them.
std::string event_reference();

}  // namespace etimedout
