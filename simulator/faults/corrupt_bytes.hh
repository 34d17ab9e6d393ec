// Corrupt bytes: data is damaged above TCP, where no checksum notices.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct CorruptBytes {
    static constexpr std::string_view kind = "corrupt_bytes";
    static constexpr std::string_view doc = "Flip one bit of each byte with this probability.";
    static constexpr std::string_view recipe = "the engine changes what it passes on";
    static constexpr std::string_view witness = "the engine's record of bytes changed";
    static constexpr std::string_view caller_sees =
        "parse errors, failed TLS records, or wrong data taken for right";
    static constexpr std::string_view look_alike =
        "`corrupt`: TCP notices that by its checksum, and sends again; this it never does";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = flow_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    Probability of_bytes{};

    static constexpr auto fields() {
        return std::tuple{
            required("of_bytes", &CorruptBytes::of_bytes, "share of bytes that are damaged")
                .at_most(1)};
    }
    Decision decide() const { return FlowPlan{FlowCorrupt{of_bytes}}; }
    bool operator==(const CorruptBytes&) const = default;
};

}  // namespace etimedout
