// Processor: which of the host's processors a machine runs on, so that those side by side share
// them.
#pragma once

#include <optional>

#include <sched.h>

namespace etimedout {

// One processor for all of a machine: its kernel and its programs never run at the same time, and
// handing over to another processor that sleeps costs several times what the work does. Of those
// that this process may use it is the one with the fewest machines of this process.
class Processor {
public:
    Processor();
    ~Processor();
    Processor(const Processor&) = delete;
    Processor& operator=(const Processor&) = delete;

    // For sched_setaffinity(2).
    cpu_set_t set() const;

private:
    std::optional<std::size_t> number_;  // without: all that are allowed
};

}  // namespace etimedout
