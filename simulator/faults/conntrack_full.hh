// Conntrack full: a firewall that cannot track another connection.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct ConntrackFull {
    static constexpr std::string_view kind = "conntrack_full";
    static constexpr std::string_view doc =
        "Fill the connection tracking table of the link's router.";
    static constexpr std::string_view recipe =
        "as many assured entries as nf_conntrack_max allows; what was open before passes "
        "untracked";
    static constexpr std::string_view witness = "drop in /proc/net/stat/nf_conntrack of the router";
    static constexpr std::string_view caller_sees =
        "ETIMEDOUT after its SYN retries, as behind a firewall; open connections go on";
    static constexpr std::string_view look_alike =
        "`blackhole`: moves its rule's counter; `backlog_full`: the SYN reaches the callee, "
        "and moves its ListenDrops";
    static constexpr std::string_view needs =
        "nftables or iptables, in a virtual world: nf_conntrack_max is one for the whole "
        "kernel";
    static constexpr Layer layer = Layer::firewall;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return RouterPlan{FillFlowTable{}}; }
    bool operator==(const ConntrackFull&) const = default;
};

}  // namespace etimedout
