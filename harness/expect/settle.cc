// Settle: how long a world must be watched after its last step, and after the last traffic.
#include <algorithm>
#include <set>

#include "harness/expect/facts.hh"
#include "harness/expect/judge.hh"

namespace etimedout {

namespace {

// Counts that an event after the last step could still raise above their bound.
bool can_still_grow(const std::string& name) {
    return name == "attempts" || name == "requests" || name == "syns" || name == "established" ||
           name == "responses" || name == "retransmissions" || name == "reused" ||
           name == "datagrams" || name == "open" || name == "in_flight";
}

Duration settle_of(const Expectation& expectation) {
    if (expectation.during && !expectation.settle) return {};
    Duration settle{};
    const auto need = [&](Duration time) { settle = std::max(settle, time); };
    const Duration absence = expectation.settle.value_or(least_settle);
    for (const auto& [name, bound] : expectation.counts) {
        if (bound.at_most && can_still_grow(name)) need(absence);
    }
    for (const auto& messages : {expectation.queries, expectation.answers}) {
        if (messages && messages->count.at_most) need(absence);
    }
    if (expectation.in_any && expectation.in_any->count.at_most) need(absence);
    if (expectation.never || expectation.always) need(absence);
    if (const auto& cache = expectation.dns_cache; cache && cache->queries) need(absence);
    if (const auto& retries = expectation.retries) {
        need(absence);
        // The next gap of a back-off is as a rule twice the last.
        if (!expectation.settle) {
            for (const auto& gap : retries->gaps) need(2 * gap.at_most.value_or(Duration{}));
        }
    }
    if (expectation.eventually) need(expectation.within.value_or(Duration{}));
    // An idle connection is closed when no call waits for it any more; one that is closed because
    // its request was not answered is closed while the call runs.
    if (const auto& closed = expectation.closed; closed && closed->after) {
        if (closed->since != "request") {
            need(closed->after->at_most.value_or(Duration{}) + least_settle);
        }
    }
    if (expectation.settle) need(*expectation.settle);
    for (const Expectation& inner : expectation.any_of) need(settle_of(inner));
    for (const Expectation& inner : expectation.all_of) need(settle_of(inner));
    return settle;
}

// The links whose traffic an expectation is about; none for one that is not about a link.
std::set<std::string> links_watched(const Scenario& scenario, const Expectation& expectation) {
    std::set<std::string> links;
    for (const NamedLink& link : scenario.topology.links) {
        if (link.name == expectation.at) links.insert(link.name);
    }
    for (const auto* alternatives : {&expectation.any_of, &expectation.all_of}) {
        for (const Expectation& inner : *alternatives) {
            links.merge(links_watched(scenario, inner));
        }
    }
    return links;
}

}  // namespace

Settling settling_of(const Scenario& scenario) {
    Settling settling;
    for (const Expectation& expectation : scenario.expectations) {
        const Duration settle = settle_of(expectation);
        settling.after_steps = std::max(settling.after_steps, settle);
        if (settle == Duration{}) continue;
        for (const std::string& link : links_watched(scenario, expectation)) {
            Duration& quiet = settling.after_traffic[link];
            quiet = std::max(quiet, settle);
        }
    }
    return settling;
}

Duration watched_until(const Settling& settling, Duration steps_end, const LastPacket& last_packet,
                       Duration limit) {
    Duration until = steps_end + settling.after_steps;
    const Duration shortest = until;
    for (const auto& [link, quiet] : settling.after_traffic) {
        const Duration last = last_packet(link).value_or(steps_end);
        until = std::max(until, std::min(last + quiet, steps_end + patience * quiet));
    }
    return std::max(shortest, std::min(until, limit));
}

}  // namespace etimedout
