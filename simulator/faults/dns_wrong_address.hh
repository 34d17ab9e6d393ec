// DnsWrongAddress: a record that leads elsewhere.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsWrongAddress {
    static constexpr std::string_view kind = "dns_wrong_address";
    static constexpr std::string_view doc = "Answer queries for addresses with these instead.";
    static constexpr std::string_view recipe =
        "the resolver puts these addresses into its answers; a query for another type gets no"
        " record";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "whatever is there: ECONNREFUSED, another server's answer, or, where nothing is, "
        "ETIMEDOUT";
    static constexpr std::string_view look_alike =
        "records that were changed to the address: no fault has fired";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr std::string_view example = "addresses: [192.0.2.1]";

    std::vector<std::string> addresses{};
    std::optional<Duration> ttl{};

    static constexpr auto fields() {
        return std::tuple{
            required("addresses", &DnsWrongAddress::addresses, "IPv4 and IPv6 addresses"),
            optional("ttl", &DnsWrongAddress::ttl, "of these records; the resolver's by default")};
    }
    Decision decide() const { return ResolverPlan{DnsAddresses{addresses, ttl}}; }
    bool operator==(const DnsWrongAddress&) const = default;
};

}  // namespace etimedout
