// The keys of an expectation that count messages of DNS.
#pragma once

#include <vector>

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// `queries` and `answers`: a count, or a map that also says of which.
void add_dns_keys(std::vector<KeySpec<Expectation>>& keys);

}  // namespace etimedout
