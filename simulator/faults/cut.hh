// Cut: an answer ends in the middle.
#pragma once

#include "simulator/faults/amount.hh"
#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct CutFault {
    static constexpr std::string_view kind = "cut";
    static constexpr std::string_view doc =
        "Let `after` pass, bytes or events, then end the connection without a marker of the end.";
    static constexpr std::string_view recipe = "the proxy passes so much and closes both sides";
    static constexpr std::string_view witness = "the proxy's record of streams cut";
    static constexpr std::string_view caller_sees =
        "an end of file, or a reset, in the middle of an answer: a stream without its last chunk";
    static constexpr std::string_view look_alike =
        "`reset` and `hang_up`: end before the first byte of an answer; a crash: `kill`";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Amount after{};
    CutHow how = CutHow::fin;

    static constexpr auto fields() {
        return std::tuple{required("after", &CutFault::after,
                                   "what passes: bytes of the connection, or events of an answer"),
                          optional("how", &CutFault::how, "in order, or with a reset")};
    }
    Decision decide() const {
        if (after.unit == AmountUnit::events) return StreamPlan{CutEvents{after.number, how}};
        return FlowPlan{FlowCut{after.number, how}};
    }
    bool operator==(const CutFault&) const = default;
};

}  // namespace etimedout
