// Slow: the answer comes late and in pieces.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Slow {
    static constexpr std::string_view kind = "slow";
    static constexpr std::string_view doc =
        "Wait `first_byte` before the answer, and `between` before each further piece of it.";
    static constexpr std::string_view recipe =
        "the server's engine waits on the world's clock before it writes";
    static constexpr std::string_view witness = "the engine's record of delays applied";
    static constexpr std::string_view caller_sees =
        "a late first byte; a body that trickles, which read timeouts between two reads do not "
        "bound";
    static constexpr std::string_view look_alike =
        "`latency`: each packet is late, the handshake too; `starve`: late only while it is "
        "stopped";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = stream_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;

    static constexpr auto fields() {
        return std::tuple{
            optional("first_byte", &Slow::first_byte, "wait before the first byte")
                .at_most(86400e9),
            optional("between", &Slow::between, "wait before each further piece").at_most(86400e9),
            optional("piece", &Slow::piece, "bytes in a piece").at_least(1).at_most(1000000000)};
    }
    Decision decide() const { return StreamPlan{Dribble{first_byte, between, piece}}; }
    bool operator==(const Slow&) const = default;
};

}  // namespace etimedout
