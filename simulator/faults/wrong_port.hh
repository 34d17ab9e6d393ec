// Wrong port: a service that listens elsewhere.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct WrongPort {
    static constexpr std::string_view kind = "wrong_port";
    static constexpr std::string_view doc =
        "Have the stub listen on another port than its callers know.";
    static constexpr std::string_view recipe =
        "its listening sockets closed, and opened again on `instead`";
    static constexpr std::string_view witness =
        "TcpOutRsts of the node; `ss -ltn` there shows the other port";
    static constexpr std::string_view caller_sees =
        "ECONNREFUSED at once, while the service runs and is well";
    static constexpr std::string_view look_alike =
        "`not_listening`: nothing listens on any port; `reject`: moves its rule's counter";
    static constexpr std::string_view needs = needs_text::stub;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr bool of_stubs = true;
    static constexpr std::string_view example = "instead: 8081";

    Port instead{};

    static constexpr auto fields() {
        return std::tuple{required("instead", &WrongPort::instead, "the port it listens on")};
    }
    Decision decide() const { return NodePlan{MoveListener{MoveListener::To::port, instead}}; }
    bool operator==(const WrongPort&) const = default;
};

}  // namespace etimedout
