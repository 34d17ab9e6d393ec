// Machine: what this machine can do for etimedout, and the remedy for what it cannot.
#pragma once

#include <string>
#include <vector>

namespace etimedout {

struct Capability {
    std::string name{};      // "user namespaces"
    std::string used_for{};  // "time: real", "time: virtual"
    bool present = false;
    std::string reason{};  // what was tried and what came of it
    std::string remedy{};  // empty when present
};

// Tries everything, each in a child process that leaves nothing behind: the architecture, user
// namespaces with all the namespaces a world needs, overlay in a user namespace, memory files that
// may be executed (TMPDIR, else /dev/shm), ptrace as User-Mode Linux uses it.
std::vector<Capability> probe_machine();

// The folder for the virtual kernel's memory: TMPDIR if set, else /dev/shm, else /tmp: the first
// that can be written and executed from. Empty when there is none.
std::string memory_folder();

}  // namespace etimedout
