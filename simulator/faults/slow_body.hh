// SlowBody: the body of an answer comes late and in pieces.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct SlowBody {
    static constexpr std::string_view kind = "slow_body";
    static constexpr std::string_view doc =
        "Pass the head of an answer at once, and its body in pieces, `between` apart.";
    static constexpr std::string_view recipe =
        "the proxy keeps the body of the answer and lets it go on the clock";
    static constexpr std::string_view witness = "the proxy's record of bodies delayed";
    static constexpr std::string_view caller_sees =
        "the status at once, then a body that trickles, which read timeouts between two reads do "
        "not bound";
    static constexpr std::string_view look_alike =
        "`rate` and `bandwidth`: the same throughput without the gaps";
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
            optional("between", &SlowBody::between, "wait before each further piece")
                .at_most(86400e9),
            optional("piece", &SlowBody::piece, "bytes of the body in a piece")
                .at_least(1)
                .at_most(1000000000),
            optional("first_byte", &SlowBody::first_byte, "wait before the first piece")
                .at_most(86400e9)};
    }
    Decision decide() const { return StreamPlan{DribbleBody{first_byte, between, piece}}; }
    bool operator==(const SlowBody&) const = default;
};

}  // namespace etimedout
