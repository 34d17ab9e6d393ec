// Own route: the caller has no way to the callee.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct OwnRoute {
    static constexpr std::string_view kind = "own_route";
    static constexpr std::string_view doc =
        "Give the caller a route to the callee that leads nowhere.";
    static constexpr std::string_view recipe =
        "a route of that type to the callee's address alone, in the caller's own table; "
        "`none` is type throw";
    static constexpr std::string_view witness =
        "a connect() of a datagram socket in the caller, and its errno";
    static constexpr std::string_view caller_sees =
        "at once, and without a packet: EHOSTUNREACH (unreachable), EACCES (prohibit), "
        "ENETUNREACH (none), EINVAL (blackhole)";
    static constexpr std::string_view look_alike =
        "`reject`: the same errno after a round trip, and its rule's counter moves";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "to: unreachable";

    RouteKind to = RouteKind::unreachable;

    static constexpr auto fields() {
        return std::tuple{required("to", &OwnRoute::to, "the type of the route")};
    }
    Decision decide() const { return RouterPlan{ChangeRoute{to}}; }
    bool operator==(const OwnRoute&) const = default;
};

}  // namespace etimedout
