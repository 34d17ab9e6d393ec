// Wrong address: a service that listens to its own host alone.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct WrongAddress {
    static constexpr std::string_view kind = "wrong_address";
    static constexpr std::string_view doc =
        "Have the stub listen on its loopback addresses alone, as many defaults do.";
    static constexpr std::string_view recipe =
        "its listening sockets closed, and opened again on 127.0.0.1 and ::1";
    static constexpr std::string_view witness =
        "TcpOutRsts of the node; `ss -ltn` there shows 127.0.0.1";
    static constexpr std::string_view caller_sees =
        "ECONNREFUSED at once, while a check on the host itself succeeds";
    static constexpr std::string_view look_alike =
        "`not_listening`: the check on the host fails too; `reject`: moves its rule's counter";
    static constexpr std::string_view needs = needs_text::stub;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr bool of_stubs = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return NodePlan{MoveListener{MoveListener::To::loopback}}; }
    bool operator==(const WrongAddress&) const = default;
};

}  // namespace etimedout
