// Steps: what happens in a scenario, in order.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// Declares every step's id on the way; nodes and links must be known.
void read_steps(Reading& reading, const YamlNode& root, std::vector<Step>& out);

Form step_form();

}  // namespace etimedout
