// Kill: a program that is gone, and perhaps comes back.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct KillFault {
    static constexpr std::string_view kind = "kill";
    static constexpr std::string_view doc =
        "Kill the node's program; with `for`, or when healed, it is started again.";
    static constexpr std::string_view recipe = "SIGKILL to its process group";
    static constexpr std::string_view witness = "the end of its process";
    static constexpr std::string_view caller_sees =
        "open connections: RST or FIN from its kernel; new ones: ECONNREFUSED at once, until it is "
        "back";
    static constexpr std::string_view look_alike =
        "`reject`: refuses as well, with its rule's counter, and the process lives; "
        "`not_listening`: open connections live";
    static constexpr std::string_view needs = needs_text::program;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{EndProgram{}}; }
    bool operator==(const KillFault&) const = default;
};

}  // namespace etimedout
