// Amount: reading and writing.
#include "simulator/faults/amount.hh"

#include <optional>

#include <fmt/format.h>

namespace etimedout {

namespace {

// The text before "event" or "events"; nothing when it does not end so.
std::optional<std::string_view> before_events(std::string_view text) {
    for (const std::string_view word : {"events", "event"}) {
        if (!text.ends_with(word)) continue;
        text.remove_suffix(word.size());
        if (text.ends_with(' ')) text.remove_suffix(1);
        return text;
    }
    return std::nullopt;
}

std::string write_events(std::int64_t number) {
    return fmt::format("{} {}", number, number == 1 ? "event" : "events");
}

}  // namespace

Result<EventCount> Scalar<EventCount>::parse(std::string_view text) {
    const auto digits = before_events(text);
    const auto number = Scalar<std::int64_t>::parse(digits.value_or(std::string_view{}));
    if (!digits || !number || *number < 0) {
        return Problem{fmt::format("`{}` is no number of events", text), "write `20 events`"};
    }
    return EventCount{*number};
}

std::string Scalar<EventCount>::write(const EventCount& value) {
    return write_events(value.number);
}

Result<Amount> Scalar<Amount>::parse(std::string_view text) {
    if (before_events(text)) {
        const auto events = Scalar<EventCount>::parse(text);
        if (!events) return events.error();
        return Amount{events->number, AmountUnit::events};
    }
    const auto bytes = Scalar<Bytes>::parse(text);
    if (!bytes) {
        return Problem{fmt::format("`{}` is neither a size nor a number of events", text),
                       "write `4kb` or `20 events`"};
    }
    return Amount{bytes->count, AmountUnit::bytes};
}

std::string Scalar<Amount>::write(const Amount& value) {
    return value.unit == AmountUnit::events ? write_events(value.number)
                                            : Scalar<Bytes>::write(Bytes{value.number});
}

}  // namespace etimedout
