// DnsErrorFault: a resolver that answers with an error.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsErrorFault {
    static constexpr std::string_view kind = "dns_error";
    static constexpr std::string_view doc =
        "Answer with an error and no records; `kind: dns_error_nxdomain` is short for it.";
    static constexpr std::string_view recipe =
        "the resolver answers with this response code (RFC 1035 section 4.1.1)";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "nxdomain: the name is unknown, at once (EAI_NONAME); servfail: glibc asks the next "
        "resolver, then again, then EAI_AGAIN; refused: the next resolver; noerror: no "
        "address of this type (EAI_NODATA)";
    static constexpr std::string_view look_alike =
        "a name that is not among its records: moves no record of a fault; `dns_silent`: no "
        "answer comes at all";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    DnsCode rcode = DnsCode::servfail;
    // `kind: dns_error_nxdomain` sets this field.
    static constexpr auto kind_suffix = &DnsErrorFault::rcode;

    static constexpr auto fields() {
        return std::tuple{required("rcode", &DnsErrorFault::rcode, "the response code")};
    }
    Decision decide() const { return ResolverPlan{DnsError{rcode}}; }
    bool operator==(const DnsErrorFault&) const = default;
};

}  // namespace etimedout
