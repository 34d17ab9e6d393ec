// The keys of an expectation: what each means, and where.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/expectations.hh"

namespace etimedout {

const Table<Expectation>& expectation_table();

// "a call or a node"
std::string words_of_places(unsigned places);

// The keys that are facts of one kind of place.
std::vector<std::string_view> keys_at(unsigned place);

}  // namespace etimedout
