// SYN queue full: a listener that has no room for another half-open connection.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SynQueueFull {
    static constexpr std::string_view kind = "syn_queue_full";
    static constexpr std::string_view doc =
        "Fill the listener's queue of half-open connections, with `syncookies` or without.";
    static constexpr std::string_view recipe =
        "raw SYNs from addresses that never answer, renewed before the kernel gives one up; "
        "tcp_syncookies 0, or 1, and tcp_max_syn_backlog out of the way, until healed";
    static constexpr std::string_view witness =
        "TCPReqQFullDrop of the node; with `syncookies` TCPReqQFullDoCookies";
    static constexpr std::string_view caller_sees =
        "ETIMEDOUT after its SYN retries (tcp_syn_retries); with `syncookies` it is "
        "connected, and nothing is amiss";
    static constexpr std::string_view look_alike =
        "`backlog_full`: moves ListenOverflows as well; `blackhole`: moves its rule's "
        "counter, and neither of these";
    static constexpr std::string_view needs = needs_text::server;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr std::string_view example = "listens_on: 80";

    std::optional<Port> listens_on{};
    bool syncookies = false;

    static constexpr auto fields() {
        return std::tuple{optional("listens_on", &SynQueueFull::listens_on,
                                   "its port; that of the first link to it"),
                          optional("syncookies", &SynQueueFull::syncookies,
                                   "whether the node sends SYN cookies when its queue is full")};
    }
    Decision decide() const {
        return NodePlan{FillSynQueue{listens_on, syncookies ? SynCookies::on : SynCookies::off}};
    }
    bool operator==(const SynQueueFull&) const = default;
};

}  // namespace etimedout
