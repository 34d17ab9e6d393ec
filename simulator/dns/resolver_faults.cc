// ResolverFaults: which armed fault a query meets, and the proof of what it met.
#include "simulator/dns/resolver_faults.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/base/rng.hh"
#include "simulator/dns/zone.hh"

namespace etimedout {

namespace {

// A resolver that flaps is bad first.
bool is_bad(const DnsFlap& flap, Duration since_armed) {
    return since_armed % (flap.bad + flap.good) < flap.bad;
}

bool acts(const ResolverPlan& plan, const QueryFacts& query, Duration since) {
    if (const auto* flap = std::get_if<DnsFlap>(&plan)) return is_bad(*flap, query.t - since);
    // Over TCP there is nothing to truncate.
    if (std::holds_alternative<DnsTruncate>(plan)) return query.transport == DnsTransport::udp;
    if (std::holds_alternative<DnsAddresses>(plan)) {
        return query.type == "A" || query.type == "AAAA";
    }
    return true;
}

}  // namespace

void ResolverFaults::arm(const ArmedFault& fault, Duration now, const DnsRecords& records) {
    const Decision decision = decision_of(fault.fault);
    const auto* plan = std::get_if<ResolverPlan>(&decision);
    if (plan == nullptr) {
        throw Error{fmt::format("fault `{}`: `{}` does not act at a resolver", fault.id,
                                kind_of(fault.fault)),
                    "arm it on a link or a node"};
    }
    Entry entry{.fault = fault, .plan = *plan, .since = now};
    if (std::holds_alternative<DnsStale>(*plan)) entry.records = records;
    if (fault.selectors.query) entry.fault.selectors.query = canonical_name(*fault.selectors.query);
    if (fault.selectors.source) {
        auto sources = SourceRanges::parse(*fault.selectors.source);
        if (!sources) {
            throw Error{fmt::format("fault `{}`: source: {}", fault.id, sources.error().message),
                        sources.error().advice};
        }
        entry.sources = std::move(*sources);
    }
    const std::lock_guard lock{mutex_};
    entries_.push_back(std::move(entry));
}

void ResolverFaults::heal(const std::string& id) {
    const std::lock_guard lock{mutex_};
    for (Entry& entry : entries_) {
        if (entry.fault.id == id) entry.armed = false;
    }
}

bool ResolverFaults::applies(const Entry& entry, const QueryFacts& query) {
    const Selectors& selectors = entry.fault.selectors;
    if (selectors.query && !name_matches(*selectors.query, query.name)) return false;
    if (selectors.type && *selectors.type != query.type) return false;
    if (selectors.transport && *selectors.transport != query.transport) return false;
    return entry.sources.contains(query.source);
}

// Of the query that was counted last.
bool ResolverFaults::selects(const Entry& entry) const {
    const Selectors& selectors = entry.fault.selectors;
    if (selectors.first && entry.matched > selectors.first->number) return false;
    if (selectors.nth && entry.matched != selectors.nth->number) return false;
    if (!selectors.probability) return true;
    // One stream of chance for each query, so that none disturbs another.
    const std::string stream = fmt::format("{}/{}/{}", name_, entry.fault.id, entry.matched);
    return Rng{seed_, stream}.next_double() < selectors.probability->probability.value;
}

std::optional<ResolverRuling> ResolverFaults::judge(const QueryFacts& query) {
    const std::lock_guard lock{mutex_};
    std::optional<ResolverRuling> ruling;
    for (Entry& entry : entries_) {
        if (!entry.armed || !applies(entry, query)) continue;
        ++entry.matched;
        if (ruling || !selects(entry) || !acts(entry.plan, query, entry.since)) continue;
        ++entry.fired;
        ruling.emplace(ResolverRuling{entry.plan, std::nullopt});
        if (std::holds_alternative<DnsStale>(entry.plan)) ruling->records = entry.records;
    }
    return ruling;
}

ResolverWitness ResolverFaults::witness(const std::string& id) const {
    const std::lock_guard lock{mutex_};
    for (const Entry& entry : entries_) {
        if (entry.fault.id != id) continue;
        return {entry.matched, entry.fired,
                fmt::format("{}'s own record: acted on {} of {} queries", name_, entry.fired,
                            entry.matched)};
    }
    return {0, 0, fmt::format("{} never had a fault `{}`", name_, id)};
}

}  // namespace etimedout
