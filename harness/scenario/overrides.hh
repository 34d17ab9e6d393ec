// Overrides: dotted places of a scenario replaced before it is read, for counter-examples.
#pragma once

#include <map>
#include <string>

#include "harness/scenario/reading.hh"

namespace etimedout {

// Each place names keys with dots between them; where a key has dots itself the longest match
// counts. Items of a list go by number from 0, or by the id of a step. A key that is not there is
// added. Values are YAML. Errors: a place that cannot be reached, a value that is not YAML.
void apply_overrides(Reading& reading, const std::map<std::string, std::string>& set,
                     YamlNode& root);

// As if all of it had been written there: mistakes in it are shown at that place.
void move_to(YamlNode& node, const Span& at);

}  // namespace etimedout
