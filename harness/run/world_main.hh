// The inside of a run: what process 1 of a world does, from its first mount to its last event.
#pragma once

#include <filesystem>

#include "simulator/base/fd.hh"

namespace etimedout {

// `folder` is the run's folder on the host, which holds run.json and scenario.yaml and receives
// the events and captures. Must be process 1 of a virtual kernel or of a PID namespace. Returns
// the exit code; in a virtual kernel it powers off instead. `borrower` is the world's end of a
// LendingChannel (simulator/net/socket_lender.hh); a virtual world has none.
int world_main(const std::filesystem::path& folder, Fd borrower = {});

}  // namespace etimedout
