// Preparations: what a layer hangs on, and where layers are kept from run to run.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "harness/scenario/model.hh"
#include "simulator/base/error.hh"

namespace etimedout {

// What a preparation is made with, beside what the scenario says of it.
struct PreparationSurroundings {
    std::filesystem::path scenario_dir{};
    std::optional<std::filesystem::path> kernel{};  // nothing: it is prepared on the host's
};

// All that a layer hangs on, as text, one thing a line: keys, and the programs and files that its
// command names or `uses`, those of the scenario's folder by content, others by size and time.
// Two preparations of one such text have one result. Fails for something it uses and that is not
// there.
Result<std::string> identity_of(const Preparation& preparation, const Scenario& scenario,
                                const PreparationSurroundings& surroundings);

// Has the layer written to the file it is given, which is new; what went wrong if anything did.
using MakeLayer = std::function<std::optional<Problem>(const std::filesystem::path& file)>;

// The file that holds the layer of this identity, in cache_folder("prepared"). Where there is none
// it is made, by one process at a time, and is there when it is whole; the others wait for it.
// Fails when making it fails or `interrupted` comes; nothing is left then. Layers that were not
// used for a month are deleted when another is made.
Result<std::filesystem::path> prepared_layer(const std::string& name, const std::string& identity,
                                             const std::atomic<bool>& interrupted,
                                             const MakeLayer& make);

// What is kept.
struct PreparedLayers {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
};
PreparedLayers count_prepared_layers();

}  // namespace etimedout
