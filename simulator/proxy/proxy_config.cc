// The file of proxies to begin with, in JSON or YAML.
#include "simulator/proxy/proxy_config.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace etimedout {

namespace json = boost::json;

namespace {

constexpr std::size_t widest_line = 100;      // of the text, shown
constexpr std::size_t longest_message = 400;  // a key in it may be long

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string_view line_at(std::string_view text, std::size_t number) {
    for (std::size_t line = 1; line < number; ++line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

ConfigPlace place_at(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto begin = before.rfind('\n');
    const auto on_line = begin == std::string_view::npos ? before : before.substr(begin + 1);
    return {static_cast<std::size_t>(lines) + 1, characters_in(on_line) + 1};
}

ConfigPlace place_of_mark(std::string_view text, const YamlMark& mark) {
    const std::string_view line = line_at(text, mark.line + 1);
    return {mark.line + 1, characters_in(line.substr(0, mark.column)) + 1};
}

// Characters that would move the cursor are shown as a question mark; as many as there were.
std::string shown(std::string_view line) {
    std::string out;
    for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? (c == '\t' ? ' ' : '?') : c;
    }
    return out;
}

// The length in bytes of so many characters.
std::size_t bytes_of(std::string_view text, std::size_t characters) {
    std::size_t at = 0;
    while (at < text.size() && (characters > 0 || !begins_character(text[at]))) {
        if (begins_character(text[at])) --characters;
        ++at;
    }
    while (at < text.size() && !begins_character(text[at])) ++at;
    return at;
}

}  // namespace

ProxyConfig::ProxyConfig(std::string text, std::string file)
    : text_{std::move(text)}, file_{std::move(file)} {
    const json::value value = is_json() ? parse_json_text() : parse_yaml_text();
    try {
        proxies_ = read_proxies(value);
    } catch (const ApiError& error) {
        throw Error{complaint(error)};
    }
}

bool ProxyConfig::is_json() const {
    if (file_.ends_with(".json")) return true;
    if (file_.ends_with(".yaml") || file_.ends_with(".yml")) return false;
    const auto first = text_.find_first_not_of(" \t\r\n");
    return first != std::string::npos && text_[first] == '[';
}

json::value ProxyConfig::parse_json_text() {
    ParsedJson parsed = parse_json(text_);
    if (parsed.error.empty()) return std::move(parsed.value);
    std::string message = parsed.error;
    if (message == "EOF" || message == "unexpected EOF") {
        message = "the text ends before the list of proxies does";
    }
    throw Error{render(place_at(text_, parsed.offset), message)};
}

json::value ProxyConfig::parse_yaml_text() {
    YamlInput input = read_yaml(text_);
    if (!input.error.empty()) throw Error{render(place_of_mark(text_, input.at), input.error)};
    yaml_places_ = std::move(input.places);
    std::sort(yaml_places_.begin(), yaml_places_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return std::move(input.value);
}

ConfigPlace ProxyConfig::place_of(std::string_view place) const {
    if (is_json()) return place_at(text_, offset_of_place(text_, place));
    while (true) {
        const auto found = std::lower_bound(
            yaml_places_.begin(), yaml_places_.end(), place,
            [](const auto& entry, std::string_view key) { return entry.first < key; });
        if (found != yaml_places_.end() && found->first == place) {
            return place_of_mark(text_, found->second);
        }
        const auto slash = place.rfind('/');
        if (slash == std::string_view::npos) return {};
        place = place.substr(0, slash);
    }
}

std::string ProxyConfig::render(const ConfigPlace& place, std::string_view message) const {
    std::string_view line = line_at(text_, place.line);
    std::size_t column = place.column - 1;  // characters in front of the caret
    const bool far_out = column > widest_line * 2 / 3;
    if (far_out) {
        const std::size_t left_out = column - widest_line / 3;
        line.remove_prefix(bytes_of(line, left_out));
        column -= left_out;
    }
    line = line.substr(0, bytes_of(line, widest_line));
    return fmt::format("{}:{}:{}: error: {}\n    {}\n    {:>{}}", file_, place.line, place.column,
                       shown(message.substr(0, longest_message)), shown(line), '^', column + 1);
}

std::string ProxyConfig::complaint(const ApiError& error) const {
    constexpr std::string_view body = "bad request body: ";
    std::string_view message = error.what();
    if (message.starts_with(body)) message.remove_prefix(body.size());
    return render(place_of(error.place()), message);
}

ProxyConfig load_proxy_config(const std::string& file) {
    std::ifstream stream{file, std::ios::binary};
    std::string text;
    if (stream) {
        text.resize(largest_config + 1);
        stream.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.is_open() || stream.bad()) {
        throw Error{fmt::format("{}: cannot be read: {}", file, std::strerror(errno))};
    }
    if (text.size() > largest_config) {
        throw Error{fmt::format("{}: larger than {} bytes", file, largest_config)};
    }
    return {std::move(text), file};
}

}  // namespace etimedout
