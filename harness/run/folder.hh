// The files of one run's folder: names, and reading and writing them whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace etimedout {

namespace run_files {
inline constexpr std::string_view scenario = "scenario.yaml";
inline constexpr std::string_view order = "run.json";
inline constexpr std::string_view raw_events = "raw-events.jsonl";  // as the world wrote them
inline constexpr std::string_view events = "events.jsonl";          // with the captures' facts
inline constexpr std::string_view console = "console.txt";
inline constexpr std::string_view stalled = "stalled";  // the driver found the clock standing still
inline constexpr std::string_view layer = "layer.tar";  // what a preparation left
}  // namespace run_files

std::string read_whole_file(const std::filesystem::path& path);                   // throws Error
void write_whole_file(const std::filesystem::path& path, std::string_view text);  // throws Error

}  // namespace etimedout
