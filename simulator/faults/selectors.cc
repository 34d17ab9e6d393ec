// Selectors: reading and writing counts and shares.
#include "simulator/faults/selectors.hh"

#include <array>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr std::array<std::pair<std::string_view, CountedUnit>, 8> units{
    {{"connections", CountedUnit::connections},
     {"requests", CountedUnit::requests},
     {"requests per connection", CountedUnit::requests_per_connection},
     {"queries", CountedUnit::queries},
     {"connection", CountedUnit::connections},
     {"request", CountedUnit::requests},
     {"request per connection", CountedUnit::requests_per_connection},
     {"query", CountedUnit::queries}}};

// "" is no unit; a text that is no unit is an error.
Result<std::optional<CountedUnit>> unit_from(std::string_view text) {
    if (text.empty()) return std::optional<CountedUnit>{};
    for (const auto& [word, unit] : units) {
        if (word == text) return std::optional{unit};
    }
    return Problem{fmt::format("`{}` cannot be counted here", text),
                   "count connections, requests, requests per connection, or queries"};
}

std::string_view word_for(CountedUnit unit) {
    for (const auto& [word, candidate] : units) {
        if (candidate == unit) return word;
    }
    return "?";
}

// A text cut at its first blank.
std::pair<std::string_view, std::string_view> cut(std::string_view text) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return {text, {}};
    return {text.substr(0, blank), text.substr(blank + 1)};
}

}  // namespace

Result<Count> Scalar<Count>::parse(std::string_view text) {
    const auto [digits, rest] = cut(text);
    const auto number = Scalar<std::int64_t>::parse(digits);
    if (!number) return number.error();
    if (*number < 1) return Problem{fmt::format("`{}` selects nothing", text), "write 1 or more"};
    const auto unit = unit_from(rest);
    if (!unit) return unit.error();
    return Count{*number, *unit};
}

std::string Scalar<Count>::write(const Count& value) {
    if (!value.unit) return fmt::format("{}", value.number);
    return fmt::format("{} {}", value.number, word_for(*value.unit));
}

Result<Share> Scalar<Share>::parse(std::string_view text) {
    auto [percentage, rest] = cut(text);
    const auto probability = Scalar<Probability>::parse(percentage);
    if (!probability) return probability.error();
    if (rest.starts_with("of ")) rest.remove_prefix(3);
    const auto unit = unit_from(rest);
    if (!unit) return unit.error();
    return Share{*probability, *unit};
}

std::string Scalar<Share>::write(const Share& value) {
    if (!value.unit) return Scalar<Probability>::write(value.probability);
    return fmt::format("{} of {}", Scalar<Probability>::write(value.probability),
                       word_for(*value.unit));
}

}  // namespace etimedout
