// Blackhole: a firewall drops silently.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Blackhole {
    static constexpr std::string_view kind = "blackhole";
    static constexpr std::string_view doc = "Drop packets without a word, as a firewall does.";
    static constexpr std::string_view recipe =
        "a drop rule in the forward chain of the link's router";
    static constexpr std::string_view witness = "the rule's packet counter";
    static constexpr std::string_view caller_sees =
        "connect: ETIMEDOUT after the kernel's SYN retries (tcp_syn_retries); open connections: "
        "silence, ETIMEDOUT after tcp_retries2";
    static constexpr std::string_view look_alike =
        "`backlog_full` and `syn_queue_full`: move ListenDrops of the callee; `link_down`: "
        "moves carrier_changes";
    static constexpr std::string_view needs = needs_text::firewall;
    static constexpr Layer layer = Layer::firewall;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return FirewallPlan{Refusal::drop}; }
    bool operator==(const Blackhole&) const = default;
};

}  // namespace etimedout
