// Facts of order: what came after what, what never came, what came in time; and alternatives.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/event_match.hh"
#include "harness/expect/facts.hh"
#include "harness/expect/selection.hh"
#include "harness/scenario/expectations.hh"

namespace etimedout {

namespace {

// From here on order is judged; `of` is a call's time, as `during` is.
std::variant<Window, Check> order_window(const LogIndex& log, const Expectation& expectation) {
    auto window = window_of(log, expectation);
    auto* found = std::get_if<Window>(&window);
    if (found == nullptr || !expectation.of) return window;
    const Window call = *log.window_of_call(*expectation.of);
    found->from = std::max(found->from, call.from);
    found->to = std::min(found->to, call.to + expectation.settle.value_or(Duration{}));
    return window;
}

Check wrong_match(const Problem& problem) {
    return no_answer(ErrorCause::reference, problem.message, problem.advice);
}

// `at` of the expectation holds for matches that do not say where.
EventMatch placed(EventMatch match, const Expectation& expectation) {
    if (!expectation.at.empty() && !match.fields.contains("at")) {
        bool says_where = false;
        for (const char* place : {"link", "node", "call", "fault"}) {
            says_where = says_where || match.fields.contains(place);
        }
        if (!says_where) match.fields["at"] = expectation.at;
    }
    return match;
}

struct Found {
    std::size_t index = 0;
    const Event* event = nullptr;
};

std::optional<Found> first_match(const LogIndex& log, const EventMatch& match, const Window& window,
                                 std::size_t from) {
    const auto& events = log.events();
    for (std::size_t i = from; i < events.size(); ++i) {
        if (!window.contains(events[i]->t)) continue;
        if (matches(match, *events[i])) return Found{i, events[i]};
    }
    return std::nullopt;
}

Check check_sequence(const LogIndex& log, const Expectation& expectation, const Window& window) {
    std::vector<std::string> expected;
    for (const EventMatch& match : expectation.sequence) {
        if (const auto problem = problem_with(match)) return wrong_match(*problem);
        expected.push_back(in_one_line(match));
    }
    Check check;
    check.finding.expected = fmt::format("{}", fmt::join(expected, ", then "));
    std::size_t from = 0;
    for (std::size_t i = 0; i < expectation.sequence.size(); ++i) {
        const auto found =
            first_match(log, placed(expectation.sequence[i], expectation), window, from);
        if (!found) {
            Finding& finding = check.finding;
            finding.verdict = Verdict::fail;
            finding.observed = fmt::format(
                "{} of {}: {} did not come{}", i, expectation.sequence.size(), expected[i],
                finding.at ? fmt::format(" after {}", show(*finding.at)) : std::string{});
            return check;
        }
        check.finding.evidence.push_back(in_one_line(*found->event));
        check.finding.at = found->event->t;
        from = found->index + 1;
    }
    check.finding.observed = "all of them, in this order";
    return check;
}

Check check_never(const LogIndex& log, const Expectation& expectation, const Window& window) {
    const EventMatch match = placed(*expectation.never, expectation);
    if (const auto problem = problem_with(*expectation.never)) return wrong_match(*problem);
    Check check;
    check.finding.expected = fmt::format("never {}", in_one_line(*expectation.never));
    std::size_t from = 0;
    std::int64_t count = 0;
    constexpr std::size_t few = 3;
    while (const auto found = first_match(log, match, window, from)) {
        if (count == 0) check.finding.at = found->event->t;
        if (check.finding.evidence.size() < few) {
            check.finding.evidence.push_back(in_one_line(*found->event));
        }
        ++count;
        from = found->index + 1;
    }
    if (count > 0) {
        check.finding.verdict = Verdict::fail;
        check.finding.observed = fmt::format("{} time{}, first at {}", count, count == 1 ? "" : "s",
                                             show(*check.finding.at));
        return check;
    }
    check.finding.observed = "never";
    if (expectation.during || expectation.of) return check;
    return if_watched(std::move(check), log, expectation,
                      {std::max(window.from, log.steps_end()), {}});
}

// Of no event at all nothing is true: that is a failure, not a pass.
Check check_always(const LogIndex& log, const Expectation& expectation, const Window& window) {
    if (const auto problem = problem_with(*expectation.always)) return wrong_match(*problem);
    EventMatch which;
    for (const auto& [field, value] : expectation.always->fields) {
        if (says_which(field)) which.fields[field] = value;
    }
    const EventMatch meant = placed(which, expectation);
    Check check;
    check.finding.expected = fmt::format("always {}", in_one_line(*expectation.always));
    std::size_t from = 0;
    std::int64_t all = 0;
    std::int64_t others = 0;
    constexpr std::size_t few = 3;
    while (const auto found = first_match(log, meant, window, from)) {
        ++all;
        from = found->index + 1;
        if (matches(*expectation.always, *found->event)) continue;
        if (others++ == 0) check.finding.at = found->event->t;
        if (check.finding.evidence.size() < few) {
            check.finding.evidence.push_back(in_one_line(*found->event));
        }
    }
    if (all == 0) return missed(check.finding.expected, "there was no such event at all");
    check.finding.observed = fmt::format("{} of {} are so", all - others, all);
    if (others > 0) {
        check.finding.verdict = Verdict::fail;
        return check;
    }
    if (expectation.during || expectation.of) return check;
    return if_watched(std::move(check), log, expectation,
                      {std::max(window.from, log.steps_end()), {}});
}

Check check_eventually(const LogIndex& log, const Expectation& expectation, const Window& all) {
    const EventMatch match = placed(*expectation.eventually, expectation);
    if (const auto problem = problem_with(*expectation.eventually)) return wrong_match(*problem);
    Window window = all;
    Check check;
    check.finding.expected = in_one_line(*expectation.eventually);
    if (expectation.within) {
        if (!expectation.since && !expectation.during && !expectation.of) {
            window.from = log.steps_begin();
        }
        check.finding.expected += fmt::format(" within {}", show(*expectation.within));
    }
    const auto found = first_match(log, match, window, 0);
    if (!found) {
        if (expectation.within && log.end_time() < window.from + *expectation.within) {
            Check early =
                no_answer(ErrorCause::unwatched,
                          fmt::format("it had not come when the log ended, only {} after that",
                                      show(log.end_time() - window.from)),
                          "write a `wait` step or `settle:`, so that it has its time");
            early.finding.expected = check.finding.expected;
            return early;
        }
        return missed(check.finding.expected, "it never came");
    }
    const Duration after = found->event->t - window.from;
    check.finding.at = found->event->t;
    check.finding.evidence.push_back(in_one_line(*found->event));
    check.finding.observed = fmt::format("it came after {}", show(after));
    if (expectation.within && after > *expectation.within) {
        check.finding.verdict = Verdict::fail;
        check.finding.missed_time = after - *expectation.within;
        check.finding.missed_by = fmt::format("late by {}", show(*check.finding.missed_time));
    }
    return check;
}

// What an alternative does not say itself, it has from the expectation around it.
Expectation inherit(Expectation inner, const Expectation& outer) {
    if (inner.at.empty()) inner.at = outer.at;
    if (!inner.of) inner.of = outer.of;
    if (!inner.during) inner.during = outer.during;
    if (!inner.since) inner.since = outer.since;
    if (!inner.settle) inner.settle = outer.settle;
    if (inner.ignore_paths.empty()) inner.ignore_paths = outer.ignore_paths;
    if (inner.ignore_sources.empty()) inner.ignore_sources = outer.ignore_sources;
    return inner;
}

struct Alternative {
    Verdict verdict = Verdict::pass;
    ErrorCause cause = ErrorCause::none;
    std::string line{};
    std::optional<Duration> missed_time{};
    std::optional<Duration> at{};
};

Alternative check_alternative(const LogIndex& log, const Expectation& inner) {
    Alternative result;
    std::vector<std::string> parts;
    bool only_times = true;
    Facts facts = check_facts(log, inner);
    for (auto& [fact, check] : facts.all()) {
        const Finding& finding = check.finding;
        if (finding.verdict == Verdict::pass) continue;
        if (graver(finding.verdict, result.verdict) == finding.verdict) {
            result.cause = finding.cause;
        }
        result.verdict = graver(result.verdict, finding.verdict);
        result.at = finding.at;
        only_times = only_times && finding.missed_time;
        if (only_times) {
            result.missed_time = std::max(result.missed_time, finding.missed_time);
        }
        parts.push_back(fmt::format("{} is {}", fact, finding.observed));
    }
    if (!only_times) result.missed_time.reset();
    result.line = fmt::format("{}: {}", inner.text.empty() ? inner.at : one_line(inner.text, 60),
                              parts.empty() ? "holds" : fmt::format("{}", fmt::join(parts, ", ")));
    return result;
}

Check check_all_of(const LogIndex& log, const Expectation& expectation) {
    Check check;
    std::size_t good = 0;
    bool only_times = true;
    for (const Expectation& inner : expectation.all_of) {
        const Alternative one = check_alternative(log, inherit(inner, expectation));
        check.finding.evidence.push_back(one.line);
        if (one.verdict == Verdict::pass) {
            ++good;
            continue;
        }
        if (graver(one.verdict, check.finding.verdict) == one.verdict) {
            check.finding.cause = one.cause;
        }
        check.finding.verdict = graver(check.finding.verdict, one.verdict);
        check.finding.at = one.at;
        only_times = only_times && one.missed_time;
        check.finding.missed_time = std::max(check.finding.missed_time, one.missed_time);
    }
    if (!only_times) check.finding.missed_time.reset();
    check.finding.expected = fmt::format("all of {}", expectation.all_of.size());
    check.finding.observed = fmt::format("{} hold{}", good, good == 1 ? "s" : "");
    return check;
}

Check check_any_of(const LogIndex& log, const Expectation& expectation) {
    Check check;
    check.finding.expected = fmt::format("one of {}", expectation.any_of.size());
    check.finding.verdict = Verdict::fail;
    std::optional<Duration> nearest;  // the smallest miss in time: it might have held
    for (const Expectation& inner : expectation.any_of) {
        const Alternative one = check_alternative(log, inherit(inner, expectation));
        if (one.verdict == Verdict::pass) {
            check.finding.verdict = Verdict::pass;
            check.finding.cause = ErrorCause::none;
            check.finding.missed_time.reset();
            check.finding.observed = one.line;
            check.finding.evidence.clear();
            return check;
        }
        check.finding.evidence.push_back(one.line);
        check.finding.at = one.at;
        if (graver(one.verdict, check.finding.verdict) == one.verdict) {
            check.finding.cause = one.cause;
        }
        check.finding.verdict = graver(check.finding.verdict, one.verdict);
        if (one.missed_time && (!nearest || *one.missed_time < *nearest)) {
            nearest = one.missed_time;
        }
    }
    check.finding.missed_time = nearest;
    check.finding.observed = "none holds";
    return check;
}

}  // namespace

void check_order_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const bool ordered = !expectation.sequence.empty() || expectation.never ||
                         expectation.eventually || expectation.always;
    if (ordered) {
        const auto window = order_window(log, expectation);
        const auto add = [&](const std::string& fact, auto check) {
            if (const auto* problem = std::get_if<Check>(&window)) return facts.add(fact, *problem);
            facts.add(fact, check(log, expectation, std::get<Window>(window)));
        };
        if (!expectation.sequence.empty()) add("sequence", check_sequence);
        if (expectation.never) add("never", check_never);
        if (expectation.always) add("always", check_always);
        if (expectation.eventually) add("eventually", check_eventually);
    }
    if (!expectation.any_of.empty()) facts.add("any_of", check_any_of(log, expectation));
    if (!expectation.all_of.empty()) facts.add("all_of", check_all_of(log, expectation));
}

}  // namespace etimedout
