// YamlNode: a tree written again, as YAML's flow style or as JSON.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "harness/scenario/yaml_tree.hh"

namespace etimedout {

namespace {

std::string in_quotes(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                quoted += "\\\"";
                break;
            case '\\':
                quoted += "\\\\";
                break;
            case '\n':
                quoted += "\\n";
                break;
            case '\t':
                quoted += "\\t";
                break;
            case '\r':
                quoted += "\\r";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                    quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
                } else {
                    quoted += c;
                }
        }
    }
    return quoted + '"';
}

// Whether a word is safe in braces without quotes, and stays the same word.
bool is_plain(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') {
        return false;
    }
    if (text == "null" || text == "Null" || text == "NULL" || text == "~") return false;
    constexpr std::string_view never_first = "-?:,[]{}#&*!|>'\"%@`";
    if (never_first.find(text.front()) != std::string_view::npos &&
        !(text.front() == '-' && text.size() > 1 && text[1] != ' ')) {
        return false;
    }
    if (text.find_first_of(",[]{}\"\n\r\t") != std::string_view::npos) return false;
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
        return false;
    }
    return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos &&
           text.find("---") != 0;
}

std::string scalar_in_flow(const YamlNode& node) {
    return !node.quoted && is_plain(node.text) ? node.text : in_quotes(node.text);
}

// RFC 8259's number: no leading zeros, no plus sign, digits on both sides of the point.
bool is_json_number(std::string_view text) {
    const auto digits = [&] {
        const std::size_t before = text.size();
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
        return before - text.size();
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

template <class Parts, class Write>
std::string joined(const Parts& parts, std::string_view comma, Write write) {
    std::string text;
    for (const auto& part : parts) {
        if (!text.empty()) text += comma;
        text += write(part);
    }
    return text;
}

}  // namespace

std::string to_flow(const YamlNode& node) {
    switch (node.kind) {
        case YamlKind::null:
            return "null";
        case YamlKind::scalar:
            return scalar_in_flow(node);
        case YamlKind::list:
            return "[" + joined(node.items, ", ", to_flow) + "]";
        case YamlKind::map:
            return "{" +
                   joined(node.pairs, ", ",
                          [](const YamlPair& pair) {
                              return scalar_in_flow(pair.key) + ": " + to_flow(pair.value);
                          }) +
                   "}";
    }
    return {};
}

std::string to_json(const YamlNode& node) {
    switch (node.kind) {
        case YamlKind::null:
            return "null";
        case YamlKind::scalar:
            if (!node.quoted &&
                (node.text == "true" || node.text == "false" || is_json_number(node.text))) {
                return node.text;
            }
            return in_quotes(node.text);
        case YamlKind::list:
            return "[" + joined(node.items, ",", to_json) + "]";
        case YamlKind::map:
            return "{" +
                   joined(node.pairs, ",",
                          [](const YamlPair& pair) {
                              return in_quotes(pair.key.text) + ":" + to_json(pair.value);
                          }) +
                   "}";
    }
    return {};
}

}  // namespace etimedout
