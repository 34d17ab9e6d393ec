// Slice: data comes in small pieces.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Slice {
    static constexpr std::string_view kind = "slice";
    static constexpr std::string_view doc =
        "Cut data into pieces of about `average` bytes, `pause` apart.";
    static constexpr std::string_view recipe =
        "the engine writes piece by piece, without delay of its own";
    static constexpr std::string_view witness = "the engine's record of pieces cut";
    static constexpr std::string_view caller_sees =
        "many small reads where one was expected; parsers that wrongly take a read for a "
        "message";
    static constexpr std::string_view look_alike =
        "`slow_body`: the same pieces of an answer, further apart";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Bytes average{1};
    Bytes variation{};
    Duration pause{};

    static constexpr auto fields() {
        return std::tuple{
            optional("average", &Slice::average, "size of a piece").at_least(1),
            optional("variation", &Slice::variation, "most by which it varies; below `average`"),
            optional("pause", &Slice::pause, "between two pieces").at_most(86400e9)};
    }
    Decision decide() const { return FlowPlan{FlowSlice{average.count, variation.count, pause}}; }
    bool operator==(const Slice&) const = default;
};

}  // namespace etimedout
