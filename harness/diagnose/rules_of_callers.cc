// Rules about callers: what fails before a packet leaves: ports, descriptors, routes, names.
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

constexpr std::string_view remedy_ports =
    "pool and reuse connections; widen ip_local_port_range or spread over more addresses";
constexpr std::string_view remedy_dns =
    "two resolvers and `options timeout:1 attempts:2`, a local cache that serves stale answers, "
    "and alarms on lookups that fail or are slow";
constexpr std::string_view remedy_address =
    "correct the record, and keep its TTL short around a move";
constexpr std::string_view remedy_stale =
    "have names looked up again when their TTL is over (nginx: `resolver` and a variable in "
    "proxy_pass; HAProxy: `resolvers`; Java: networkaddress.cache.ttl)";

bool mentions(const CallEnd& end, std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
        if (end.detail.find(word) != std::string::npos ||
            end.standard_error.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

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

}  // namespace

Detective::Verdict_ Detective::own_limits(const Suspect& suspect) const {
    const SceneNode* node = scene_.node(suspect.node);
    const std::vector<std::string_view> no_port{"Cannot assign requested address", "EADDRNOTAVAIL",
                                                "(99:"};
    const auto sockets_text = [](const SceneNode& who, const Span& span) {
        std::int64_t most = 0;
        std::int64_t waiting = 0;
        for (const auto& sample : who.sockets_in(span)) {
            std::int64_t count = 0;
            for (const auto& [state, number] : sample.what->states) {
                if (state != "LISTEN") count += number;
                if (state == "TIME-WAIT") waiting = std::max(waiting, number);
            }
            most = std::max(most, count);
        }
        return fmt::format("{} hold ports there, of them {} in TIME-WAIT", times(most, "socket"),
                           waiting);
    };
    if (suspect.end != nullptr) {
        const CallEnd& end = *suspect.end;
        if (end.error == "EADDRNOTAVAIL" || mentions(end, {no_port[0], no_port[1]})) {
            std::vector<std::string> evidence{
                fmt::format("connect failed at once with EADDRNOTAVAIL at {}", at(suspect.ran.to))};
            if (node != nullptr) evidence.push_back(sockets_text(*node, suspect.ran));
            return Diagnosis{RootCause::kernel_limit, Confidence::certain,
                             "the caller has no free ephemeral port", std::move(evidence),
                             std::string{remedy_ports}};
        }
        if (end.error == "EMFILE" || end.error == "ENFILE" ||
            mentions(end, {"Too many open files", "EMFILE"})) {
            return Diagnosis{RootCause::overload,
                             Confidence::certain,
                             "the caller has no free file descriptor",
                             {fmt::format("EMFILE at {}", at(suspect.ran.to))},
                             "raise `ulimit -n` (LimitNOFILE), bound the number of connections, "
                             "and look for descriptors that leak"};
        }
    }
    // A gateway that could not even begin to call on.
    for (const Exchange& exchange : suspect.chain) {
        const SceneNode* callee = scene_.node(exchange.link->to);
        if (callee == nullptr || scene_.links_from(exchange.link->to).empty()) continue;
        const Span span{exchange.ran.from, exchange.ran.to + 10ms};
        if (const auto* line = callee->line_with(no_port, span)) {
            return Diagnosis{RootCause::kernel_limit,
                             Confidence::certain,
                             "the gateway has no free ephemeral port",
                             {fmt::format("its log at {}: {}", at(line->t), line->what->text),
                              sockets_text(*callee, span)},
                             std::string{remedy_ports}};
        }
    }
    return {};
}

Detective::Verdict_ Detective::names(const Suspect& suspect, int node, const Span& span,
                                     const Exchange* tried) const {
    std::vector<const SceneLink*> links = scene_.links_from(node);
    if (scene_.is_capture_only()) {
        links.clear();
        for (const SceneLink& link : scene_.links()) links.push_back(&link);
    }
    const std::vector<Lookup> lookups = lookups_of(links, span);
    const Duration whole = span.to - span.from;
    const auto verdict = [&](Confidence confidence, std::string finding,
                             std::vector<std::string> evidence) {
        return Diagnosis{RootCause::dns, confidence, std::move(finding), std::move(evidence),
                         std::string{remedy_dns}};
    };
    // Time first: what was connected to in the end may have been looked up for too long.
    Duration waited{};
    const Lookup* slowest = nullptr;
    for (const Lookup& lookup : lookups) {
        if (lookup.queries == 0) continue;
        const Duration until = lookup.answer != nullptr ? lookup.answered : span.to;
        if (tried != nullptr && until > tried->ran.from) continue;
        if (until - lookup.first >= waited) {
            waited = until - lookup.first;
            slowest = &lookup;
        }
    }
    if (tried != nullptr && !scene_.is_capture_only()) {
        const Duration before = tried->ran.from - span.from;
        if (slowest != nullptr && waited > whole / 2) {
            return verdict(
                Confidence::certain, "looking the name up took most of the time",
                {fmt::format("{} of {} until {} was answered ({})", after(waited), after(whole),
                             question(*slowest), times(slowest->queries, "query"))});
        }
        if (slowest != nullptr && slowest->queries > 1 && before > whole / 2) {
            return verdict(Confidence::likely, "looking the name up took most of the time",
                           {fmt::format("{} of {} passed before the first connection; {} was asked "
                                        "{}",
                                        after(before), after(whole), question(*slowest),
                                        times(slowest->queries, "time"))});
        }
        return {};
    }
    for (const Lookup& lookup : lookups) {
        if (lookup.queries == 0) continue;
        if (lookup.malformed > 0 && lookup.failed()) {
            return verdict(Confidence::certain, "the resolver answers with what is no DNS",
                           {fmt::format("{} malformed of answers to {}",
                                        times(lookup.malformed, "message"), question(lookup))});
        }
        if (lookup.answer == nullptr) {
            if (span.to - lookup.first < 500ms && !scene_.is_capture_only()) continue;
            return verdict(
                Confidence::certain, "the resolver does not answer",
                {fmt::format(
                    "{} for {} from {} to {}, and no answer",
                    lookup.queries == 1 ? "1 query" : fmt::format("{} queries", lookup.queries),
                    question(lookup), at(lookup.first), at(lookup.last))});
        }
    }
    const bool any_good = std::any_of(lookups.begin(), lookups.end(), [](const Lookup& lookup) {
        return !lookup.failed() && gives_addresses(*lookup.answer);
    });
    for (const Lookup& lookup : lookups) {
        if (any_good || lookup.answer == nullptr) continue;
        const DnsMessage& answer = *lookup.answer;
        std::vector<std::string> evidence{fmt::format(
            "{} was answered with {}{} at {}, after {}", question(lookup),
            answer.rcode.empty() ? "nothing" : answer.rcode, answer.truncated ? " (truncated)" : "",
            at(lookup.answered), after(lookup.answered - lookup.first))};
        if (answer.truncated) {
            return verdict(Confidence::certain,
                           "the answer was truncated, and not to be had over TCP",
                           std::move(evidence));
        }
        if (answer.rcode != "NOERROR") {
            return verdict(Confidence::certain, "the name could not be resolved",
                           std::move(evidence));
        }
        if (answer.records.empty()) {
            return verdict(Confidence::likely, "the name has no address", std::move(evidence));
        }
    }
    if (slowest != nullptr && !scene_.is_capture_only() && waited > whole / 2) {
        return verdict(
            Confidence::certain, "looking the name up took most of the time",
            {fmt::format("{} of {} for {}", after(waited), after(whole), question(*slowest))});
    }
    if (any_good && suspect.end != nullptr) {
        for (const Lookup& lookup : lookups) {
            if (lookup.answer == nullptr) continue;
            for (const std::string& record : lookup.answer->records) {
                const std::string address = address_of_record(record);
                const bool is_address = record.starts_with("A ") || record.starts_with("AAAA ");
                if (!is_address || scene_.is_an_address_of_a_link(address)) continue;
                return Diagnosis{RootCause::dns,
                                 Confidence::certain,
                                 "the name resolves to an address at which nobody is",
                                 {fmt::format("{} was answered with {} at {}", question(lookup),
                                              address, at(lookup.answered)),
                                  "no link leads to that address"},
                                 std::string{remedy_address}};
            }
        }
    }
    if (suspect.end == nullptr || !lookups.empty()) return {};
    const std::string& outcome = suspect.end->outcome;
    if (outcome == "dns_failure" || outcome == "dns_timeout") {
        return verdict(Confidence::likely, "the name could not be resolved",
                       {fmt::format("the caller says {} {}", outcome, suspect.end->detail),
                        "no message of DNS was seen on any link of the caller"});
    }
    if (mentions(*suspect.end,
                 {"Could not resolve host", "Resolving timed out", "ENOTFOUND", "EAI_AGAIN",
                  "Name or service not known", "Temporary failure in name resolution",
                  "UnknownHostException", "UnresolvedAddressException", "no such host"})) {
        return verdict(Confidence::likely, "the name could not be resolved",
                       {"the caller's program says so in its output"});
    }
    return {};
}

// A connection to where no answer of DNS should lead, or no longer leads.
Detective::Verdict_ Detective::wrong_address(const Suspect& suspect, int node,
                                             const Exchange& exchange) const {
    if (!exchange.is_bad() || exchange.is_answered()) return {};
    const std::string_view address = address_in(exchange.near().server);
    const DnsMessage* given = nullptr;  // that led here
    Duration given_at{};
    const DnsMessage* newer = nullptr;  // that leads elsewhere by now
    Duration newer_at{};
    for (const SceneLink& link : scene_.links()) {
        for (const auto& seen : link.dns) {
            if (seen.what->what != "answer" || !gives_addresses(*seen.what)) continue;
            if (seen.t > exchange.ran.to) continue;
            if (has_address(*seen.what, address)) {
                given = seen.what;
                given_at = seen.t;
            }
        }
    }
    if (given == nullptr) return {};
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

Detective::Verdict_ Detective::nothing_on_the_wire(const Suspect& suspect) const {
    if (suspect.end == nullptr) return {};
    const CallEnd& end = *suspect.end;
    const SceneNode* node = scene_.node(suspect.node);
    if (node != nullptr) {
        const std::int64_t opened = node->grown("TcpActiveOpens", suspect.ran);
        const std::int64_t again = node->grown("TcpExtTCPSynRetrans", suspect.ran);
        if (opened > 0 && again > 0) {
            return Diagnosis{RootCause::network,
                             Confidence::likely,
                             "the link is down",
                             {fmt::format("the caller's kernel sent {} (TcpExtTCPSynRetrans {}), "
                                          "and none came onto the wire",
                                          times(opened + again, "SYN"), again)},
                             "a second path, and alarms on the link's carrier"};
        }
    }
    if (end.error == "EPERM" || end.error == "EACCES") {
        return Diagnosis{
            RootCause::firewall,
            Confidence::likely,
            "the caller's own host forbids this connection",
            {fmt::format("connect failed at once with {}, and no packet was seen", end.error)},
            "correct the host's packet filter or its `prohibit` route"};
    }
    if (end.error == "ENETUNREACH" || end.error == "EHOSTUNREACH" || end.error == "EINVAL") {
        return Diagnosis{RootCause::down,
                         Confidence::likely,
                         "the caller has no route to that address",
                         {fmt::format("connect failed with {} after {}, and no packet was seen",
                                      end.error, after(end.total))},
                         "correct the caller's routes, or the address that it was given"};
    }
    return {};
}

Detective::Verdict_ Detective::pings(const Suspect& suspect) const {
    if (suspect.begin == nullptr || suspect.begin->what != "ping") return {};
    std::int64_t sent = 0;
    std::int64_t came = 0;
    std::int64_t replies = 0;
    for (const SceneLink* link : scene_.links_from(suspect.node)) {
        for (const auto& seen : link->icmp_near) {
            if (!suspect.ran.contains(seen.t)) continue;
            if (seen.what->what.starts_with("echo_request")) ++sent;
            if (seen.what->what.starts_with("echo_reply")) ++replies;
        }
        for (const auto& seen : link->icmp_far) {
            if (suspect.ran.contains(seen.t) && seen.what->what.starts_with("echo_request")) ++came;
        }
    }
    if (sent == 0) return {};
    std::vector<std::string> evidence{fmt::format("{} sent, {} came to the far end, {} answered",
                                                  times(sent, "echo request"), came, replies)};
    if (sent >= 3 && replies == 0 && came == 0) {
        return Diagnosis{RootCause::firewall, Confidence::likely, "echo requests are dropped",
                         std::move(evidence), "allow ICMP echo, or do not measure with it"};
    }
    if (replies > 0 && replies < sent) {
        return Diagnosis{RootCause::network, Confidence::likely, "the link loses packets",
                         std::move(evidence), "alarms on loss and latency of this link"};
    }
    return {};
}

}  // namespace etimedout
