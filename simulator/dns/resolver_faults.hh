// ResolverFaults: which armed fault a query meets, and the proof of what it met.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "simulator/dns/spec.hh"
#include "simulator/faults/all_faults.hh"
#include "simulator/stream/source.hh"

namespace etimedout {

// What selectors ask of a query.
struct QueryFacts {
    std::string_view name{};  // canonical
    std::string_view type{};
    DnsTransport transport = DnsTransport::udp;
    IpAddress source{};
    Duration t{};  // on the world's clock
};

struct ResolverRuling {
    ResolverPlan plan{};
    // With DnsStale: the records as they were.
    std::optional<DnsRecords> records{};
};

struct ResolverWitness {
    std::int64_t matched = 0;  // queries that all selectors but first, nth and probability mean
    std::int64_t fired = 0;    // those it decided about
    std::string evidence{};
};

// Thread-safe. Queries are numbered per fault, among those its other selectors mean, from the
// moment it was armed. The first armed fault that selects a query decides; those behind it count
// on.
class ResolverFaults {
public:
    ResolverFaults(std::string name, std::uint64_t seed) : name_{std::move(name)}, seed_{seed} {}

    // `records` is what the resolver knows at that moment. Throws Error for a fault that no
    // resolver can act on, and for a `source` that is no address.
    void arm(const ArmedFault& fault, Duration now, const DnsRecords& records);
    void heal(const std::string& id);
    std::optional<ResolverRuling> judge(const QueryFacts& query);
    ResolverWitness witness(const std::string& id) const;

private:
    struct Entry {
        ArmedFault fault;
        ResolverPlan plan;
        SourceRanges sources{};
        Duration since{};
        DnsRecords records{};  // with DnsStale
        bool armed = true;
        std::int64_t matched = 0;
        std::int64_t fired = 0;
    };
    static bool applies(const Entry& entry, const QueryFacts& query);
    bool selects(const Entry& entry) const;

    std::string name_;
    std::uint64_t seed_;
    mutable std::mutex mutex_;
    std::vector<Entry> entries_;
};

}  // namespace etimedout
