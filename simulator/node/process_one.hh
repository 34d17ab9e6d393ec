// Process 1 of fresh namespaces on the host's kernel: where a world in real time lives.
#pragma once

#include <functional>

namespace etimedout {

// Runs `body` as process 1 of fresh user, mount, PID, network, UTS and IPC namespaces and returns
// its result, 128 + n when signal n ended it. Inside it is root and may do there what root may; ids
// are the host's where the caller may map them (root), else only root exists. All processes inside
// die with it, and it dies with the caller. The caller must have one thread only, and is itself in
// these namespaces afterwards (but for the PID namespace), so it should do nothing else with its
// life. Throws Error when this machine forbids it.
int run_as_process_one(const std::function<int()>& body);

}  // namespace etimedout
