// What /proc says about a process of ours and its children: how much they have computed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "simulator/base/quantity.hh"

namespace etimedout {

struct ProcessTimes {
    pid_t pid = 0;
    pid_t parent = 0;
    Duration cpu{};           // its own, in steps of the host's tick, mostly 10 ms
    Duration cpu_of_dead{};   // of children it has waited for
    std::uint64_t started{};  // in ticks since the host booted; orders processes by age
};

// Nothing if there is no such process (any more).
std::optional<ProcessTimes> process_times(pid_t pid);

// Direct children, in no order; those that end meanwhile may be missing.
std::vector<ProcessTimes> children_of(pid_t parent);

}  // namespace etimedout
