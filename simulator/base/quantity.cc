// Quantities with their units in the type: reading and writing them.
#include "simulator/base/quantity.hh"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "simulator/base/trimmed.hh"

namespace etimedout {

namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr std::array duration_units{Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"ms", 1e6},
                                    Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}};
constexpr std::array size_units{Unit{"b", 1},    Unit{"kb", 1e3}, Unit{"mb", 1e6},
                                Unit{"gb", 1e9}, Unit{"k", 1024}, Unit{"M", 1048576},
                                Unit{"byte", 1}, Unit{"bytes", 1}};
constexpr std::array rate_units{Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6},
                                Unit{"gbit", 1e9}};

// A decimal number at the start of a text, and what follows it.
struct Leading {
    double number;
    std::string_view digits;
    std::string_view rest;
};

std::optional<Leading> leading_number(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    double number = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
    if (end == 0 || read.ec != std::errc{} || read.ptr != text.data() + end) return std::nullopt;
    return Leading{number, text.substr(0, end), trimmed(text.substr(end))};
}

// What a quantity may look like, for the one reader of all of them.
struct Form {
    std::string_view what;    // "duration"
    std::string_view units;   // "us, ms, s, m or h"
    std::string_view likely;  // the unit to suggest
};

Result<std::int64_t> read_quantity(std::string_view whole, const Form& form,
                                   std::span<const Unit> units) {
    const std::string_view text = trimmed(whole);
    if (text.empty()) {
        return Problem{fmt::format("a {} is missing here", form.what),
                       fmt::format("write a number and a unit, for example 5{}", form.likely)};
    }
    if (text.front() == '-') {
        return Problem{fmt::format("a {} cannot be negative", form.what),
                       fmt::format("write {}", text.substr(1))};
    }
    const auto leading = leading_number(text);
    if (!leading) {
        return Problem{fmt::format("`{}` is not a {}", text, form.what),
                       fmt::format("write a number and a unit ({}), for example 5{}", form.units,
                                   form.likely)};
    }
    if (leading->rest.empty()) {
        return Problem{
            fmt::format("{} what? a {} needs a unit", leading->digits, form.what),
            fmt::format("write {}{} (units: {})", leading->digits, form.likely, form.units)};
    }
    for (const Unit& unit : units) {
        if (unit.name != leading->rest) continue;
        const double value = std::round(leading->number * unit.factor);
        if (value > 9.2e18) {
            return Problem{fmt::format("`{}` is too large for a {}", text, form.what),
                           "write a smaller one"};
        }
        return static_cast<std::int64_t>(value);
    }
    return Problem{fmt::format("`{}` is not a unit of a {}", leading->rest, form.what),
                   fmt::format("units are {}", form.units)};
}

std::string write_with_units(std::int64_t value, std::span<const Unit> largest_first) {
    for (const Unit& unit : largest_first) {
        const auto factor = static_cast<std::int64_t>(unit.factor);
        if (value % factor == 0 && value >= factor) {
            return fmt::format("{}{}", value / factor, unit.name);
        }
    }
    return fmt::format("{}{}", value, largest_first.back().name);
}

}  // namespace

Result<Duration> Scalar<Duration>::parse(std::string_view text) {
    const auto read = read_quantity(text, {"duration", "us, ms, s, m or h", "s"}, duration_units);
    if (!read) return read.error();
    return Duration{*read};
}

std::string Scalar<Duration>::write(Duration value) {
    constexpr std::array units{Unit{"s", 1e9}, Unit{"ms", 1e6}, Unit{"us", 1e3}, Unit{"ns", 1}};
    return value == Duration{} ? "0s" : write_with_units(value.count(), units);
}

Result<Bytes> Scalar<Bytes>::parse(std::string_view text) {
    std::string_view shorter = trimmed(text);
    constexpr std::string_view word = " bytes";
    // "4k bytes" reads as "4k"; "4 bytes" keeps its only unit.
    if (shorter.ends_with(word)) {
        const std::string_view before = shorter.substr(0, shorter.size() - word.size());
        if (!before.empty() && (before.back() < '0' || before.back() > '9')) shorter = before;
    }
    const auto read = read_quantity(shorter, {"size", "b, kb, mb, gb, k or M", "k"}, size_units);
    if (!read) return read.error();
    return Bytes{*read};
}

std::string Scalar<Bytes>::write(Bytes value) {
    constexpr std::array units{Unit{"M", 1048576}, Unit{"k", 1024}, Unit{"b", 1}};
    return write_with_units(value.count, units);
}

Result<Rate> Scalar<Rate>::parse(std::string_view text) {
    const auto read = read_quantity(text, {"rate", "bit, kbit, mbit or gbit", "mbit"}, rate_units);
    if (!read) return read.error();
    if (*read == 0)
        return Problem{"a rate of nothing lets nothing pass", "use the fault blackhole"};
    return Rate{*read};
}

std::string Scalar<Rate>::write(Rate value) {
    constexpr std::array units{Unit{"gbit", 1e9}, Unit{"mbit", 1e6}, Unit{"kbit", 1e3},
                               Unit{"bit", 1}};
    return write_with_units(value.bits_per_second, units);
}

Result<Probability> Scalar<Probability>::parse(std::string_view text) {
    const std::string_view shorter = trimmed(text);
    const auto leading = leading_number(shorter);
    if (!leading) {
        return Problem{fmt::format("`{}` is not a share", shorter), "write a percentage, like 5%"};
    }
    if (leading->rest != "%") {
        // 0.99 means 99%, but 5 means 5%.
        const bool fraction = leading->number < 1;
        return Problem{fmt::format("{} what? a share needs a %", shorter),
                       fraction ? fmt::format("write {:.10g}%", leading->number * 100)
                                : fmt::format("write {}%", leading->digits)};
    }
    if (leading->number > 100) {
        return Problem{fmt::format("{}% is more than everything", leading->digits),
                       "write at most 100%"};
    }
    return Probability{leading->number / 100};
}

std::string Scalar<Probability>::write(Probability value) {
    return fmt::format("{:.10g}%", value.value * 100);
}

Result<Port> Scalar<Port>::parse(std::string_view text) {
    const auto read = Scalar<std::int64_t>::parse(text);
    if (!read || *read < 1 || *read > std::numeric_limits<std::uint16_t>::max()) {
        return Problem{fmt::format("`{}` is not a port", text), "write a number from 1 to 65535"};
    }
    return Port{static_cast<std::uint16_t>(*read)};
}

std::string Scalar<Port>::write(Port value) { return fmt::format("{}", value.number); }

Result<std::int64_t> Scalar<std::int64_t>::parse(std::string_view text) {
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
        return Problem{fmt::format("`{}` is too large", text), "write a smaller whole number"};
    }
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
        return Problem{fmt::format("`{}` is not a whole number", text),
                       "write digits only, like 3"};
    }
    return value;
}

std::string Scalar<std::int64_t>::write(std::int64_t value) { return fmt::format("{}", value); }

Result<double> Scalar<double>::parse(std::string_view text) {
    const auto leading = leading_number(text);
    if (!leading || !leading->rest.empty()) {
        return Problem{fmt::format("`{}` is not a number", text), "write a number, like 0.99"};
    }
    return leading->number;
}

std::string Scalar<double>::write(double value) { return fmt::format("{}", value); }

Result<bool> Scalar<bool>::parse(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return Problem{fmt::format("`{}` is neither true nor false", text), "write true or false"};
}

std::string Scalar<bool>::write(bool value) { return value ? "true" : "false"; }

std::string human(Duration value) {
    const double ns = static_cast<double>(value.count());
    const double size = std::abs(ns);
    if (size == 0) return "0s";
    const auto with = [&](double factor, std::string_view unit) {
        const double scaled = ns / factor;
        const double magnitude = std::abs(scaled);
        const int digits = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 3;
        return fmt::format("{:.{}f}{}", scaled, digits, unit);
    };
    if (size < 1e6) return with(1e3, "us");
    if (size < 1e9) return with(1e6, "ms");
    return with(1e9, "s");
}

}  // namespace etimedout
