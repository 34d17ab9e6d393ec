// Wall-clock time as RFC 3339 text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/base/error.hh"

namespace etimedout {

inline constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

// "2026-01-01T00:00:00Z", in UTC, with an optional fraction of at most nine digits.
Result<std::chrono::sys_time<std::chrono::nanoseconds>> read_timestamp(std::string_view text);

// As above, for text that was checked before; throws Error.
std::chrono::system_clock::time_point parse_timestamp(std::string_view text);

std::string write_timestamp(std::int64_t nanoseconds_since_1970);

}  // namespace etimedout
