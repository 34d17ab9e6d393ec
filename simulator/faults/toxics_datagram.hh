// The toxics that only mean something where there are datagrams.
#pragma once

#include "simulator/faults/toxic_attributes.hh"

namespace etimedout::toxic {

struct Duplicate {
    static constexpr std::string_view kind = "duplicate";
    static constexpr std::string_view doc = "Sends a datagram twice, with this probability.";
    double probability = 0;
    static constexpr auto fields() {
        return std::tuple{shown("probability", &Duplicate::probability, "of a datagram, share of 1")
                              .at_least(0)
                              .at_most(1)};
    }
    DatagramPlan datagram_plan() const { return DatagramDuplicate{{probability}}; }
    bool operator==(const Duplicate&) const = default;
};

struct Reorder {
    static constexpr std::string_view kind = "reorder";
    static constexpr std::string_view doc =
        "With this probability a datagram waits until `distance` others have overtaken it, `delay` "
        "ms at the most.";
    double probability = 0;
    std::int64_t distance = 1;
    std::int64_t delay = 100;
    static constexpr auto fields() {
        return std::tuple{shown("probability", &Reorder::probability, "of a datagram, share of 1")
                              .at_least(0)
                              .at_most(1),
                          shown("distance", &Reorder::distance, "datagrams; 1 when left out")
                              .at_least(1)
                              .at_most(10'000),
                          shown("delay", &Reorder::delay, "ms; 100 when left out")
                              .at_least(0)
                              .at_most(day_in_ms)};
    }
    DatagramPlan datagram_plan() const {
        return DatagramReorder{{probability}, distance, milliseconds(delay)};
    }
    bool operator==(const Reorder&) const = default;
};

}  // namespace etimedout::toxic
