// Zone: what a resolver would answer if nothing were wrong with it; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/dns/spec.hh"
#include "simulator/faults/decision.hh"

namespace etimedout {

struct DnsRecord {
    std::string owner{};  // without the last dot
    std::string type{};   // A, AAAA, …
    std::string data{};   // as a zone file has it
    Duration ttl{};
    bool operator==(const DnsRecord&) const = default;
};

struct ZoneAnswer {
    DnsCode code = DnsCode::noerror;
    std::vector<DnsRecord> records{};
    // With no records: how long that may be kept, for the SOA of the authority section (RFC 2308).
    Duration negative_ttl{};
    bool operator==(const ZoneAnswer&) const = default;
};

// The name as resolvers compare it: lower case, without the last dot.
std::string canonical_name(std::string_view name);

// Whether `pattern` ("*.example" stands for all names below example) means this canonical name.
bool name_matches(std::string_view pattern, std::string_view name);

// Follows aliases (CNAME) as far as it knows them, eight at the most. A name without records below
// which there are others exists, and has none of any type (RFC 8020).
ZoneAnswer answer_of(const ResolverSpec& zone, std::string_view name, std::string_view type);

// An answer to a query of this type with these addresses instead.
ZoneAnswer answer_with(const std::vector<std::string>& addresses, std::string_view name,
                       std::string_view type, Duration ttl);

// What is wrong with a name or a record's data as a zone file would have it; empty: nothing.
std::string wrong_with_name(std::string_view name);
std::string wrong_with_records(const DnsRecordSet& records);

}  // namespace etimedout
