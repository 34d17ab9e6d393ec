// RootCause: names.
#include "harness/diagnose/root_cause.hh"

namespace etimedout {

int number_of(RootCause cause) { return static_cast<int>(cause); }

std::string_view name_of(RootCause cause) {
    constexpr std::array<std::string_view, root_cause_count> names{
        "not enough evidence",           "latency and congestion", "firewall", "server overload",
        "service down or misconfigured", "application bug",        "DNS",      "kernel limits",
        "load balancer or proxy",        "API and LLM gateway"};
    return names.at(static_cast<std::size_t>(cause));
}

std::string_view name_of(Confidence confidence) {
    constexpr std::array<std::string_view, 3> names{"none", "likely", "certain"};
    return names.at(static_cast<std::size_t>(confidence));
}

}  // namespace etimedout
