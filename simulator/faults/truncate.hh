// Truncate: the body of an answer is shorter than it was said to be.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Truncate {
    static constexpr std::string_view kind = "truncate";
    static constexpr std::string_view doc =
        "End the connection behind `after` bytes of a body that is longer.";
    static constexpr std::string_view recipe =
        "the proxy counts the body, passes so much of it, and closes both sides";
    static constexpr std::string_view witness = "the proxy's record of bodies cut";
    static constexpr std::string_view caller_sees =
        "an end of file, or a reset, in the middle of a body: short of Content-Length, or without "
        "the last chunk";
    static constexpr std::string_view look_alike =
        "`malformed`: the framing is wrong; here it is right, and the end is missing";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Bytes after{};
    CutHow how = CutHow::fin;

    static constexpr auto fields() {
        return std::tuple{
            required("after", &Truncate::after, "bytes of the body that pass").at_most(1e12),
            optional("how", &Truncate::how, "in order, or with a reset")};
    }
    Decision decide() const { return StreamPlan{CutBody{after.count, how}}; }
    bool operator==(const Truncate&) const = default;
};

}  // namespace etimedout
