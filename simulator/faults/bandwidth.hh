// Bandwidth: a reader or writer that takes only so much each second.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Bandwidth {
    static constexpr std::string_view kind = "bandwidth";
    static constexpr std::string_view doc =
        "Let at most `rate` pass while the network is as fast as before.";
    static constexpr std::string_view recipe =
        "the engine reads no more than it may pass on, so that TCP's window closes";
    static constexpr std::string_view witness = "the engine's record of pieces kept back";
    static constexpr std::string_view caller_sees =
        "transfers as slow as the rate; a sender that blocks in write once buffers are full";
    static constexpr std::string_view look_alike =
        "`rate`: the same to the caller, but packets wait in a queue or are dropped, and RTT "
        "grows";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Rate rate{};
    bool shared = false;

    static constexpr auto fields() {
        return std::tuple{required("rate", &Bandwidth::rate, "bits each second").at_least(8),
                          optional("shared", &Bandwidth::shared,
                                   "all connections together have it, instead of each")};
    }
    Decision decide() const {
        return FlowPlan{
            FlowThrottle{.bytes_per_second = rate.bits_per_second / 8, .shared = shared}};
    }
    bool operator==(const Bandwidth&) const = default;
};

}  // namespace etimedout
