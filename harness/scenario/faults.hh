// Faults in a scenario: any of AllFaults by its kind, with its own fields and its selectors.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// The map behind `fault:`, but for its id.
bool read_fault(Reading& reading, const YamlNode& node, FaultStep& out);

// Every kind, in the order of AllFaults.
std::vector<std::string_view> fault_kinds();

// The keys of one kind of fault with target and selectors, for the schema.
Form fault_form();

// The key that says where a fault of a layer acts: link, node or resolver.
std::string_view target_key(Layer layer);

// The selectors that a fault accepts, with what they mean, for the reference.
std::vector<KeyForm> selectors_of(const Accepts& accepts);

}  // namespace etimedout
