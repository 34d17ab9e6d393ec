// Latency: packets arrive late.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Latency {
    static constexpr std::string_view kind = "latency";
    static constexpr std::string_view doc = "Hold every packet for `delay`, give or take `jitter`.";
    static constexpr std::string_view recipe =
        "netem delay at the sending end of the direction, in the link's router";
    static constexpr std::string_view witness = "the qdisc's packet count";
    static constexpr std::string_view caller_sees =
        "slower answers; a timeout where the caller's limit is below the sum of the delays";
    static constexpr std::string_view look_alike =
        "a server that is slow: then the acknowledgement of the request is fast, and the "
        "answer late";
    static constexpr std::string_view needs = needs_text::netem;
    static constexpr Layer layer = Layer::packet;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Duration delay{};
    Duration jitter{};
    Distribution distribution = Distribution::uniform;
    Probability correlation{};

    static constexpr auto fields() {
        return std::tuple{
            required("delay", &Latency::delay, "mean delay each way it acts on").at_most(3600e9),
            optional("jitter", &Latency::jitter, "half-width of the spread around the delay")
                .at_most(3600e9),
            optional("distribution", &Latency::distribution, "shape of the jitter"),
            optional("correlation", &Latency::correlation,
                     "how much a packet's delay resembles the one before")};
    }
    Decision decide() const {
        return PacketPlan{.delay = delay,
                          .jitter = jitter,
                          .distribution = distribution,
                          .delay_correlation = correlation};
    }
    bool operator==(const Latency&) const = default;
};

}  // namespace etimedout
