// Reject: a firewall refuses and says so.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Reject {
    static constexpr std::string_view kind = "reject";
    static constexpr std::string_view doc = "Refuse packets with a TCP reset or an ICMP error.";
    static constexpr std::string_view recipe =
        "a reject rule in the forward chain of the link's router, icmp_ratelimit 0";
    static constexpr std::string_view witness = "the rule's packet counter";
    static constexpr std::string_view caller_sees =
        "at connect, at once: ECONNREFUSED (tcp_reset, port), EHOSTUNREACH (host, admin), "
        "ENETUNREACH (net), ENOPROTOOPT (protocol)";
    static constexpr std::string_view look_alike =
        "`not_listening` and `kill`: the RST is the callee's own, and moves its TcpOutRsts; "
        "`own_route`: no packet is sent";
    static constexpr std::string_view needs = needs_text::firewall;
    static constexpr Layer layer = Layer::firewall;
    static constexpr Accepts accepts = packet_selectors;
    static constexpr Direction direction = Direction::up;
    static constexpr bool affects_open_connections = true;

    Refusal with = Refusal::tcp_reset;

    static constexpr auto fields() {
        return std::tuple{
            required("with", &Reject::with,
                     "the answer: tcp_reset or an ICMP destination unreachable code")};
    }
    Decision decide() const { return FirewallPlan{with}; }
    bool operator==(const Reject&) const = default;
};

}  // namespace etimedout
