// Flags as Go programs read them (package flag): -x v, -x=v, --x v, --x=v.
#include "harness/toxiproxy/go_flags.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 6> yes_words{"1", "t", "T", "true", "TRUE", "True"};
constexpr std::array<std::string_view, 6> no_words{"0", "f", "F", "false", "FALSE", "False"};

template <class Words>
bool is_among(std::string_view text, const Words& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

const GoFlag* find_flag(const std::vector<GoFlag>& flags, std::string_view name) {
    for (const GoFlag& flag : flags) {
        if (is_among(name, flag.names)) return &flag;
    }
    return nullptr;
}

// A word split as Go splits it: -name, --name, -name=value.
struct Word {
    std::string name{};
    std::optional<std::string> value{};
};

Result<Word> split_word(const std::string& word) {
    const std::string_view text = std::string_view{word}.substr(word.starts_with("--") ? 2 : 1);
    if (text.empty() || text.front() == '-' || text.front() == '=') {
        return Problem{fmt::format("bad flag syntax: {}", word), ""};
    }
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return Word{std::string{text}, std::nullopt};
    return Word{std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

std::optional<Problem> wrong_value(const GoFlag& flag, const Word& word) {
    if (flag.kind == GoFlagKind::boolean && !is_among(*word.value, yes_words) &&
        !is_among(*word.value, no_words)) {
        return Problem{fmt::format("invalid boolean value \"{}\" for -{}: parse error", *word.value,
                                   word.name),
                       ""};
    }
    if (flag.kind == GoFlagKind::integer && !go_integer(*word.value)) {
        return Problem{
            fmt::format("invalid value \"{}\" for flag -{}: parse error", *word.value, word.name),
            ""};
    }
    return std::nullopt;
}

bool is_flag(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

}  // namespace

std::optional<std::string> GoFlagsRead::text(std::string_view name) const {
    const auto place = values.find(name);
    if (place == values.end()) return std::nullopt;
    return place->second.back();
}

bool GoFlagsRead::is_on(std::string_view name) const {
    const auto value = text(name);
    return value && is_among(*value, yes_words);
}

std::vector<std::string> GoFlagsRead::all(std::string_view name) const {
    const auto place = values.find(name);
    return place == values.end() ? std::vector<std::string>{} : place->second;
}

Result<GoFlagsRead> read_go_flags(const std::vector<GoFlag>& flags,
                                  const std::vector<std::string>& words, GoFlagsEnd end) {
    GoFlagsRead read;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool ends = words[i] == "--";
        if (ends || !is_flag(words[i])) {
            if (!ends) read.rest.push_back(words[i]);
            if (!ends && end == GoFlagsEnd::nowhere) continue;
            const auto next = words.begin() + static_cast<std::ptrdiff_t>(i + 1);
            read.rest.insert(read.rest.end(), next, words.end());
            break;
        }
        Result<Word> split = split_word(words[i]);
        if (!split) return split.error();
        Word& word = *split;
        const GoFlag* flag = find_flag(flags, word.name);
        if (flag == nullptr) {
            if (word.name != "h" && word.name != "help") {
                return Problem{fmt::format("flag provided but not defined: -{}", word.name), ""};
            }
            read.wants_help = true;
            return read;
        }
        if (!word.value && flag->kind == GoFlagKind::boolean) word.value = "true";
        if (!word.value) {
            if (i + 1 == words.size()) {
                return Problem{fmt::format("flag needs an argument: -{}", word.name), ""};
            }
            word.value = words[++i];
        }
        if (const auto problem = wrong_value(*flag, word)) return *problem;
        read.values[std::string{flag->names.front()}].push_back(*word.value);
    }
    return read;
}

std::optional<std::int64_t> go_integer(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) text.remove_prefix(1);
    int base = 10;
    if (text.size() > 1 && text.front() == '0') {
        const char mark = static_cast<char>(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
    }
    std::string digits{text};
    if (digits.ends_with('_') || digits.find("__") != std::string::npos) return std::nullopt;
    std::erase(digits, '_');
    std::uint64_t value = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value, base);
    if (error != std::errc{} || end != last) return std::nullopt;
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value > largest + (is_negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(is_negative ? ~value + 1 : value);
}

std::string go_usage(const std::string& program, std::vector<GoFlag> flags) {
    std::sort(flags.begin(), flags.end(), [](const GoFlag& left, const GoFlag& right) {
        return left.names.front() < right.names.front();
    });
    std::string text = fmt::format("Usage of {}:\n", program);
    for (const GoFlag& flag : flags) {
        const std::string_view takes = flag.kind == GoFlagKind::text      ? " string"
                                       : flag.kind == GoFlagKind::integer ? " int"
                                                                          : "";
        text += fmt::format("  -{}{}\n    \t{}", flag.names.front(), takes, flag.doc);
        if (!flag.default_text.empty()) text += fmt::format(" (default {})", flag.default_text);
        text += '\n';
    }
    return text;
}

}  // namespace etimedout
