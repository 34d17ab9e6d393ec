// SourceText: lines, positions, and how a mistake is shown.
#include "harness/scenario/source.hh"

#include <algorithm>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr std::size_t widest_line = 100;      // columns of source text shown
constexpr std::size_t longest_message = 400;  // bytes; a value in it may be a megabyte

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

// Characters that would move the cursor or reorder the line on a terminal.
bool needs_escape(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

// One character as it is shown, and how many columns that takes.
struct Cell {
    std::string text;
    std::size_t columns = 1;
};

Cell cell_of(std::string_view text, const Utf8Character& character) {
    if (!character.valid) {
        return {fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front())), 4};
    }
    if (character.code == '\t') return {"\\t", 2};
    if (character.code == '\n') return {"\\n", 2};
    if (character.code == '\r') return {"\\r", 2};
    if (needs_escape(character.code)) {
        auto escaped = fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(character.code));
        const std::size_t columns = escaped.size();
        return {std::move(escaped), columns};
    }
    return {std::string{text.substr(0, character.length)}, 1};
}

std::vector<Cell> cells_of(std::string_view text) {
    std::vector<Cell> cells;
    while (!text.empty()) {
        const Utf8Character character = first_character(text);
        cells.push_back(cell_of(text, character));
        text.remove_prefix(character.length);
    }
    return cells;
}

std::string printable(std::string_view text) {
    std::string shown;
    for (const Cell& cell : cells_of(text)) shown += cell.text;
    return shown;
}

// The part of a line that is shown, and the carets under it.
struct Excerpt {
    std::string line;
    std::string carets;
};

Excerpt excerpt_of(const std::vector<Cell>& cells, std::size_t column, std::size_t width) {
    const std::size_t target = std::min(column - 1, cells.size());
    std::size_t first = 0;
    std::size_t before = 0;  // columns between `first` and the caret
    for (std::size_t i = 0; i < target; ++i) before += cells[i].columns;
    if (before > widest_line * 2 / 3) {
        while (first < target && before > widest_line / 3) before -= cells[first++].columns;
    }
    Excerpt shown;
    if (first > 0) shown.line = "…";
    shown.carets.assign(before + (first > 0 ? 1 : 0), ' ');
    std::size_t used = 0;
    std::size_t marked = 0;
    std::size_t i = first;
    for (; i < cells.size() && used + cells[i].columns <= widest_line; ++i) {
        shown.line += cells[i].text;
        used += cells[i].columns;
        if (i >= target && i < target + width) marked += cells[i].columns;
    }
    if (i < cells.size()) shown.line += "…";
    shown.carets.append(std::max<std::size_t>(1, marked), '^');
    return shown;
}

// At most this many bytes, cut between characters.
std::string_view cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && is_continuation(text[most])) --most;
    return text.substr(0, most);
}

}  // namespace

Utf8Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                                                             : 0;
    if (length == 0 || text.size() < length) return {};
    char32_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return {};
        code = (code << 6U) | (byte(i) & 0x3FU);
    }
    constexpr char32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (code < shortest[length] || surrogate || code > 0x10FFFF) return {};
    return {code, length, true};
}

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 60;
    const std::string_view shown = cut(text, longest);
    return fmt::format("`{}{}`", printable(shown), shown.size() < text.size() ? "…" : "");
}

SourceText::SourceText(std::string_view text, std::string file)
    : text_{text}, file_{std::move(file)} {
    begins_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] == '\n') begins_.push_back(i + 1);
    }
}

std::string_view SourceText::line(std::size_t number) const {
    if (number == 0 || number > begins_.size()) return {};
    const std::size_t begin = begins_[number - 1];
    const std::size_t end = number < begins_.size() ? begins_[number] - 1 : text_.size();
    std::string_view found = text_.substr(begin, end - begin);
    if (found.ends_with('\r')) found.remove_suffix(1);
    return found;
}

std::size_t SourceText::offset_of(std::size_t line_number) const {
    if (line_number == 0 || line_number > begins_.size()) return text_.size();
    return begins_[line_number - 1];
}

Span SourceText::span_at(std::size_t offset, std::size_t width) const {
    const auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
    const auto index = static_cast<std::size_t>(after - begins_.begin()) - 1;
    return {static_cast<std::uint32_t>(index + 1),
            static_cast<std::uint32_t>(offset - begins_[index]), static_cast<std::uint32_t>(width)};
}

Where SourceText::where(const Span& span) const {
    const std::string_view whole = line(span.line);
    return {
        span.line,
        count_characters(whole.substr(0, std::min<std::size_t>(span.column, whole.size()))) + 1};
}

ScenarioError SourceText::error(const Span& span, std::string message, std::string advice) const {
    const std::string_view whole = line(span.line);
    const std::size_t column = std::min<std::size_t>(span.column, whole.size());
    ScenarioError made;
    made.file = file_;
    made.where = where(span);
    made.width = std::max<std::size_t>(1, count_characters(whole.substr(column, span.width)));
    made.message = cut(message, longest_message);
    made.advice = cut(advice, longest_message);
    // What is shown of a line lies around the caret; a line may be a megabyte.
    constexpr std::size_t longest_line = 8192;
    if (whole.size() <= longest_line) {
        made.source_line = whole;
    } else if (column < longest_line / 2) {
        made.source_line = cut(whole, longest_line);
    } else {
        // Blanks keep the column right without keeping the text before it.
        std::size_t begin = column - longest_line / 4;
        while (begin < column && is_continuation(whole[begin])) ++begin;
        made.source_line = std::string(count_characters(whole.substr(0, begin)), ' ') +
                           std::string{cut(whole.substr(begin), longest_line / 2)};
    }
    return made;
}

std::string ScenarioError::render() const {
    std::string shown =
        fmt::format("{}:{}:{}: {}: {}", printable(file), where.line, where.column,
                    severity == Severity::error ? "error" : "warning", printable(message));
    if (!source_line.empty()) {
        const auto excerpt =
            excerpt_of(cells_of(source_line), std::max<std::size_t>(1, where.column),
                       std::max<std::size_t>(1, width));
        shown += fmt::format("\n{:5} | {}\n      | {}", where.line, excerpt.line, excerpt.carets);
    }
    if (!advice.empty()) shown += fmt::format("\n  help: {}", printable(advice));
    return shown;
}

}  // namespace etimedout
