// Slow accept: a server too busy to take new connections.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SlowAccept {
    static constexpr std::string_view kind = "slow_accept";
    static constexpr std::string_view doc =
        "Leave each new connection in the kernel's queue for `delay`, one after the other.";
    static constexpr std::string_view recipe = "the engine waits before accept";
    static constexpr std::string_view witness = "the engine's record of connections that waited";
    static constexpr std::string_view caller_sees =
        "connected at once, then nothing: the wait counts as time to first byte";
    static constexpr std::string_view look_alike =
        "`backlog_full`: connecting fails; `slow`: the connection is taken at once";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::up;
    static constexpr bool affects_open_connections = false;

    Duration delay{};

    static constexpr auto fields() {
        return std::tuple{
            required("delay", &SlowAccept::delay, "how long each waits").at_most(86400e9)};
    }
    Decision decide() const { return DoorPlan{DoorSlow{delay}}; }
    bool operator==(const SlowAccept&) const = default;
};

}  // namespace etimedout
