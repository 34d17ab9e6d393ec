// Hang up: the server closes without an answer.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct HangUpFault {
    static constexpr std::string_view kind = "hang_up";
    static constexpr std::string_view doc =
        "Close the connection in an orderly way when a request, or the first data, arrives.";
    static constexpr std::string_view recipe =
        "close when the first bytes have arrived and were read";
    static constexpr std::string_view witness = "the engine's record of connections closed";
    static constexpr std::string_view caller_sees =
        "end of file before an answer: 'empty reply', 'prematurely closed connection'";
    static constexpr std::string_view look_alike =
        "`reset`: RST instead of FIN; `truncate`: part of an answer came before";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = stream_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return StreamPlan{HangUp{}}; }
    bool operator==(const HangUpFault&) const = default;
};

}  // namespace etimedout
