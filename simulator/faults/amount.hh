// Amount: how much of an answer passes before a fault acts, in bytes or in events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/base/quantity.hh"

namespace etimedout {

// An event is one of an event stream (text/event-stream, WHATWG HTML, 9.2): a block with a `data`
// line. Comments are none.
enum class AmountUnit { bytes, events };

struct Amount {
    std::int64_t number = 0;
    AmountUnit unit = AmountUnit::bytes;
    bool operator==(const Amount&) const = default;
};

// "4kb", "512 bytes", "20 events".
template <>
struct Scalar<Amount> {
    static constexpr std::string_view name = "size or number of events";
    static constexpr std::string_view example = "20 events";
    static Result<Amount> parse(std::string_view text);
    static std::string write(const Amount& value);
};

struct EventCount {
    std::int64_t number = 0;
    bool operator==(const EventCount&) const = default;
};

// "20 events", "1 event".
template <>
struct Scalar<EventCount> {
    static constexpr std::string_view name = "number of events";
    static constexpr std::string_view example = "20 events";
    static Result<EventCount> parse(std::string_view text);
    static std::string write(const EventCount& value);
};

}  // namespace etimedout
