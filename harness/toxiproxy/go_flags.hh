// Flags as Go programs read them (package flag): -x v, -x=v, --x v, --x=v.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/error.hh"

namespace etimedout {

enum class GoFlagKind { text, boolean, integer };

struct GoFlag {
    std::vector<std::string_view> names{};  // the first is what it is called; the others are short
    GoFlagKind kind = GoFlagKind::text;
    std::string_view doc{};
    std::string_view default_text{};
};

// Where flags end: at the first word that is none, as in Go, or nowhere. "--" always ends them.
enum class GoFlagsEnd { at_first_word, nowhere };

struct GoFlagsRead {
    std::map<std::string, std::vector<std::string>, std::less<>> values{};
    std::vector<std::string> rest{};
    bool wants_help = false;

    // The last value given.
    std::optional<std::string> text(std::string_view name) const;
    bool is_on(std::string_view name) const;
    std::vector<std::string> all(std::string_view name) const;
};

// What is wrong is said in Go's words. A flag nobody declared that is called h or help asks for
// help.
Result<GoFlagsRead> read_go_flags(const std::vector<GoFlag>& flags,
                                  const std::vector<std::string>& words, GoFlagsEnd end);

// strconv.ParseInt with base 0: "12", "-0x1f", "0b11", "1_000".
std::optional<std::int64_t> go_integer(std::string_view text);

// As flag.PrintDefaults shows them, by name.
std::string go_usage(const std::string& program, std::vector<GoFlag> flags);

}  // namespace etimedout
