// Bound: what a measured value may be; written exactly, with a tolerance, or in words.
#pragma once

#include <optional>
#include <string>

#include "simulator/base/quantity.hh"

namespace etimedout {

// An inclusive interval; a missing end is open. `text` is how the scenario wrote it.
template <class T>
struct Bound {
    std::optional<T> at_least{};
    std::optional<T> at_most{};
    std::string text{};

    bool contains(const T& value) const {
        return (!at_least || value >= *at_least) && (!at_most || value <= *at_most);
    }
    bool operator==(const Bound&) const = default;
};

// "30s ±100ms", "2s ±10%", "10s -50ms/+1s"; "+/-" for "±". A bare duration gets the default
// window [T - max(5 ms, 1 %), T + max(50 ms, 10 %)].
Result<Bound<Duration>> parse_duration_bound(std::string_view text);

// "3" is exactly 3; "100 ±5", "100 ±10%", "100 -5/+20" are windows.
Result<Bound<std::int64_t>> parse_count_bound(std::string_view text);

// "1000b" exactly, or with a tolerance as above.
Result<Bound<Bytes>> parse_size_bound(std::string_view text);

}  // namespace etimedout
