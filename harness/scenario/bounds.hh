// Bounds in a scenario: exact, with a tolerance, or in words; and what a text must be.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

template <>
struct Value<Bound<Duration>> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, Bound<Duration>& out);
};

template <>
struct Value<Bound<std::int64_t>> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, Bound<std::int64_t>& out);
};

template <>
struct Value<Bound<Bytes>> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, Bound<Bytes>& out);
};

// A share of 1, written as a percentage.
template <>
struct Value<Bound<double>> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, Bound<double>& out);
};

// A text that must be equal, or {equals, contains, matches}.
template <>
struct Value<TextBound> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, TextBound& out);
};

// {window: 1s, at_most: 5}
template <>
struct Value<InAnyBound> {
    static Form form(const Range& range);
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, InAnyBound& out);
};

// A regular expression (ECMAScript); an error where it does not compile.
bool check_regular_expression(Reading& reading, std::string_view key, const YamlNode& node);

}  // namespace etimedout
