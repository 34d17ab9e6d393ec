// What toxics are declared with: attributes as their JSON has them, and their ranges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulator/faults/flow.hh"

namespace etimedout {

// Every attribute may be left out of a request, and is 0 then, or what its declaration says.
// `shown` ones are in every answer, as clients of Toxiproxy expect; `rare` ones only when they
// are not what they are by default.
template <class Owner, class Member>
constexpr Field<Owner, Member> shown(std::string_view name, Member Owner::*member,
                                     std::string_view doc) {
    return {name, member, doc, Presence::required};
}
template <class Owner, class Member>
constexpr Field<Owner, Member> rare(std::string_view name, Member Owner::*member,
                                    std::string_view doc) {
    return {name, member, doc, Presence::optional};
}

namespace toxic {

inline constexpr double day_in_ms = 24.0 * 3600 * 1000;
inline constexpr double year_in_ms = 365 * day_in_ms;
inline constexpr double day_in_us = day_in_ms * 1000;
inline constexpr double most_bytes = 1e15;

inline Duration milliseconds(std::int64_t count) { return std::chrono::milliseconds{count}; }

}  // namespace toxic

// Which connections a toxic is for, and when; keys of the toxic itself, beside `toxicity`.
struct ToxicSelectors {
    std::optional<std::int64_t> first{};
    std::optional<std::int64_t> nth{};
    std::optional<std::string> source{};
    std::optional<std::int64_t> after_ms{};
    std::optional<std::int64_t> for_ms{};

    static constexpr auto fields() {
        return std::tuple{
            rare("first", &ToxicSelectors::first, "only the first N connections since it was added")
                .at_least(1)
                .at_most(1e15),
            rare("nth", &ToxicSelectors::nth, "only the Nth connection since it was added")
                .at_least(1)
                .at_most(1e15),
            rare("source", &ToxicSelectors::source,
                 "only clients of these addresses or subnets: `10.0.0.1`, `10.0.0.0/8,fd00::/16`"),
            rare("after_ms", &ToxicSelectors::after_ms, "at work so long after it was added, in ms")
                .at_least(0)
                .at_most(toxic::year_in_ms),
            rare("for_ms", &ToxicSelectors::for_ms, "and then for so long, in ms")
                .at_least(0)
                .at_most(toxic::year_in_ms)};
    }
    bool operator==(const ToxicSelectors&) const = default;
};

}  // namespace etimedout
