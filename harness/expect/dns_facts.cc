// Facts about names: the queries and answers that a link, or a node that is asked, has seen.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/facts.hh"
#include "harness/expect/selection.hh"
#include "simulator/dns/zone.hh"

namespace etimedout {

namespace {

// A link shows what its caller sent and got, a node what reached it and what it said.
bool is_seen_at(const LogIndex& log, const std::string& place, const DnsMessage& message) {
    if (log.is_link(place)) return message.link == place && message.end == "near";
    const LinkSpec* link = log.link_spec(message.link);
    return link != nullptr && link->to == place && message.end == "far";
}

bool is_meant(const DnsBound& bound, const DnsMessage& message) {
    if (bound.name && !name_matches(canonical_name(*bound.name), message.name)) return false;
    if (bound.type && *bound.type != message.type) return false;
    if (bound.transport && word_of(*bound.transport) != message.transport) return false;
    return !bound.rcode || *bound.rcode == message.rcode;
}

std::string line_of(const At<DnsMessage>& seen) {
    const DnsMessage& message = *seen.what;
    std::string line = fmt::format("{}: {} {} {} over {}", show(seen.t), message.what, message.type,
                                   message.name, message.transport);
    if (message.what == "answer") {
        line += fmt::format(": {}{}{}", message.rcode, message.records.empty() ? "" : ", ",
                            fmt::join(message.records, ", "));
    }
    return one_line(line);
}

// Nothing may be concluded from links of which packets were lost, or that were not captured.
std::optional<Check> unseen(const LogIndex& log, const std::string& place) {
    for (const NamedLink& link : log.scenario().topology.links) {
        if (link.name != place && link.spec.to != place) continue;
        const LinkTraffic& traffic = log.link(link.name);
        if (traffic.captured && traffic.dropped == 0) continue;
        return no_answer(ErrorCause::unseen,
                         fmt::format("the capture of the link `{}` is not whole", link.name),
                         "run it again; see the end of the log");
    }
    return std::nullopt;
}

struct DnsView {
    const LogIndex& log;
    const Expectation& expectation;
    Window window;
};

Check check_messages(const DnsView& view, std::string_view what, const DnsBound& bound) {
    std::vector<At<DnsMessage>> meant;
    for (const At<DnsMessage>& seen : view.log.dns_messages()) {
        if (seen.what->what != what || !view.window.contains(seen.t)) continue;
        if (!is_seen_at(view.log, view.expectation.at, *seen.what)) continue;
        if (is_meant(bound, *seen.what)) meant.push_back(seen);
    }
    Check check = measure(bound.count, static_cast<std::int64_t>(meant.size()));
    for (const At<DnsMessage>& seen : meant) check.finding.evidence.push_back(line_of(seen));
    if (!meant.empty()) check.finding.at = meant.back().t;
    if (!bound.count.at_most || view.expectation.during || view.expectation.of) return check;
    const Duration last = meant.empty() ? view.window.from : meant.back().t;
    return if_watched(std::move(check), view.log, view.expectation,
                      {std::min(last, view.log.steps_end()), {}});
}

}  // namespace

void check_dns_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const auto each = [&](const auto& act) {
        if (expectation.queries) act("queries", "query", *expectation.queries);
        if (expectation.answers) act("answers", "answer", *expectation.answers);
    };
    const auto refuse = [&](const Check& problem) {
        each([&](const char* key, const char* /*what*/, const DnsBound& /*bound*/) {
            facts.add(key, problem);
        });
    };
    if (!expectation.queries && !expectation.answers) return;
    if (!log.is_link(expectation.at) && !log.is_node(expectation.at)) {
        return refuse(no_answer(ErrorCause::reference,
                                fmt::format("`{}` is no link and no node", expectation.at),
                                "name one of them with `at`"));
    }
    if (const auto problem = unseen(log, expectation.at)) return refuse(*problem);
    const auto window = window_of(log, expectation);
    if (const auto* problem = std::get_if<Check>(&window)) return refuse(*problem);
    DnsView view{log, expectation, std::get<Window>(window)};
    if (expectation.of) {
        const Window call = *log.window_of_call(*expectation.of);  // known: window_of() has asked
        view.window.from = std::max(view.window.from, call.from);
        view.window.to = std::min(view.window.to, call.to);
    }
    each([&](const char* key, const char* what, const DnsBound& bound) {
        facts.add(key, check_messages(view, what, bound));
    });
}

}  // namespace etimedout
