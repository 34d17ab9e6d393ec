// Ready checks: one look at whether a program may be called, made from inside its node.
#pragma once

#include <string>

#include "simulator/base/clock.hh"
#include "simulator/base/quantity.hh"
#include "simulator/node/child.hh"

namespace etimedout {

// Each returns an empty text when the check passes, else what was seen instead ("nobody listens on
// port 8080"). They run on a thread inside the node and are done at `until` of the world's clock.

// A TCP connection to `port`: at 127.0.0.1, at ::1, then at the node's own addresses, for programs
// that are bound to one of them.
std::string try_tcp(Port port, const WorldClock& clock, Duration until);

// GET of `path` on `port`, at the address where a connection succeeds; 2xx and 3xx pass.
std::string try_http(Port port, const std::string& path, const WorldClock& clock, Duration until);

// A file, of any kind.
std::string try_file(const std::string& path);

// A program that exits 0.
std::string try_program(const SpawnPlan& plan, const WorldClock& clock, Duration until);

}  // namespace etimedout
