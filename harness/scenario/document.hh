// The top level of a scenario: its keys but for nodes, links, steps and expectations.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// Reads name, tags, limits and the like, and reports keys nobody knows.
void read_document(Reading& reading, const YamlNode& root, Scenario& out);

// From the tree as it was written: their values are expanded when they are used.
std::vector<CounterExample> read_counter_examples(Reading& reading, const YamlNode& root);

Form scenario_form();

}  // namespace etimedout
