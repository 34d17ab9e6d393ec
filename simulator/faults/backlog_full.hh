// Backlog full: a listener whose accept queue has no room.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct BacklogFull {
    static constexpr std::string_view kind = "backlog_full";
    static constexpr std::string_view doc =
        "Stop accepting, and fill the listener's accept queue from the node itself.";
    static constexpr std::string_view recipe =
        "the program stopped, and connections over the node's own addresses until one is not "
        "established";
    static constexpr std::string_view witness = "ListenOverflows of the node";
    static constexpr std::string_view caller_sees =
        "the kernel drops SYNs: ETIMEDOUT after its SYN retries (tcp_syn_retries), as behind a "
        "firewall";
    static constexpr std::string_view look_alike =
        "`blackhole`: moves its rule's counter and no ListenOverflows; `pause`: the same once "
        "its own queue is full";
    static constexpr std::string_view needs = needs_text::server;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;
    static constexpr std::string_view example = "listens_on: 80";

    std::optional<Port> listens_on{};

    static constexpr auto fields() {
        return std::tuple{optional("listens_on", &BacklogFull::listens_on,
                                   "its port; that of the first link to it")};
    }
    Decision decide() const { return NodePlan{FillAcceptQueue{listens_on}}; }
    bool operator==(const BacklogFull&) const = default;
};

}  // namespace etimedout
