// Calls: what a step asks of the system under test.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// The map behind `call:`, but for its id.
bool read_call(Reading& reading, const YamlNode& node, CallStep& out);

Form call_form();

}  // namespace etimedout
