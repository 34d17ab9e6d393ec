// Anonymous: a log with nothing in it that would give the answer away.
#pragma once

#include "simulator/events/event.hh"

namespace etimedout {

// The same log without the records of steps and faults and without the scenario's text; nodes,
// links, commands and addresses have other names, which are consistent, and of which nothing
// follows. Times, counts and order stay.
EventLog anonymous(const EventLog& log);

}  // namespace etimedout
