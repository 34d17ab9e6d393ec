// Starve: a program that gets little of its processor.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Starve {
    static constexpr std::string_view kind = "starve";
    static constexpr std::string_view doc =
        "Let the node's program run for `run` and stop it for `stop`, by turns.";
    static constexpr std::string_view recipe =
        "SIGCONT and SIGSTOP to its process group, on the world's clock";
    static constexpr std::string_view witness = "how often it was stopped";
    static constexpr std::string_view caller_sees =
        "the same answers, later: up to `stop` more for each step of the work";
    static constexpr std::string_view look_alike =
        "`latency`: every answer is late by the same; here most are fast";
    static constexpr std::string_view needs = needs_text::program;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    Duration run{};
    Duration stop{};

    static constexpr auto fields() {
        return std::tuple{required("run", &Starve::run, "how long it runs each time")
                              .at_least(1e5)
                              .at_most(86400e9),
                          required("stop", &Starve::stop, "how long it is stopped each time")
                              .at_least(1e5)
                              .at_most(86400e9)};
    }
    Decision decide() const { return NodePlan{StopProgram{.stop = stop, .run = run}}; }
    bool operator==(const Starve&) const = default;
};

}  // namespace etimedout
