// dns_cache: how often a name is asked for, whether its TTL counts, and for how long an old address
// is used.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"
#include "harness/expect/selection.hh"

namespace etimedout {

namespace {

// TTLs are whole seconds, and a cache may have rounded what is left of one either way.
constexpr Duration ttl_resolution = 1s;

struct DnsMoment {
    Duration t{};
    const DnsMessage* what = nullptr;
};

std::string plain_name(const std::string& name) {
    std::string plain = name;
    for (char& c : plain) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (plain.ends_with('.')) plain.pop_back();
    return plain;
}

// What was asked about the name, and answered, on some links in some time.
struct Lookups {
    std::vector<DnsMoment> queries{};  // each once, however often it was sent
    std::vector<DnsMoment> answers{};
};

Lookups lookups_of(const LogIndex& log, const DnsCacheBound& bound,
                   const std::set<std::string, std::less<>>& links, const Window& window) {
    const std::string name = plain_name(bound.name);
    Lookups lookups;
    std::map<std::string, Duration> asked;  // by what makes a query the same as another
    for (const Event* event : log.events()) {
        const auto* message = std::get_if<DnsMessage>(&event->what);
        if (message == nullptr || message->end != "near" || !links.contains(message->link))
            continue;
        if (!window.contains(event->t) || plain_name(message->name) != name) continue;
        if (bound.type && message->type != *bound.type) continue;
        if (message->what == "answer") lookups.answers.push_back({event->t, message});
        if (message->what != "query") continue;
        // Sent again, or to another server, it has the same number as long as it is unanswered.
        constexpr Duration one_question = 30s;
        const std::string key = fmt::format("{} {}", message->id, message->type);
        const auto [place, is_new] = asked.try_emplace(key, event->t);
        const bool again = !is_new && event->t - place->second < one_question;
        place->second = event->t;
        if (!again) lookups.queries.push_back({event->t, message});
    }
    return lookups;
}

bool is_good(const DnsMessage& answer) {
    return answer.rcode == "NOERROR" && answer.ttl && !answer.records.empty();
}

// A query of the same type before the last answer's TTL is over.
Check check_early(const Lookups& lookups) {
    std::map<std::string, DnsMoment> newest;  // good answer, by type
    Check check;
    check.finding.observed = "true";
    auto answer = lookups.answers.begin();
    for (const DnsMoment& query : lookups.queries) {
        for (; answer != lookups.answers.end() && answer->t <= query.t; ++answer) {
            if (is_good(*answer->what)) newest[answer->what->type] = *answer;
        }
        const auto known = newest.find(query.what->type);
        if (known == newest.end()) continue;
        const Duration ttl = *known->second.what->ttl;
        const Duration age = query.t - known->second.t;
        if (age + ttl_resolution >= ttl) continue;
        return missed({}, fmt::format("asked again {} after an answer that was good for {}",
                                      show(age), show(ttl)));
    }
    return check;
}

struct StaleUse {
    Duration by{};
    Duration t{};
    std::string address{};
};

std::string host_of(const std::string& endpoint) {
    std::string host = endpoint.substr(0, endpoint.rfind(':'));
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    return host;
}

// The longest time after the end of its TTL at which an address of the name was connected to.
std::optional<StaleUse> longest_stale(const LogIndex& log, const Lookups& lookups,
                                      const std::set<std::string, std::less<>>& links,
                                      const Window& window) {
    struct Use {
        Duration t{};
        std::string address{};
    };
    std::vector<Use> uses;
    for (const std::string& link : links) {
        for (const Connection& one : log.link(link).connections) {
            if (!window.contains(one.began) || one.server.ends_with(":53")) continue;
            uses.push_back({one.began, host_of(one.server)});
        }
    }
    std::stable_sort(uses.begin(), uses.end(),
                     [](const Use& a, const Use& b) { return a.t < b.t; });
    std::map<std::string, Duration> good_until;  // by address
    std::optional<StaleUse> longest;
    auto answer = lookups.answers.begin();
    for (const Use& use : uses) {
        for (; answer != lookups.answers.end() && answer->t <= use.t; ++answer) {
            if (!is_good(*answer->what)) continue;
            for (const std::string& record : answer->what->records) {
                const auto space = record.find(' ');
                const std::string type = record.substr(0, space);
                if (space == std::string::npos || (type != "A" && type != "AAAA")) continue;
                Duration& until = good_until[record.substr(space + 1)];
                until = std::max(until, answer->t + *answer->what->ttl);
            }
        }
        const auto known = good_until.find(use.address);
        if (known == good_until.end()) continue;
        const Duration by = std::max(Duration{}, use.t - known->second);
        if (!longest || by > longest->by) longest = StaleUse{by, use.t, use.address};
    }
    return longest;
}

Check check_ttl(bool wanted, const Lookups& lookups, const std::optional<StaleUse>& stale) {
    Check check = check_early(lookups);
    if (check.finding.verdict == Verdict::pass && stale && stale->by > ttl_resolution) {
        check = missed({}, fmt::format("{} was connected to {} after its TTL was over",
                                       stale->address, show(stale->by)));
        check.finding.at = stale->t;
    }
    const bool obeys = check.finding.verdict == Verdict::pass;
    if (obeys != wanted) {
        check.finding.verdict = Verdict::fail;
    } else {
        check.finding.verdict = Verdict::pass;
        check.badness = 0;
    }
    check.finding.expected = wanted ? "true" : "false";
    if (!obeys) check.finding.observed = "false: " + check.finding.observed;
    return check;
}

}  // namespace

Check check_dns_cache(const LogIndex& log, const Expectation& expectation) {
    const DnsCacheBound& bound = *expectation.dns_cache;
    const LinkSpec* link = log.link_spec(expectation.at);
    const std::string node = link != nullptr ? link->from : expectation.at;
    std::set<std::string, std::less<>> links;  // of the node, and those at which it asks
    for (const NamedLink& one : log.scenario().topology.links) {
        if (one.spec.from == node) links.insert(one.name);
    }
    auto found = window_of(log, expectation);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    Window window = std::get<Window>(found);
    if (expectation.of) {
        const Window call = *log.window_of_call(*expectation.of);
        window.from = std::max(window.from, call.from);
        window.to = std::min(window.to, call.to + expectation.settle.value_or(Duration{}));
    }
    std::set<std::string, std::less<>> asked_at = links;
    if (link != nullptr) asked_at = {expectation.at};
    for (const std::string& name : asked_at) {
        if (!log.link(name).captured) {
            return no_answer(ErrorCause::unseen,
                             fmt::format("there is no complete capture of the link `{}`", name),
                             "look at how the run ended; the capture is closed with the world");
        }
    }
    const Lookups lookups = lookups_of(log, bound, asked_at, window);
    ModelCheck model;
    model.evidence(fmt::format("{} for {}, {}", amount(lookups.queries.size(), "query", "queries"),
                               bound.name, amount(lookups.answers.size(), "answer", "answers")));
    for (const DnsMoment& query : lookups.queries) {
        model.evidence(
            fmt::format("{} asked for {} {}", show(query.t), query.what->type, query.what->name));
    }
    if (bound.queries) {
        Check check = measure(*bound.queries, static_cast<std::int64_t>(lookups.queries.size()));
        if (!lookups.queries.empty()) check.finding.at = lookups.queries.back().t;
        if (bound.queries->at_most && !expectation.of && !expectation.during) {
            const Duration last = lookups.queries.empty() ? window.from : lookups.queries.back().t;
            check = if_watched(std::move(check), log, expectation,
                               {std::min(last, log.steps_end()), {}});
        }
        model.add("queries", std::move(check));
    }
    if (lookups.queries.empty() && (bound.obeys_ttl || bound.stale_for)) {
        model.add("obeys_ttl",
                  missed("a lookup", fmt::format("`{}` never asked for {}", node, bound.name)));
        return std::move(model).finish();
    }
    const auto stale = longest_stale(log, lookups, links, window);
    if (bound.obeys_ttl) model.add("obeys_ttl", check_ttl(*bound.obeys_ttl, lookups, stale));
    if (bound.stale_for) {
        if (stale) {
            Check check = measure(*bound.stale_for, stale->by);
            check.finding.evidence.push_back(
                fmt::format("{} was connected to at {}", stale->address, show(stale->t)));
            check.finding.at = stale->t;
            model.add("stale_for", std::move(check));
        } else {
            model.add("stale_for",
                      missed(expected_of(*bound.stale_for),
                             fmt::format("`{}` connected to no address of {}", node, bound.name)));
        }
    }
    return std::move(model).finish();
}

}  // namespace etimedout
