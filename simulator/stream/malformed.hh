// Answers that are no HTTP, as they go over the wire.
#pragma once

#include <string>

#include "simulator/faults/decision.hh"

namespace etimedout {

std::string malformed_answer(Malformation what);

}  // namespace etimedout
