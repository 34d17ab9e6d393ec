// Rules about names: lookups that fail, are slow, or lead to where nobody is.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

constexpr std::string_view remedy_dns =
    "two resolvers and `options timeout:1 attempts:2`, a local cache that serves stale answers, "
    "and alarms on lookups that fail or are slow";
constexpr std::string_view remedy_address =
    "correct the record, and keep its TTL short around a move";
constexpr std::string_view remedy_stale =
    "have names looked up again when their TTL is over (nginx: `resolver` and a variable in "
    "proxy_pass; HAProxy: `resolvers`; Java: networkaddress.cache.ttl)";

// One question and what was answered to it, over all retries.
struct Lookup {
    std::string name{};
    std::string type{};
    std::int64_t queries = 0;
    std::int64_t malformed = 0;
    Duration first{};
    Duration last{};
    const DnsMessage* answer = nullptr;  // the last one
    Duration answered{};
    bool truncated = false;
    bool failed() const {
        return answer == nullptr || answer->rcode != "NOERROR" || answer->truncated;
    }
};

std::vector<Lookup> lookups_of(const std::vector<const SceneLink*>& links, const Span& span) {
    std::vector<Lookup> found;
    const auto lookup = [&](const DnsMessage& message) -> Lookup& {
        for (Lookup& known : found) {
            if (known.name == message.name && known.type == message.type) return known;
        }
        found.push_back({.name = message.name, .type = message.type});
        return found.back();
    };
    for (const SceneLink* link : links) {
        for (const auto& seen : link->dns) {
            if (!span.contains(seen.t)) continue;
            const DnsMessage& message = *seen.what;
            if (message.what == "malformed") {
                for (Lookup& known : found) ++known.malformed;
                continue;
            }
            Lookup& known = lookup(message);
            if (message.what == "query") {
                if (known.queries++ == 0) known.first = seen.t;
                known.last = seen.t;
                continue;
            }
            // A good answer is not undone by a later refusal of another resolver.
            if (known.answer == nullptr || known.failed()) {
                known.answer = &message;
                known.answered = seen.t;
            }
            known.truncated = known.truncated || message.truncated;
        }
    }
    return found;
}

std::string question(const Lookup& lookup) {
    return fmt::format("{} {}", lookup.type.empty() ? "?" : lookup.type, lookup.name);
}

std::string address_of_record(const std::string& record) {
    const std::size_t blank = record.find(' ');
    return blank == std::string::npos ? record : record.substr(blank + 1);
}

bool has_address(const DnsMessage& message, std::string_view address) {
    return std::any_of(
        message.records.begin(), message.records.end(),
        [&](const std::string& record) { return address_of_record(record) == address; });
}

bool gives_addresses(const DnsMessage& message) {
    return std::any_of(message.records.begin(), message.records.end(),
                       [](const std::string& record) {
                           return record.starts_with("A ") || record.starts_with("AAAA ");
                       });
}

Diagnosis dns(Confidence confidence, std::string finding, std::vector<std::string> evidence) {
    return {RootCause::dns, confidence, std::move(finding), std::move(evidence),
            std::string{remedy_dns}};
}

struct Slowest {
    const Lookup* lookup = nullptr;
    Duration waited{};
};

// Shorter lookups are no reason for anything.
constexpr Duration noticeable = 100ms;

// Of those that were over by `until`.
Slowest slowest_of(const std::vector<Lookup>& lookups, Duration until, Duration end) {
    Slowest slowest;
    for (const Lookup& lookup : lookups) {
        if (lookup.queries == 0) continue;
        const Duration over = lookup.answer != nullptr ? lookup.answered : end;
        if (over > until || over - lookup.first < slowest.waited) continue;
        slowest = {&lookup, over - lookup.first};
    }
    return slowest;
}

// What was connected to in the end may have been looked up for too long.
std::optional<Diagnosis> slow_before(const std::vector<Lookup>& lookups, const Span& span,
                                     Duration connected) {
    const Duration whole = span.to - span.from;
    const Slowest slowest = slowest_of(lookups, connected, span.to);
    if (slowest.lookup == nullptr) return std::nullopt;
    const Lookup& lookup = *slowest.lookup;
    const std::string asked =
        lookup.queries == 1 ? "1 query" : fmt::format("{} queries", lookup.queries);
    if (slowest.waited < noticeable) return std::nullopt;
    if (slowest.waited > whole / 2) {
        return dns(Confidence::certain, "looking the name up took most of the time",
                   {fmt::format("{} of {} until {} was answered ({})", after(slowest.waited),
                                after(whole), question(lookup), asked)});
    }
    const Duration before = connected - span.from;
    if (lookup.queries > 1 && before > whole / 2) {
        return dns(Confidence::likely, "looking the name up took most of the time",
                   {fmt::format("{} of {} passed before the first connection; {} was asked {}",
                                after(before), after(whole), question(lookup),
                                times(lookup.queries, "time"))});
    }
    return std::nullopt;
}

// `patience`: so long a query must have waited to count as unanswered.
std::optional<Diagnosis> unanswered(const Lookup& lookup, const Span& span, Duration patience) {
    if (lookup.queries == 0) return std::nullopt;
    if (lookup.malformed > 0 && lookup.failed()) {
        return dns(Confidence::certain, "the resolver answers with what is no DNS",
                   {fmt::format("{} malformed of answers to {}", times(lookup.malformed, "message"),
                                question(lookup))});
    }
    if (lookup.answer != nullptr || span.to - lookup.first < patience) return std::nullopt;
    return dns(Confidence::certain, "the resolver does not answer",
               {fmt::format("{} for {} from {} to {}, and no answer",
                            lookup.queries == 1 ? std::string{"1 query"}
                                                : fmt::format("{} queries", lookup.queries),
                            question(lookup), at(lookup.first), at(lookup.last))});
}

std::optional<Diagnosis> refused_by_resolver(const Lookup& lookup) {
    if (lookup.answer == nullptr) return std::nullopt;
    const DnsMessage& answer = *lookup.answer;
    std::vector<std::string> evidence{fmt::format(
        "{} was answered with {}{} at {}, after {}", question(lookup),
        answer.rcode.empty() ? "nothing" : answer.rcode, answer.truncated ? " (truncated)" : "",
        at(lookup.answered), after(lookup.answered - lookup.first))};
    if (answer.truncated) {
        return dns(Confidence::certain, "the answer was truncated, and not to be had over TCP",
                   std::move(evidence));
    }
    if (answer.rcode != "NOERROR") {
        return dns(Confidence::certain, "the name could not be resolved", std::move(evidence));
    }
    if (answer.records.empty()) {
        return dns(Confidence::likely, "the name has no address", std::move(evidence));
    }
    return std::nullopt;
}

std::optional<Diagnosis> leads_nowhere(const Lookup& lookup, const Scene& scene) {
    if (lookup.answer == nullptr) return std::nullopt;
    for (const std::string& record : lookup.answer->records) {
        const std::string address = address_of_record(record);
        const bool is_address = record.starts_with("A ") || record.starts_with("AAAA ");
        if (!is_address || scene.is_an_address_of_a_link(address)) continue;
        return Diagnosis{RootCause::dns,
                         Confidence::certain,
                         "the name resolves to an address at which nobody is",
                         {fmt::format("{} was answered with {} at {}", question(lookup), address,
                                      at(lookup.answered)),
                          "no link leads to that address"},
                         std::string{remedy_address}};
    }
    return std::nullopt;
}

// Where no message of DNS was seen, only the caller's words are left.
std::optional<Diagnosis> said_by_caller(const CallEnd& end) {
    if (end.outcome == "dns_failure" || end.outcome == "dns_timeout") {
        return dns(Confidence::likely, "the name could not be resolved",
                   {fmt::format("the caller says {} {}", end.outcome, end.detail),
                    "no message of DNS was seen on any link of the caller"});
    }
    if (mentions(end, {"Could not resolve host", "Resolving timed out", "ENOTFOUND", "EAI_AGAIN",
                       "Name or service not known", "Temporary failure in name resolution",
                       "UnknownHostException", "UnresolvedAddressException", "no such host"})) {
        return dns(Confidence::likely, "the name could not be resolved",
                   {"the caller's program says so in its output"});
    }
    return std::nullopt;
}

}  // namespace

Detective::Verdict_ Detective::names(const Suspect& suspect, int node, const Span& span,
                                     const Exchange* tried) const {
    const bool capture = scene_.is_capture_only();
    std::vector<const SceneLink*> links = scene_.links_from(node);
    if (capture) {
        links.clear();
        for (const SceneLink& link : scene_.links()) links.push_back(&link);
    }
    const std::vector<Lookup> lookups = lookups_of(links, span);
    if (tried != nullptr) {
        return capture ? std::nullopt : slow_before(lookups, span, tried->ran.from);
    }
    for (const Lookup& lookup : lookups) {
        if (auto verdict = unanswered(lookup, span, capture ? 0ms : 500ms)) return verdict;
    }
    const bool any_good = std::any_of(lookups.begin(), lookups.end(), [](const Lookup& lookup) {
        return !lookup.failed() && gives_addresses(*lookup.answer);
    });
    for (const Lookup& lookup : lookups) {
        if (any_good) break;
        if (auto verdict = refused_by_resolver(lookup)) return verdict;
    }
    const Slowest slowest = slowest_of(lookups, span.to, span.to);
    if (!capture && slowest.lookup != nullptr && slowest.waited >= noticeable &&
        slowest.waited > (span.to - span.from) / 2) {
        return dns(Confidence::certain, "looking the name up took most of the time",
                   {fmt::format("{} of {} for {}", after(slowest.waited),
                                after(span.to - span.from), question(*slowest.lookup))});
    }
    if (suspect.end == nullptr) return {};
    for (const Lookup& lookup : lookups) {
        if (auto verdict = leads_nowhere(lookup, scene_)) return verdict;
    }
    return lookups.empty() ? said_by_caller(*suspect.end) : std::nullopt;
}

// A connection to where no answer of DNS should lead, or no longer leads.
std::optional<Seen<DnsMessage>> Detective::given_by_dns(std::string_view address,
                                                        Duration until) const {
    std::optional<Seen<DnsMessage>> given;
    for (const SceneLink& link : scene_.links()) {
        for (const auto& seen : link.dns) {
            if (seen.what->what != "answer" || !gives_addresses(*seen.what)) continue;
            if (seen.t <= until && has_address(*seen.what, address)) given = seen;
        }
    }
    return given;
}

Detective::Verdict_ Detective::wrong_address(const Suspect& suspect, int node,
                                             const Exchange& exchange) const {
    if (!exchange.is_bad() || exchange.is_answered()) return {};
    const std::string_view address = address_in(exchange.near().server);
    const auto led_here = given_by_dns(address, exchange.ran.to);
    if (!led_here) return {};
    const DnsMessage* given = led_here->what;
    const Duration given_at = led_here->t;
    const DnsMessage* newer = nullptr;  // that leads elsewhere by now
    Duration newer_at{};
    for (const SceneLink& link : scene_.links()) {
        for (const auto& seen : link.dns) {
            if (seen.what->what != "answer" || seen.what->name != given->name) continue;
            if (seen.what->type != given->type || !gives_addresses(*seen.what)) continue;
            if (seen.t <= given_at || has_address(*seen.what, address)) continue;
            newer = seen.what;
            newer_at = seen.t;
        }
    }
    const std::string told = fmt::format("{} {} was answered with this address at {}", given->type,
                                         given->name, at(given_at));
    if (newer != nullptr) {
        const bool is_gateway = suspect.node != node && scene_.is_callee(node);
        return Diagnosis{
            is_gateway ? RootCause::proxy : RootCause::dns,
            Confidence::likely,
            is_gateway ? "the gateway goes on calling an address that DNS has taken back"
                       : "the caller was given an address that is out of date",
            {told, fmt::format("and with {} at {}", fmt::join(newer->records, ", "), at(newer_at))},
            std::string{remedy_stale}};
    }
    if (!scene_.is_an_address_of_a_link(address)) {
        return Diagnosis{RootCause::dns,
                         Confidence::certain,
                         "the name resolves to an address at which nobody is",
                         {told},
                         std::string{remedy_address}};
    }
    // It leads to somebody; is it whom the name stands for? Where another answer for the same name
    // works, it is not.
    return {};
}

}  // namespace etimedout
