// The upstream of the benchmark: answers, echoes, streams and ticks as each connection wishes.
#pragma once

#include <string>

#include "simulator/base/quantity.hh"

namespace etimedout {

// Writes the address it listens at as one line to standard output, then serves until standard
// input ends or so long has passed.
void serve(const std::string& address, Duration at_most);

}  // namespace etimedout
