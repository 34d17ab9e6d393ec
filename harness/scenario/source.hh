// SourceText: a scenario's text by lines, so that every mistake can show where it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/parse.hh"

namespace etimedout {

// A stretch of one line, in bytes; `line` from 1, `column` from 0. Bytes, because counting the
// characters before each of 100,000 scalars on one line would take for ever; characters are
// counted when an error is made of it.
struct Span {
    std::uint32_t line = 1;
    std::uint32_t column = 0;
    std::uint32_t width = 1;
    bool operator==(const Span&) const = default;
};

// Keeps a view of the text, which must outlive it.
class SourceText {
public:
    SourceText(std::string_view text, std::string file);

    std::string_view text() const { return text_; }
    const std::string& file() const { return file_; }
    std::size_t lines() const { return begins_.size(); }
    // Without its end of line; empty for a line that is not there.
    std::string_view line(std::size_t number) const;
    // Where that line begins in the text; the text's size for a line that is not there.
    std::size_t offset_of(std::size_t line_number) const;
    Span span_at(std::size_t offset, std::size_t width) const;
    Where where(const Span& span) const;
    ScenarioError error(const Span& span, std::string message, std::string advice = {}) const;

private:
    std::string_view text_;
    std::string file_;
    std::vector<std::size_t> begins_;
};

// One character of UTF-8 at the start of a text; `valid` is false for a byte that begins none.
struct Utf8Character {
    char32_t code = 0;
    std::size_t length = 1;
    bool valid = false;
};
Utf8Character first_character(std::string_view text);

// A value for a message: in back-quotes, on one line, at most about 60 characters.
std::string quote(std::string_view text);

}  // namespace etimedout
