// Detective: which exchange a failed call hangs on, and the order in which rules are asked.
#include "harness/diagnose/detective.hh"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace etimedout {

namespace {

// A gateway's caller may leave; what the gateway still does then belongs to the call.
constexpr Duration afterwards = 50ms;

bool is_of_call(const Exchange& exchange, const Suspect& suspect) {
    return exchange.request != nullptr && exchange.request->message->call == suspect.trace;
}

bool is_of_another_call(const Exchange& exchange, const Suspect& suspect) {
    return exchange.request != nullptr && !exchange.request->message->call.empty() &&
           exchange.request->message->call != suspect.trace;
}

// Where the caller says that it never got connected, connections that were are somebody else's.
void keep_those_of_outcome(std::vector<Exchange>& exchanges, const CallEnd& end) {
    const bool unconnected = end.outcome == "connect_timeout" || end.outcome == "connect_refused" ||
                             end.outcome == "unreachable";
    const auto is_open = [](const Exchange& exchange) {
        return exchange.near().established.has_value();
    };
    if (!unconnected || std::all_of(exchanges.begin(), exchanges.end(), is_open)) return;
    std::erase_if(exchanges, is_open);
}

// Errors that a callee may only be passing on.
bool may_come_from_beyond(Symptom symptom) {
    return symptom == Symptom::unanswered || symptom == Symptom::stalled ||
           symptom == Symptom::closed || symptom == Symptom::cut ||
           symptom == Symptom::error_status || symptom == Symptom::unread;
}

}  // namespace

std::string at(Duration t) { return fmt::format("t={}", human(t)); }
std::string after(Duration t) { return human(t); }
std::string times(std::int64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Diagnosis not_enough(std::string finding, std::vector<std::string> evidence, std::string advice) {
    return {RootCause::not_enough_evidence, Confidence::none, std::move(finding),
            std::move(evidence), std::move(advice)};
}

bool needs_no_diagnosis(const CallEnd& end) {
    constexpr std::int64_t first_server_error = 500;
    if (end.completeness == "cut") return false;
    if (!stream_problem(end).empty()) return false;
    if (end.outcome == "ok" || end.outcome == "cancelled") return true;
    if (end.outcome != "response" || !end.status) return false;
    const std::int64_t status = *end.status;
    if (status == 408 || status == 429) return false;
    return status < first_server_error;
}

Detective::Detective(const Scene& scene) : scene_{scene} {
    for (const SceneLink& link : scene.links()) {
        exchanges_.emplace(&link, exchanges_of(link, scene.end()));
    }
}

const std::vector<Exchange>& Detective::all_of(const SceneLink& link) const {
    return exchanges_.at(&link);
}

std::vector<CaseDiagnosis> Detective::cases() const {
    if (scene_.calls().empty()) return cases_of_capture();
    std::vector<CaseDiagnosis> found;
    for (const SceneCall& call : scene_.calls()) {
        const bool went_well = call.end != nullptr && needs_no_diagnosis(*call.end);
        // Only an answer of open length can have been cut without its caller's knowledge.
        if (went_well && call.end->completeness != "silently_cut") continue;
        const Suspect suspect = suspect_of(call);
        if (went_well &&
            (suspect.chain.empty() || !cut_on_its_way(suspect, suspect.chain.back()))) {
            continue;
        }
        found.push_back(case_of(suspect));
    }
    return found;
}

Suspect Detective::suspect_of(const SceneCall& call) const {
    Suspect suspect{.trace = fmt::format("{}/{}", call.begin->call, call.begin->index),
                    .node = call.node,
                    .ran = call.ran,
                    .end = call.end,
                    .begin = call.begin};
    suspect.chain = chain_of(suspect);
    return suspect;
}

CaseDiagnosis Detective::case_of(const Suspect& suspect) const {
    std::string outcome = suspect.end == nullptr ? "never_ended" : suspect.end->outcome;
    if (suspect.end != nullptr && suspect.end->status && outcome == "response") {
        outcome = fmt::format("status {}", *suspect.end->status);
    }
    return {.call = suspect.begin->call,
            .index = suspect.begin->index,
            .began = suspect.ran.from,
            .took = suspect.ran.to - suspect.ran.from,
            .outcome = std::move(outcome),
            .diagnosis = diagnose(suspect)};
}

// A single capture: each exchange that failed stands for itself.
std::vector<CaseDiagnosis> Detective::cases_of_capture() const {
    std::vector<CaseDiagnosis> found;
    for (const SceneLink& link : scene_.links()) {
        Suspect lookups{.node = link.from, .ran = {Duration{}, scene_.end()}};
        for (const Exchange& exchange : all_of(link)) {
            if (!exchange.is_bad()) continue;
            Suspect suspect{.node = link.from, .ran = exchange.ran, .chain = {exchange}};
            found.push_back(
                {.call = fmt::format("{} to {}", exchange.near().client, exchange.near().server),
                 .index = exchange.request == nullptr ? 1 : exchange.request->message->number,
                 .began = exchange.ran.from,
                 .took = exchange.took(),
                 .outcome = std::string{name_of(exchange.symptom)},
                 .diagnosis = diagnose(suspect)});
        }
        if (link.dns.empty()) continue;
        if (const Verdict_ verdict = names(lookups, link.from, lookups.ran, nullptr)) {
            found.push_back({.call = "lookups",
                             .began = link.dns.front().t,
                             .took = scene_.end() - link.dns.front().t,
                             .outcome = "dns_failure",
                             .diagnosis = *verdict});
        }
    }
    return found;
}

std::vector<Exchange> Detective::exchanges_from(int node, const Suspect& suspect,
                                                const Span& span) const {
    std::vector<Exchange> found;
    std::vector<Exchange> unnamed;
    for (const SceneLink* link : scene_.links_from(node)) {
        for (const Exchange& exchange : all_of(*link)) {
            if (is_of_another_call(exchange, suspect)) continue;
            if (is_of_call(exchange, suspect)) {
                if (exchange.ran.from <= span.to + afterwards) found.push_back(exchange);
                continue;
            }
            if (span.contains(exchange.ran.from)) unnamed.push_back(exchange);
        }
    }
    // Where requests carry a call's name, nameless ones are health checks and the like; but a
    // connection without any request may be one of the call's that failed.
    const bool named = !found.empty();
    for (Exchange& exchange : unnamed) {
        if (named && exchange.request != nullptr) continue;
        found.push_back(std::move(exchange));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Exchange& a, const Exchange& b) { return a.ran.from < b.ran.from; });
    return found;
}

// At each hop the exchange that took the longest of those that failed: what a timeout waits for.
// Behind a callee that only passes on, that hop's callee is the next caller.
std::vector<Exchange> Detective::chain_of(const Suspect& suspect) const {
    std::vector<Exchange> chain;
    std::set<int> visited;
    int node = suspect.node;
    Span span = suspect.ran;
    while (node >= 0 && visited.insert(node).second) {
        std::vector<Exchange> exchanges = exchanges_from(node, suspect, span);
        if (chain.empty() && suspect.end != nullptr && !suspect.end->local_address.empty()) {
            const bool known =
                std::any_of(exchanges.begin(), exchanges.end(), [&](const Exchange& exchange) {
                    return exchange.near().client == suspect.end->local_address;
                });
            if (known) {
                std::erase_if(exchanges, [&](const Exchange& exchange) {
                    return exchange.near().client != suspect.end->local_address &&
                           !is_of_call(exchange, suspect);
                });
            }
        }
        if (chain.empty() && suspect.end != nullptr) {
            keep_those_of_outcome(exchanges, *suspect.end);
            if (suspect.end->outcome != "response") {
                for (Exchange& exchange : exchanges) {
                    end_as_its_caller_saw(exchange, suspect.ran.to,
                                          suspect.end->outcome.ends_with("_timeout"));
                }
            }
        }
        // What came back behind a caller who had left was too late at every hop.
        for (Exchange& exchange : exchanges) {
            if (chain.empty() || !chain.back().left || !exchange.is_answered()) continue;
            end_as_its_caller_saw(exchange, span.to, false);
        }
        const Exchange* worst = nullptr;
        for (const Exchange& exchange : exchanges) {
            if (!exchange.is_bad()) continue;
            if (worst == nullptr || exchange.took() >= worst->took()) worst = &exchange;
        }
        // A call that failed although all its exchanges went well in the end waited for the
        // slowest of them.
        if (worst == nullptr && chain.empty()) {
            for (const Exchange& exchange : exchanges) {
                if (worst == nullptr || exchange.took() > worst->took()) worst = &exchange;
            }
        }
        if (worst == nullptr) break;
        chain.push_back(*worst);
        chain.back().given_up = span.to;
        if (died_meanwhile(*worst)) break;
        if (worst->is_bad() && !may_come_from_beyond(worst->symptom)) break;
        node = worst->link->to;
        span = {worst->ran.from, std::max(worst->ran.to, worst->ran.from)};
    }
    return chain;
}

Diagnosis Detective::diagnose(const Suspect& suspect) const {
    if (const auto verdict = own_limits(suspect)) return *verdict;
    const Exchange* first = suspect.chain.empty() ? nullptr : &suspect.chain.front();
    if (const auto verdict = names(suspect, suspect.node, suspect.ran, first)) return *verdict;
    if (first == nullptr) {
        if (const auto verdict = pings(suspect)) return *verdict;
        if (const auto verdict = nothing_on_the_wire(suspect)) return *verdict;
        return not_enough("no packet of this call was seen on any link", {},
                          "capture where the caller's packets leave it, and run it again");
    }
    if (const auto verdict = no_trust(suspect)) return *verdict;
    Diagnosis inner = diagnose_exchange(suspect, suspect.chain.back());
    if (const auto verdict = budgets(suspect, inner)) return *verdict;
    return inner;
}

Diagnosis Detective::diagnose_exchange(const Suspect& suspect, const Exchange& exchange) const {
    const auto first_of = [](std::initializer_list<Verdict_> verdicts) {
        for (const Verdict_& verdict : verdicts) {
            if (verdict) return verdict;
        }
        return Verdict_{};
    };
    const int caller = exchange.link->from;
    Verdict_ verdict = first_of({damaged(exchange), wrong_address(suspect, caller, exchange)});
    if (!verdict && !exchange.is_bad()) {
        verdict = first_of({cut_on_its_way(suspect, exchange), stream(suspect, exchange),
                            idle_tunnel(suspect, exchange)});
    }
    if (!verdict && exchange.symptom == Symptom::icmp) verdict = icmp(exchange);
    if (!verdict && exchange.symptom == Symptom::refused) verdict = refused(exchange);
    if (!verdict) {
        verdict = first_of({reset_on_the_way(exchange), unseen_retransmissions(exchange),
                            slow_link(suspect, exchange), dropped(exchange)});
    }
    if (!verdict && exchange.symptom == Symptom::connecting) {
        verdict = first_of({queue_full(exchange), program_gone(exchange), silent_kernel(exchange)});
    }
    if (!verdict) {
        verdict = first_of({queue_full(exchange), program_gone(exchange),
                            out_of_descriptors(exchange.link->to, exchange.ran),
                            words_of_databases(suspect), forgotten_by_callee(exchange),
                            keep_alive_race(suspect, exchange), api_says_no(suspect, exchange),
                            answered_alone(suspect, exchange), waits_for_a_slot(suspect, exchange),
                            not_reading(exchange), window_closed(exchange),
                            stream(suspect, exchange), error_of_its_own(suspect, exchange),
                            one_sided(exchange), program_silent(suspect, exchange)});
    }
    if (verdict) return *verdict;
    return not_enough(
        exchange.is_bad()
            ? fmt::format("what was recorded does not say why ({})", name_of(exchange.symptom))
            : "its packets show nothing that went wrong",
        {}, "record both ends of the link, and the callee's counters, sockets and log");
}

}  // namespace etimedout
