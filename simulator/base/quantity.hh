// Quantities with their units in the type: how they are written, read and checked.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/base/error.hh"

namespace etimedout {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

struct Bytes {
    std::int64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

struct Rate {
    std::int64_t bits_per_second = 0;
    auto operator<=>(const Rate&) const = default;
};

// A share of 1: 10% is 0.1.
struct Probability {
    double value = 0;
    auto operator<=>(const Probability&) const = default;
};

struct Port {
    std::uint16_t number = 0;
    auto operator<=>(const Port&) const = default;
};

// How values of one type are written in scenarios, reports and the reference. A specialisation has
//   static Result<T> parse(std::string_view)   what is wrong, and what to write instead
//   static std::string write(const T&)         parse(write(x)) == x
//   static constexpr std::string_view name     "duration"
//   static constexpr std::string_view example  "250ms"
template <class T>
struct Scalar;

// Units us, ms, s, m, h; also ns. Fractions are fine ("1.5s"). Never negative.
template <>
struct Scalar<Duration> {
    static constexpr std::string_view name = "duration";
    static constexpr std::string_view example = "250ms";
    static Result<Duration> parse(std::string_view text);
    // The shortest exact spelling: 90s, 1500ms, 0s.
    static std::string write(Duration value);
};

// Units b, kb, mb, gb (powers of 1000, as in rates), k, M (powers of 1024), each optionally after
// a blank and followed by "bytes": "4k", "4k bytes", "512 bytes".
template <>
struct Scalar<Bytes> {
    static constexpr std::string_view name = "size";
    static constexpr std::string_view example = "64k";
    static Result<Bytes> parse(std::string_view text);
    static std::string write(Bytes value);
};

// Units bit, kbit, mbit, gbit per second, powers of 1000.
template <>
struct Scalar<Rate> {
    static constexpr std::string_view name = "rate";
    static constexpr std::string_view example = "10mbit";
    static Result<Rate> parse(std::string_view text);
    static std::string write(Rate value);
};

// 0% to 100%.
template <>
struct Scalar<Probability> {
    static constexpr std::string_view name = "share";
    static constexpr std::string_view example = "2.5%";
    static Result<Probability> parse(std::string_view text);
    static std::string write(Probability value);
};

// 1 to 65535.
template <>
struct Scalar<Port> {
    static constexpr std::string_view name = "port";
    static constexpr std::string_view example = "8080";
    static Result<Port> parse(std::string_view text);
    static std::string write(Port value);
};

template <>
struct Scalar<std::int64_t> {
    static constexpr std::string_view name = "whole number";
    static constexpr std::string_view example = "3";
    static Result<std::int64_t> parse(std::string_view text);
    static std::string write(std::int64_t value);
};

// A plain decimal number, for ratios.
template <>
struct Scalar<double> {
    static constexpr std::string_view name = "number";
    static constexpr std::string_view example = "0.99";
    static Result<double> parse(std::string_view text);
    static std::string write(double value);
};

template <>
struct Scalar<bool> {
    static constexpr std::string_view name = "true or false";
    static constexpr std::string_view example = "true";
    static Result<bool> parse(std::string_view text);
    static std::string write(bool value);
};

template <>
struct Scalar<std::string> {
    static constexpr std::string_view name = "text";
    static constexpr std::string_view example = "text";
    static Result<std::string> parse(std::string_view text) { return std::string{text}; }
    static std::string write(const std::string& value) { return value; }
};

// For people: at most four significant digits and the unit that fits, "30.00s", "1.504ms", "0s".
std::string human(Duration value);

}  // namespace etimedout
