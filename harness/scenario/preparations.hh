// `prepare`: commands whose result is a cached layer.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// After the nodes, which it names.
void read_preparations(Reading& reading, const YamlNode& root, std::vector<Preparation>& out);

// For schema and reference.
Form preparation_form();

}  // namespace etimedout
