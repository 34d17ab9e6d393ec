// Silent: the server takes the request and never answers.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Silent {
    static constexpr std::string_view kind = "silent";
    static constexpr std::string_view doc =
        "Accept connections and requests, answer nothing, close nothing.";
    static constexpr std::string_view recipe = "the server's engine reads and never writes";
    static constexpr std::string_view witness = "the engine's record of connections held";
    static constexpr std::string_view caller_sees =
        "a connection, then nothing: its own read timeout, or for ever";
    static constexpr std::string_view look_alike =
        "`pause`: the callee's process is in state T; `zero_window`: the request itself is "
        "not taken";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = stream_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return StreamPlan{Swallow{}}; }
    bool operator==(const Silent&) const = default;
};

}  // namespace etimedout
