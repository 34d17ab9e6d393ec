// Rate: the link is narrow.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct RateLimit {
    static constexpr std::string_view kind = "rate";
    static constexpr std::string_view doc =
        "Let at most `rate` pass, with a queue of `queue` packets before the tail is dropped.";
    static constexpr std::string_view recipe =
        "netem rate and limit at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness = "the qdisc's backlog and drop count";
    static constexpr std::string_view caller_sees =
        "transfers as slow as the rate; latency as long as the queue; loss when it is full";
    static constexpr std::string_view look_alike =
        "`bandwidth`: no packet waits or is dropped; the callee's own slowness";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Rate rate{};
    std::int64_t queue = 1000;

    static constexpr auto fields() {
        return std::tuple{
            required("rate", &RateLimit::rate, "bits per second each way it acts on").at_least(1),
            optional("queue", &RateLimit::queue, "packets that may wait")
                .at_least(1)
                .at_most(10000000)};
    }
    Decision decide() const { return PacketPlan{.rate = rate, .queue = queue}; }
    bool operator==(const RateLimit&) const = default;
};

}  // namespace etimedout
