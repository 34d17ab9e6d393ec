// Not listening: a host without its service.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct NotListening {
    static constexpr std::string_view kind = "not_listening";
    static constexpr std::string_view doc =
        "Close the stub's listening sockets; open them again when healed.";
    static constexpr std::string_view recipe =
        "close() of the listening sockets; whoever waited to be accepted gets a RST";
    static constexpr std::string_view witness =
        "TcpOutRsts of the node, whose kernel answers each SYN";
    static constexpr std::string_view caller_sees = "ECONNREFUSED at once; open connections go on";
    static constexpr std::string_view look_alike =
        "`reject`: moves its rule's counter, and not the node's TcpOutRsts; `kill`: open "
        "connections end too, and is how a program stops listening";
    static constexpr std::string_view needs = needs_text::stub;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr bool of_stubs = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{MoveListener{}}; }
    bool operator==(const NotListening&) const = default;
};

}  // namespace etimedout
