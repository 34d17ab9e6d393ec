// health_check: how often a callee is checked, what follows from it, and whether it is true.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

struct HealthProbe {
    Duration began{};
    Duration ended{};
    bool good = false;
};

struct ProbedTraffic {
    std::vector<HealthProbe> probes{};
    std::vector<Attempt> others{};  // by their begin
};

// When a connection was accepted. HAProxy's checks end it there with RST, and never establish it.
std::optional<Duration> answer_of(const Connection& connection) {
    for (const TcpMoment& moment : connection.moments) {
        if (moment.what->what == "syn_ack") return moment.t;
    }
    return connection.established;
}

ProbedTraffic split(const HealthCheckBound& bound, const std::vector<Attempt>& attempts,
                    const Selection& selection) {
    ProbedTraffic traffic;
    for (const Attempt& one : attempts) {
        if (one.request == nullptr) continue;
        const std::string& path = one.request->message->path;
        if (bound.path && path.substr(0, path.find('?')) == *bound.path) {
            const bool good = one.good && one.status >= 200 && one.status < 400;
            traffic.probes.push_back({one.began, one.ended, good});
        } else {
            traffic.others.push_back(one);
        }
    }
    if (bound.path) {
        // A check that was not let in is one, if nothing else could have been.
        for (const Attempt& one : attempts) {
            if (one.request == nullptr) traffic.probes.push_back({one.began, one.ended, false});
        }
    } else {
        for (const Connection* one : selection.fresh) {
            if (!one->requests.empty() || one->bytes > 0) continue;
            const auto answered = answer_of(*one);
            traffic.probes.push_back(
                {one->began, answered.value_or(one->last_seen), answered.has_value()});
        }
    }
    std::stable_sort(traffic.probes.begin(), traffic.probes.end(),
                     [](const HealthProbe& a, const HealthProbe& b) { return a.began < b.began; });
    return traffic;
}

// The first and the last request that began in (from, to).
std::pair<const Attempt*, const Attempt*> begun_between(const std::vector<Attempt>& others,
                                                        Duration from, Duration to) {
    const auto first =
        std::upper_bound(others.begin(), others.end(), from,
                         [](Duration t, const Attempt& one) { return t < one.began; });
    const auto behind = std::lower_bound(
        first, others.end(), to, [](const Attempt& one, Duration t) { return one.began < t; });
    if (first == behind) return {nullptr, nullptr};
    return {&*first, &*std::prev(behind)};
}

// A row of checks that fail, [begin, end), and what became of the traffic in and after it.
struct FailingRow {
    std::size_t begin = 0;
    std::size_t end = 0;
};

std::vector<FailingRow> failing_rows(const std::vector<HealthProbe>& probes) {
    std::vector<FailingRow> rows;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i].good) continue;
        if (rows.empty() || rows.back().end != i) rows.push_back({i, i});
        rows.back().end = i + 1;
    }
    return rows;
}

void check_row(const LogIndex& log, const HealthCheckBound& bound, const ProbedTraffic& traffic,
               const FailingRow& row, ModelCheck& model) {
    const auto& probes = traffic.probes;
    const auto length = static_cast<std::int64_t>(row.end - row.begin);
    // What is too short to count is a hiccup, and may change nothing.
    if (bound.unhealthy_after && length < bound.unhealthy_after->at_least.value_or(1)) return;
    const Duration recovered = row.end < probes.size() ? probes[row.end].ended : log.end_time();
    const auto last = begun_between(traffic.others, probes[row.begin].began, recovered).second;
    std::int64_t before_last = 0;
    for (std::size_t i = row.begin; last != nullptr && i < row.end; ++i) {
        if (probes[i].ended < last->began) ++before_last;
    }
    const bool stopped = before_last < length;
    if (bound.unhealthy_after) {
        Check check = stopped ? measure(*bound.unhealthy_after, before_last + 1)
                              : missed(expected_of(*bound.unhealthy_after),
                                       fmt::format("other requests went on after {}",
                                                   amount(static_cast<std::size_t>(length),
                                                          "failed check", "failed checks")));
        if (last != nullptr) check.finding.evidence.push_back("the last was " + in_words(*last));
        check.finding.at = probes[row.begin].ended;
        model.add("unhealthy_after", std::move(check));
    }
    if (!bound.healthy_after || !stopped || row.end >= probes.size()) return;
    const auto back = begun_between(traffic.others, probes[row.end].began, Duration::max()).first;
    if (back == nullptr) {
        model.add("healthy_after",
                  missed(expected_of(*bound.healthy_after), "no other request came back"));
        return;
    }
    std::int64_t good = 0;
    for (std::size_t i = row.end; i < probes.size() && probes[i].ended <= back->began; ++i) {
        if (probes[i].good) ++good;
    }
    Check check = measure(*bound.healthy_after, good);
    check.finding.evidence.push_back("the first was " + in_words(*back));
    check.finding.at = back->began;
    model.add("healthy_after", std::move(check));
}

// Requests that failed between two checks that both succeeded.
Check check_lies(const ProbedTraffic& traffic, bool wanted) {
    std::vector<const Attempt*> unnoticed;
    const auto& probes = traffic.probes;
    for (const Attempt& one : traffic.others) {
        if (one.good) continue;
        const auto next =
            std::lower_bound(probes.begin(), probes.end(), one.ended,
                             [](const HealthProbe& probe, Duration t) { return probe.began < t; });
        if (next == probes.end() || next == probes.begin()) continue;
        if (next->good && std::prev(next)->good) unnoticed.push_back(&one);
    }
    const std::string observed = unnoticed.empty()
                                     ? "false"
                                     : fmt::format("true: {} failed between checks that succeeded",
                                                   amount(unnoticed.size(), "request", "requests"));
    Check check;
    if (unnoticed.empty() == wanted) check = missed({}, {});
    check.finding.expected = wanted ? "true" : "false";
    check.finding.observed = observed;
    if (!unnoticed.empty()) {
        check.finding.evidence.push_back(in_words(*unnoticed.front()));
        check.finding.at = unnoticed.front()->began;
    }
    return check;
}

}  // namespace

Check check_health_check(const LogIndex& log, const Expectation& expectation) {
    const HealthCheckBound& bound = *expectation.health_check;
    const auto found = select(log, expectation);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    const auto& selection = std::get<Selection>(found);
    const ProbedTraffic traffic = split(bound, attempts_of(log, expectation, selection), selection);
    const auto& probes = traffic.probes;
    const std::string what =
        bound.path ? fmt::format("requests of {}", *bound.path) : "connections that carry nothing";
    if (probes.empty()) {
        return missed("checks of the callee",
                      fmt::format("there are no {} on `{}`", what, expectation.at));
    }
    ModelCheck model;
    const auto failed = std::count_if(probes.begin(), probes.end(),
                                      [](const HealthProbe& one) { return !one.good; });
    model.evidence(fmt::format("{}, of which {} failed; {}",
                               amount(probes.size(), "check", "checks"), failed,
                               amount(traffic.others.size(), "other request", "other requests")));
    for (std::size_t i = 1; bound.every && i < probes.size(); ++i) {
        Check check = measure(*bound.every, probes[i].began - probes[i - 1].began);
        check.finding.at = probes[i].began;
        model.add("every", std::move(check));
    }
    if (bound.every && probes.size() < 2) {
        model.add("every", missed(expected_of(*bound.every), "there was one check alone"));
    }
    for (const FailingRow& row : failing_rows(probes)) check_row(log, bound, traffic, row, model);
    if (failed == 0) {
        if (bound.unhealthy_after) {
            model.add("unhealthy_after",
                      missed(expected_of(*bound.unhealthy_after), "no check ever failed"));
        }
        if (bound.healthy_after) {
            model.add("healthy_after",
                      missed(expected_of(*bound.healthy_after), "no check ever failed"));
        }
    }
    // Rows that were too short to count, or that lasted to the end of the log.
    if (bound.unhealthy_after && !model.has("unhealthy_after")) {
        model.add("unhealthy_after",
                  missed(expected_of(*bound.unhealthy_after), "never did as many fail in a row"));
    }
    if (bound.healthy_after && !model.has("healthy_after")) {
        model.add("healthy_after", missed(expected_of(*bound.healthy_after),
                                          "it never was unhealthy, and healthy again"));
    }
    if (bound.lies) model.add("lies", check_lies(traffic, *bound.lies));
    return std::move(model).finish();
}

}  // namespace etimedout
