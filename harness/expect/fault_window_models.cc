// bulkhead, degraded: what holds while a fault elsewhere lasts. pool: how connections are kept.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

// While the fault lasts; a run without it proves nothing of what holds then.
std::variant<Window, Check> window_of_fault(const LogIndex& log,
                                            const std::optional<std::string>& fault) {
    const FaultLife& life = log.fault(fault.value_or(""));
    if (!life.armed) {
        return no_answer(
            ErrorCause::reference,
            fmt::format("the fault `{}` named by `while` was never armed", fault.value_or("")),
            "a run without that fault says nothing about it; prove this with a "
            "`counter_example` in which the remedy is missing");
    }
    return Window{*life.armed, life.healed.value_or(log.end_time())};
}

// One thing that was done: a repetition of a call, or an attempt at a link.
struct Deed {
    Duration began{};
    Duration took{};
    bool good = false;
    std::string text{};
};

std::variant<std::vector<Deed>, Check> deeds_at(const LogIndex& log,
                                                const Expectation& expectation) {
    std::vector<Deed> deeds;
    if (log.is_call(expectation.at)) {
        for (const CallRun& run : log.runs_of(expectation.at)) {
            const bool good = run.end != nullptr && succeeded(*run.end);
            deeds.push_back({run.ran.from, run.ran.to - run.ran.from, good,
                             fmt::format("repetition {}: {}", run.begin->index,
                                         run.end != nullptr ? run.end->outcome : "never_ended")});
        }
        return deeds;
    }
    const auto found = attempts_at(log, expectation, expectation.at, expectation.of);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    for (const Attempt& one : std::get<std::vector<Attempt>>(found)) {
        deeds.push_back({one.began, one.ended - one.began, one.good, in_words(one)});
    }
    return deeds;
}

const Deed& longest_of(const std::vector<Deed>& deeds) {
    return *std::max_element(deeds.begin(), deeds.end(),
                             [](const Deed& a, const Deed& b) { return a.took < b.took; });
}

}  // namespace

Check check_bulkhead(const LogIndex& log, const Expectation& expectation) {
    const BulkheadBound& bound = *expectation.bulkhead;
    const auto window = window_of_fault(log, bound.while_fault);
    if (const auto* problem = std::get_if<Check>(&window)) return *problem;
    auto found = deeds_at(log, expectation);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    std::vector<Deed> during;
    std::vector<Deed> otherwise;
    for (Deed& deed : std::get<std::vector<Deed>>(found)) {
        const bool then = std::get<Window>(window).contains(deed.began);
        (then ? during : otherwise).push_back(std::move(deed));
    }
    if (during.empty()) {
        return no_answer(ErrorCause::unseen,
                         fmt::format("nothing began at `{}` while the fault `{}` lasted",
                                     expectation.at, *bound.while_fault),
                         "make calls there in that time");
    }
    ModelCheck model;
    const Deed& longest = longest_of(during);
    if (bound.success) {
        const auto good =
            std::count_if(during.begin(), during.end(), [](const Deed& deed) { return deed.good; });
        Check check =
            measure(*bound.success, static_cast<double>(good) / static_cast<double>(during.size()));
        check.finding.evidence.push_back(fmt::format("{} of {} succeeded", good, during.size()));
        const auto bad =
            std::find_if(during.begin(), during.end(), [](const Deed& deed) { return !deed.good; });
        if (bad != during.end()) {
            check.finding.evidence.push_back(bad->text);
            check.finding.at = bad->began;
        }
        model.add("success", std::move(check));
    }
    if (bound.longest) {
        Check check = measure(*bound.longest, longest.took);
        check.finding.evidence.push_back(longest.text);
        check.finding.at = longest.began;
        model.add("longest", std::move(check));
    }
    if (bound.slower_by) {
        if (otherwise.empty()) {
            return no_answer(ErrorCause::unseen,
                             fmt::format("nothing began at `{}` before or after the fault `{}`, to "
                                         "compare with",
                                         expectation.at, *bound.while_fault),
                             "make calls there in that time too, or write `longest`");
        }
        const Duration usual = longest_of(otherwise).took;
        Check check = measure(*bound.slower_by, std::max(Duration{}, longest.took - usual));
        check.finding.evidence.push_back(
            fmt::format("{} at the most, against {} otherwise", show(longest.took), show(usual)));
        check.finding.at = longest.began;
        model.add("slower_by", std::move(check));
    }
    model.evidence(fmt::format("{} while `{}` lasted, {} otherwise",
                               amount(during.size(), "of them began", "of them began"),
                               *bound.while_fault, otherwise.size()));
    return std::move(model).finish();
}

Check check_degraded(const LogIndex& log, const Expectation& expectation) {
    const DegradedBound& bound = *expectation.degraded;
    const auto window = window_of_fault(log, bound.while_fault);
    if (const auto* problem = std::get_if<Check>(&window)) return *problem;
    constexpr std::size_t kept = 65536;  // event.hh
    ModelCheck model;
    std::size_t during = 0;
    for (const CallRun& run : log.runs_of(expectation.at)) {
        const auto place = [&](const std::string& part, Check check) {
            check.finding.at = run.ran.to;
            model.add(part, std::move(check));
        };
        const bool answered = run.end != nullptr && run.end->status;
        if (!std::get<Window>(window).contains(run.ran.from)) {
            if (!bound.body || !answered) continue;
            // The fallback is not what everybody gets all the time.
            if (compare_text(*bound.body, run.end->body, kept).finding.verdict != Verdict::pass) {
                continue;
            }
            place("body", missed(expected_of(*bound.body),
                                 fmt::format("the fallback, although `{}` was not there",
                                             *bound.while_fault)));
            continue;
        }
        ++during;
        const std::string instead =
            run.end != nullptr ? "no response: " + run.end->outcome : "no response: never_ended";
        if (bound.status) {
            Check check = answered ? measure(*bound.status, *run.end->status)
                                   : missed(expected_of(*bound.status), instead);
            check.finding.missed_by.clear();
            place("status", std::move(check));
        }
        if (bound.body) {
            place("body", answered ? compare_text(*bound.body, run.end->body, kept)
                                   : missed(expected_of(*bound.body), instead));
        }
        if (bound.within) {
            place("within", measure(*bound.within, run.ran.to - run.ran.from));
        }
    }
    if (during == 0) {
        return no_answer(ErrorCause::unseen,
                         fmt::format("`{}` made no call while the fault `{}` lasted",
                                     expectation.at, *bound.while_fault),
                         "make calls in that time");
    }
    model.evidence(
        fmt::format("{} while `{}` lasted", amount(during, "call", "calls"), *bound.while_fault));
    return std::move(model).finish();
}

Check check_pool(const LogIndex& log, const Expectation& expectation) {
    const PoolBound& bound = *expectation.pool;
    const auto found = select(log, expectation);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    const auto& selection = std::get<Selection>(found);
    if (selection.connections.empty()) {
        return missed("a pool of connections",
                      fmt::format("nothing ever came to `{}`", expectation.at));
    }
    ModelCheck model;
    if (bound.size) {
        std::vector<std::pair<Duration, int>> changes;
        for (const Connection* one : selection.connections) {
            if (!one->established) continue;
            changes.emplace_back(*one->established, 1);
            changes.emplace_back(one->closed.value_or(Duration::max()), -1);
        }
        std::sort(changes.begin(), changes.end());
        std::int64_t open = 0;
        std::int64_t peak = 0;
        Duration when{};
        for (const auto& [t, change] : changes) {
            open += change;
            if (open > peak) when = t;
            peak = std::max(peak, open);
        }
        Check check = measure(*bound.size, peak);
        check.finding.at = when;
        check.finding.evidence.push_back(fmt::format("{} open at {}", peak, show(when)));
        model.add("size", std::move(check));
    }
    if (bound.reuse) {
        if (auto unseen = unseen_requests(selection, expectation.at)) return *unseen;
        const auto again =
            std::count_if(selection.requests.begin(), selection.requests.end(),
                          [](const Request* one) { return one->message->number > 1; });
        const auto all = selection.requests.size();
        Check check =
            all == 0 ? missed(expected_of(*bound.reuse), "no request came")
                     : measure(*bound.reuse, static_cast<double>(again) / static_cast<double>(all));
        check.finding.evidence.push_back(
            fmt::format("{} of {} requests over {}", again, all,
                        amount(selection.connections.size(), "connection", "connections")));
        model.add("reuse", std::move(check));
    }
    if (bound.idle) {
        bool any = false;
        for (const Connection* one : selection.connections) {
            if (!one->closed || one->closed_by != "client" || !one->last_byte) continue;
            any = true;
            Check check = measure(*bound.idle, *one->closed - *one->last_byte);
            check.finding.at = one->closed;
            check.finding.evidence.push_back(
                fmt::format("connection {} was closed at {}", one->number, show(*one->closed)));
            model.add("idle", std::move(check));
        }
        if (!any) {
            model.add("idle", missed(expected_of(*bound.idle),
                                     "its caller closed no connection before the log ended"));
        }
    }
    return std::move(model).finish();
}

}  // namespace etimedout
