// Small text files, read whole, and text cut into its parts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// The text of a file (also of /proc, whose sizes are unknown); nothing when it cannot be read.
// errno says why.
std::optional<std::string> read_text(const std::filesystem::path& path);

// The parts between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);

// The words between blanks and tabs.
std::vector<std::string_view> words_of(std::string_view text);

// A whole decimal number, nothing else around it.
std::optional<std::int64_t> decimal(std::string_view text);

// At most `limit` bytes of the text, not ending within a UTF-8 sequence.
std::string_view cut_text(std::string_view text, std::size_t limit);

}  // namespace etimedout
