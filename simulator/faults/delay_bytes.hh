// Delay bytes: what is sent arrives late, in order, above TCP.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DelayBytes {
    static constexpr std::string_view kind = "delay_bytes";
    static constexpr std::string_view doc =
        "Pass data on `delay` late, give or take `jitter`, above TCP and in order.";
    static constexpr std::string_view recipe = "the engine keeps each piece until it is due";
    static constexpr std::string_view witness = "the engine's record of pieces kept back";
    static constexpr std::string_view caller_sees =
        "slow answers on connections that the kernel believes to be fast";
    static constexpr std::string_view look_alike =
        "`latency`: delays handshakes and acknowledgements too, so connecting is slower";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Duration delay{};
    Duration jitter{};

    static constexpr auto fields() {
        return std::tuple{required("delay", &DelayBytes::delay, "how late").at_most(86400e9),
                          optional("jitter", &DelayBytes::jitter,
                                   "most by which it varies, in whole milliseconds")
                              .at_most(86400e9)};
    }
    Decision decide() const { return FlowPlan{FlowDelay{.delay = delay, .jitter = jitter}}; }
    bool operator==(const DelayBytes&) const = default;
};

}  // namespace etimedout
