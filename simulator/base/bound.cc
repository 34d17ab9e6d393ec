// Bound: reading tolerances.
#include "simulator/base/bound.hh"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "simulator/base/trimmed.hh"

namespace etimedout {

namespace {

// A quantity split at its tolerance; the signs are gone from `below` and `above`.
struct Split {
    std::string_view value;
    std::string_view below;
    std::string_view above;
};

Result<Split> split(std::string_view text) {
    for (const std::string_view sign : {std::string_view{"±"}, std::string_view{"+/-"}}) {
        const auto at = text.find(sign);
        if (at == std::string_view::npos) continue;
        const auto tolerance = trimmed(text.substr(at + sign.size()));
        if (tolerance.empty()) {
            return Problem{fmt::format("`{}` has no tolerance behind its {}", text, sign),
                           "write it as 10s ±50ms, or 10s ±5%"};
        }
        return Split{trimmed(text.substr(0, at)), tolerance, tolerance};
    }
    const auto minus = text.find('-', 1);
    if (minus == std::string_view::npos) return Split{trimmed(text), {}, {}};
    const auto rest = text.substr(minus + 1);
    const auto slash = rest.find("/+");
    if (slash == std::string_view::npos) {
        return Problem{fmt::format("`{}` has a tolerance below but none above", text),
                       "write it as 10s -50ms/+1s, or 10s ±50ms"};
    }
    return Split{trimmed(text.substr(0, minus)), trimmed(rest.substr(0, slash)),
                 trimmed(rest.substr(slash + 2))};
}

// One side of a tolerance in the value's base unit: a percentage of it, or a quantity of its kind.
template <class T, class ToNumber>
Result<double> margin(std::string_view text, double value, ToNumber to_number) {
    if (text.ends_with('%')) {
        double percent = 0;
        const auto read = Scalar<double>::parse(trimmed(text.substr(0, text.size() - 1)));
        if (!read) return read.error();
        percent = *read;
        return value * percent / 100;
    }
    const auto read = Scalar<T>::parse(text);
    if (!read) return read.error();
    return to_number(*read);
}

template <class T, class ToNumber, class FromNumber>
Result<Bound<T>> parse_bound(std::string_view text, ToNumber to_number, FromNumber from_number,
                             bool default_window) {
    const auto written = split(trimmed(text));
    if (!written) return written.error();
    const Split& parts = written.value();
    const auto value = Scalar<T>::parse(parts.value);
    if (!value) return value.error();
    const double number = to_number(*value);
    double below = 0;
    double above = 0;
    if (parts.below.empty() && parts.above.empty()) {
        if (default_window) {
            constexpr double ms = 1e6;
            below = std::max(5 * ms, number * 0.01);
            above = std::max(50 * ms, number * 0.10);
        }
    } else {
        const auto low = margin<T>(parts.below, number, to_number);
        if (!low) return low.error();
        const auto high = margin<T>(parts.above, number, to_number);
        if (!high) return high.error();
        below = low.value();
        above = high.value();
    }
    return Bound<T>{from_number(std::max(0.0, number - below)), from_number(number + above),
                    std::string{trimmed(text)}};
}

// The nearest whole number that there is room for.
std::int64_t whole(double number) {
    constexpr double end = 9223372036854775808.0;  // 2^63
    return number >= end ? INT64_MAX : static_cast<std::int64_t>(std::llround(number));
}

}  // namespace

Result<Bound<Duration>> parse_duration_bound(std::string_view text) {
    return parse_bound<Duration>(
        text, [](Duration d) { return static_cast<double>(d.count()); },
        [](double n) { return Duration{whole(n)}; }, true);
}

Result<Bound<std::int64_t>> parse_count_bound(std::string_view text) {
    return parse_bound<std::int64_t>(
        text, [](std::int64_t n) { return static_cast<double>(n); },
        [](double n) { return whole(n); }, false);
}

Result<Bound<Bytes>> parse_size_bound(std::string_view text) {
    return parse_bound<Bytes>(
        text, [](Bytes b) { return static_cast<double>(b.count); },
        [](double n) { return Bytes{whole(n)}; }, false);
}

}  // namespace etimedout
