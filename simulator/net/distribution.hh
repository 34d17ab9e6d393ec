// Distribution tables: the shapes of jitter, computed from their densities.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/faults/decision.hh"

namespace etimedout {

// netem's inverse distribution function at equal steps: 4096 values with mean 0 and standard
// deviation 1, in units of 1/8192 (NETEM_DIST_SCALE), no further out than four standard
// deviations, which is as far as the 16 bits reach. Tables made by iproute2's maketable have this
// form too, but their cut-off tails shift the mean; these are centred after the cut, so that the
// mean delay is the delay asked for. Uniform is scaled to reach from -1 to 1, as netem's own.
const std::vector<std::int16_t>& distribution_table(Distribution distribution);

}  // namespace etimedout
