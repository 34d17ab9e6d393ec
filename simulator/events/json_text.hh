// JSON strings: strict escaping, and nothing but UTF-8 comes out.
#pragma once

#include <string>
#include <string_view>

namespace etimedout {

// Appends `text` to `out` as a JSON string, quotes included (RFC 8259 section 7). Each maximal
// ill-formed piece of UTF-8 becomes one U+FFFD (Unicode 15, section 3.9, "best practice").
void append_json_string(std::string& out, std::string_view text);

// The length of the well-formed UTF-8 sequence at the front of `text`, 1 to 4; 0 when there is
// none.
std::size_t utf8_length(std::string_view text);

}  // namespace etimedout
