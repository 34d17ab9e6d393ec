// Witness: what proves that a fault of a link did something.
#pragma once

#include <cstdint>
#include <string>

namespace etimedout {

// Counted since the fault was armed.
struct Witness {
    std::int64_t matched = 0;  // packets it applies to; losses of carrier for a carrier fault
    std::int64_t fired = 0;    // packets it refused or dropped, or otherwise changed
    std::string evidence{};    // the counters it is read from, for reports
};

}  // namespace etimedout
