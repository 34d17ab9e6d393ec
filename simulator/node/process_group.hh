// Process groups: what /proc says of a program and the processes it started.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace etimedout {

struct ProcessFacts {
    pid_t pid = 0;
    char state = '?';  // R, S, D, T, Z, … as in proc_pid_stat(5)
};

// Those whose process group is `group`, zombies excepted, by pid. Called from process 1, whose
// /proc shows all of a world. One that ends meanwhile may be missing.
std::vector<ProcessFacts> processes_of_group(pid_t group);

// The descriptors a process has open, in order; empty when it is gone.
std::vector<int> descriptors_of(pid_t pid);

}  // namespace etimedout
