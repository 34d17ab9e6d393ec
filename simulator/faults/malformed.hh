// Malformed: the answer is no HTTP.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Malformed {
    static constexpr std::string_view kind = "malformed";
    static constexpr std::string_view doc = "Answer requests with what is no HTTP, and close.";
    static constexpr std::string_view recipe =
        "the proxy answers in place of the upstream: `garbage` is 256 bytes that are no text; "
        "`status_line` has no number for a status; `header` has a line without a colon; `chunk` "
        "has a chunk without a size; `length` has two lengths that differ; `endless_head` has 128 "
        "KiB of headers and no end";
    static constexpr std::string_view witness = "the proxy's record of answers given";
    static constexpr std::string_view caller_sees = "a protocol error: a gateway answers 502";
    static constexpr std::string_view look_alike =
        "`corrupt_bytes`: anywhere in the stream, not where HTTP begins";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Malformation what = Malformation::garbage;

    static constexpr auto fields() {
        return std::tuple{required("what", &Malformed::what, "what is wrong with the answer")};
    }
    Decision decide() const { return StreamPlan{Malform{what}}; }
    bool operator==(const Malformed&) const = default;
};

}  // namespace etimedout
