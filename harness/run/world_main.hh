// The inside of a run: what process 1 of a world does, from its first mount to its last event.
#pragma once

#include <filesystem>

namespace etimedout {

// `folder` is the run's folder on the host, which holds run.json and scenario.yaml and receives
// the events and captures. Must be process 1 of a virtual kernel or of a PID namespace. Returns
// the exit code; in a virtual kernel it powers off instead.
int world_main(const std::filesystem::path& folder);

}  // namespace etimedout
