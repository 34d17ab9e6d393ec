// Sysctl: a kernel setting of a node, for a while.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Sysctl {
    static constexpr std::string_view kind = "sysctl";
    static constexpr std::string_view doc = "Set a sysctl of the node's network.";
    static constexpr std::string_view recipe =
        "written to /proc/sys in the node, and put back when healed";
    static constexpr std::string_view witness = "what is read there afterwards";
    static constexpr std::string_view caller_sees =
        "what the setting does (Documentation/networking/ip-sysctl.rst)";
    static constexpr std::string_view look_alike =
        "whatever the setting does: see the fault of that name where there is one";
    static constexpr std::string_view needs = needs_text::nothing;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = true;

    static constexpr std::string_view example = "name: net.ipv4.tcp_syn_retries, value: \"2\"";
    static constexpr bool of_callers = true;

    std::string name{};
    std::string value{};

    static constexpr auto fields() {
        return std::tuple{required("name", &Sysctl::name, "such as net.ipv4.tcp_syn_retries"),
                          required("value", &Sysctl::value, "what is written to it")};
    }
    Decision decide() const { return NodePlan{SetSysctl{name, value}}; }
    bool operator==(const Sysctl&) const = default;
};

}  // namespace etimedout
