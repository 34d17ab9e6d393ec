// JSON strings: strict escaping, and nothing but UTF-8 comes out.
#include "simulator/events/json_text.hh"

#include <array>
#include <cstdint>

namespace etimedout {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// What a first byte asks for: how long the sequence is, and between what its second byte must lie
// (Unicode 15, table 3-7).
struct Lead {
    std::size_t length;
    std::uint8_t second_lowest;
    std::uint8_t second_highest;
};

constexpr Lead lead_of(std::uint8_t first) {
    if (first < 0x80) return {1, 0, 0};
    if (first < 0xC2) return {0, 0, 0};
    if (first < 0xE0) return {2, 0x80, 0xBF};
    if (first == 0xE0) return {3, 0xA0, 0xBF};
    if (first == 0xED) return {3, 0x80, 0x9F};
    if (first < 0xF0) return {3, 0x80, 0xBF};
    if (first == 0xF0) return {4, 0x90, 0xBF};
    if (first < 0xF4) return {4, 0x80, 0xBF};
    if (first == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

struct Sequence {
    std::size_t consumed;  // at least 1
    bool well_formed;
};

Sequence next_sequence(std::string_view text) {
    const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
    if (lead.length <= 1) return {1, lead.length == 1};
    for (std::size_t i = 1; i < lead.length; ++i) {
        if (i >= text.size()) return {i, false};
        const auto byte = static_cast<std::uint8_t>(text[i]);
        const std::uint8_t lowest = i == 1 ? lead.second_lowest : 0x80;
        const std::uint8_t highest = i == 1 ? lead.second_highest : 0xBF;
        if (byte < lowest || byte > highest) return {i, false};
    }
    return {lead.length, true};
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += digits[static_cast<std::uint8_t>(c) >> 4U];
            out += digits[static_cast<std::uint8_t>(c) & 0xFU];
    }
}

constexpr bool is_plain(char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const Sequence sequence = next_sequence(text);
    return sequence.well_formed ? sequence.consumed : 0;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        if (static_cast<std::uint8_t>(text[0]) < 0x80) {
            append_escaped(out, text[0]);
            text.remove_prefix(1);
            continue;
        }
        const Sequence sequence = next_sequence(text);
        out.append(sequence.well_formed ? text.substr(0, sequence.consumed) : replacement);
        text.remove_prefix(sequence.consumed);
    }
    out += '"';
}

}  // namespace etimedout
