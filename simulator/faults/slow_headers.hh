// SlowHeaders: the head of an answer comes late and in pieces.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SlowHeaders {
    static constexpr std::string_view kind = "slow_headers";
    static constexpr std::string_view doc =
        "Pass the head of an answer in pieces, `between` apart; its body follows at once.";
    static constexpr std::string_view recipe =
        "the proxy keeps the head of the answer and lets it go on the clock";
    static constexpr std::string_view witness = "the proxy's record of heads delayed";
    static constexpr std::string_view caller_sees =
        "a connection that is never idle and no status: a timeout between two reads never fires";
    static constexpr std::string_view look_alike =
        "`slow`: the head late, but in one piece, so that a timeout between reads fires";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Duration between{};
    std::int64_t piece = 1;
    Duration first_byte{};

    static constexpr auto fields() {
        return std::tuple{
            required("between", &SlowHeaders::between, "wait before each further piece")
                .at_most(86400e9),
            optional("piece", &SlowHeaders::piece, "bytes in a piece")
                .at_least(1)
                .at_most(1000000000),
            optional("first_byte", &SlowHeaders::first_byte, "wait before the first piece")
                .at_most(86400e9)};
    }
    Decision decide() const { return StreamPlan{DribbleHead{first_byte, between, piece}}; }
    bool operator==(const SlowHeaders&) const = default;
};

}  // namespace etimedout
