// retries: attempts in a row: how many, how far apart, how much alike.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/link_view.hh"
#include "harness/expect/model_check.hh"

namespace etimedout {

namespace {

// Attempts of one repetition of a call, in order.
struct Series {
    std::vector<Attempt> attempts{};
    std::vector<Duration> gaps{};
};

Series series_of(std::vector<Attempt> attempts) {
    Series series{std::move(attempts), {}};
    for (std::size_t i = 1; i < series.attempts.size(); ++i) {
        const Attempt& before = series.attempts[i - 1];
        const Duration end =
            before.request != nullptr ? before.request->last_seen : before.connection->last_seen;
        series.gaps.push_back(std::max(Duration{}, series.attempts[i].began - end));
    }
    return series;
}

// Where each request says whose it is, repetitions are told apart; else all is one series.
std::vector<Series> all_series(const LinkView& view) {
    const bool of_requests = view.expectation.retries->of != CountedUnit::connections;
    std::vector<Attempt> attempts;
    if (of_requests) {
        attempts = attempts_of(view.log, view.expectation, view.selection);
        std::erase_if(attempts, [](const Attempt& one) { return one.request == nullptr; });
    } else {
        for (const Connection* one : view.selection.fresh) {
            Attempt attempt;
            attempt.connection = one;
            attempt.began = one->began;
            attempts.push_back(attempt);
        }
    }
    std::vector<Series> all;
    const bool traced = of_requests && view.expectation.of && !attempts.empty() &&
                        std::all_of(attempts.begin(), attempts.end(), [](const Attempt& one) {
                            return one.run != no_run && !one.request->call.empty();
                        });
    if (!traced) {
        if (!attempts.empty()) all.push_back(series_of(std::move(attempts)));
        return all;
    }
    std::map<std::size_t, std::vector<Attempt>> by_run;
    for (const Attempt& one : attempts) by_run[one.run].push_back(one);
    for (auto& [run, part] : by_run) all.push_back(series_of(std::move(part)));
    return all;
}

std::string shown_gaps(const Series& series) {
    constexpr std::size_t most = 6;
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < series.gaps.size() && i < most; ++i) {
        shown.push_back(show(series.gaps[i]));
    }
    if (series.gaps.size() > most) shown.emplace_back("…");
    return fmt::format("{}", fmt::join(shown, ", "));
}

// How each gap compares with its bound; a bound without a gap is missed.
Check check_gaps(const RetriesBound& bound, const Series& series) {
    std::vector<Check> checks;
    for (std::size_t i = 0; i < bound.gaps.size(); ++i) {
        if (i >= series.gaps.size()) {
            checks.push_back(missed({}, fmt::format("gap {} never came", i + 1)));
            continue;
        }
        checks.push_back(measure(bound.gaps[i], series.gaps[i]));
        Finding& finding = checks.back().finding;
        if (finding.verdict != Verdict::pass) {
            finding.missed_by = fmt::format("gap {} {}", i + 1, finding.missed_by);
        }
    }
    return checks.empty() ? Check{} : worst_of(std::move(checks), "gaps");
}

// ------------------------------------------------------------------ jitter

// What the n-th pause may be, exactly; `previous` is the one before it, or `base`.
std::pair<Duration, Duration> pause_range(const RetriesBound& bound, std::size_t n,
                                          Duration previous) {
    const Duration base = bound.base.value_or(Duration{});
    const auto capped = [&](double nanoseconds) {
        const double most = static_cast<double>(bound.cap.value_or(24h).count());
        return Duration{static_cast<std::int64_t>(std::min(nanoseconds, most))};
    };
    const double first = static_cast<double>(base.count());
    if (bound.jitter == Jitter::decorrelated) {
        const double high = bound.factor.value_or(3) * static_cast<double>(previous.count());
        return {std::min(base, capped(high)), capped(std::max(first, high))};
    }
    double ceiling = first;
    for (std::size_t i = 1; i < n && ceiling < 1e15; ++i) ceiling *= bound.factor.value_or(2);
    const Duration highest = capped(ceiling);
    if (bound.jitter == Jitter::full) return {Duration{}, highest};
    if (bound.jitter == Jitter::equal) return {highest / 2, highest};
    if (bound.jitter == Jitter::none) return {highest, highest};
    const auto part = Duration{
        static_cast<std::int64_t>(bound.spread.value * static_cast<double>(highest.count()))};
    return {highest - part, highest + part};
}

// A program's timers and the network add a little: the window of a bare duration.
Bound<Duration> with_window(std::pair<Duration, Duration> range) {
    const auto& [low, high] = range;
    Bound<Duration> bound{std::max(Duration{}, low - std::max<Duration>(5ms, low / 100)),
                          high + std::max<Duration>(50ms, high / 10),
                          {}};
    return bound;
}

bool nearly_equal(const std::vector<double>& values, double tolerance) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low <= tolerance;
}

// Chance shows in two ways: the pauses are not one and the same, and not one series that merely
// grows.
std::optional<Check> without_chance(const RetriesBound& bound, const Series& series) {
    if (*bound.jitter == Jitter::none) return std::nullopt;
    if (series.gaps.size() < 2) {
        return no_answer(ErrorCause::unseen,
                         fmt::format("{} between attempts: with less than two, no jitter can be "
                                     "told from none",
                                     amount(series.gaps.size(), "gap", "gaps")),
                         "let it retry more often, or write `gaps`");
    }
    std::vector<double> pauses;
    std::vector<double> shares;
    Duration previous = *bound.base;
    for (std::size_t i = 0; i < series.gaps.size(); ++i) {
        const auto [low, high] = pause_range(bound, i + 1, previous);
        const auto gap = static_cast<double>(series.gaps[i].count());
        pauses.push_back(gap);
        const auto width = static_cast<double>((high - low).count());
        if (width > 0) shares.push_back((gap - static_cast<double>(low.count())) / width);
        previous = series.gaps[i];
    }
    const double longest = *std::max_element(pauses.begin(), pauses.end());
    constexpr double same = 0.01;
    std::string why;
    if (nearly_equal(pauses, same * longest)) {
        why = "all gaps are the same: no jitter";
    } else if (shares.size() > 1 && nearly_equal(shares, same)) {
        why = fmt::format("each gap is {:.0f} % of its range: it grows, and has no jitter",
                          shares.front() * 100);
    }
    if (why.empty()) return std::nullopt;
    Check check = missed({}, {});
    check.finding.missed_by = why;
    return check;
}

Check check_jitter(const RetriesBound& bound, const Series& series) {
    std::vector<Check> checks;
    Duration previous = *bound.base;
    for (std::size_t i = 0; i < series.gaps.size(); ++i) {
        const auto range = pause_range(bound, i + 1, previous);
        checks.push_back(measure(with_window(range), series.gaps[i]));
        Finding& finding = checks.back().finding;
        if (finding.verdict != Verdict::pass) {
            finding.missed_by = fmt::format("gap {} {} for {} to {}", i + 1, finding.missed_by,
                                            show(range.first), show(range.second));
        }
        previous = series.gaps[i];
    }
    Check check =
        checks.empty() ? missed({}, "no gap ever came") : worst_of(std::move(checks), "gaps");
    if (check.finding.verdict != Verdict::pass) return check;
    if (auto fixed = without_chance(bound, series)) return *fixed;
    return check;
}

// ------------------------------------------------------------------ Retry-After, same

Check check_retry_after(const LinkView& view, const Series& series) {
    std::vector<Check> checks;
    for (std::size_t i = 1; i < series.attempts.size(); ++i) {
        const Request& before = *series.attempts[i - 1].request;
        if (before.response == nullptr) continue;
        const auto asked = retry_after_of(view.log, *before.response, before.answered);
        if (!asked) continue;
        // A timer of a client may be early by its resolution.
        const Duration least = std::max(Duration{}, *asked - 5ms);
        checks.push_back(
            measure(Bound<Duration>{least, std::nullopt, fmt::format("at least {}", show(*asked))},
                    series.gaps[i - 1]));
        Finding& finding = checks.back().finding;
        if (finding.verdict != Verdict::pass) {
            finding.missed_by = fmt::format("gap {} {}: the answer before it asked for {}", i,
                                            finding.missed_by, show(*asked));
        }
    }
    if (!checks.empty()) return worst_of(std::move(checks), "gaps");
    return missed({}, "no answer before a retry had a Retry-After");
}

std::string part_of_attempt(const Attempt& attempt, const std::string& part) {
    const Request* request = attempt.request;
    if (request == nullptr && !attempt.connection->requests.empty()) {
        request = &attempt.connection->requests.front();
    }
    if (request == nullptr) return attempt.connection->server;
    const HttpMessage& message = *request->message;
    if (part == "method") return message.method;
    if (part == "path") return message.path;
    if (part == "headers") return fmt::format("headers {}", message.fingerprint);
    if (part == "size") return fmt::format("{} of body", show(Bytes{message.body_bytes}));
    const auto key = message.headers.find("idempotency-key");
    return key == message.headers.end() ? "no Idempotency-Key"
                                        : fmt::format("Idempotency-Key {}", key->second);
}

std::optional<Check> not_the_same(const RetriesBound& bound, const Series& series) {
    std::set<std::string> kinds;
    for (const Attempt& attempt : series.attempts) {
        std::vector<std::string> parts;
        for (const std::string& part : bound.same) parts.push_back(part_of_attempt(attempt, part));
        // On a link without HTTP all of it is the callee's address.
        parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
        kinds.insert(fmt::format("{}", fmt::join(parts, " ")));
    }
    const bool keyless =
        std::find(bound.same.begin(), bound.same.end(), "idempotency_key") != bound.same.end() &&
        std::any_of(series.attempts.begin(), series.attempts.end(), [](const Attempt& attempt) {
            return part_of_attempt(attempt, "idempotency_key") == "no Idempotency-Key";
        });
    if (kinds.size() <= 1 && !keyless) return std::nullopt;
    constexpr std::ptrdiff_t few = 4;
    const bool more = std::ssize(kinds) > few;
    const std::vector<std::string> shown{kinds.begin(),
                                         more ? std::next(kinds.begin(), few) : kinds.end()};
    Check check = missed({}, {});
    check.finding.missed_by =
        kinds.size() <= 1
            ? "there is no Idempotency-Key"
            : fmt::format("not the same: {}{}", fmt::join(shown, "; "),
                          more ? fmt::format("; and {} more", std::ssize(kinds) - few) : "");
    return check;
}

// ------------------------------------------------------------------ all of it

std::string expected_retries(const RetriesBound& bound) {
    std::vector<std::string> parts;
    if (bound.count) parts.push_back(expected_of(*bound.count));
    if (!bound.gaps.empty()) {
        std::vector<std::string> gaps;
        for (const auto& gap : bound.gaps) gaps.push_back(expected_of(gap));
        parts.push_back(fmt::format("gaps {}", fmt::join(gaps, ", ")));
    }
    if (bound.jitter) {
        std::string text =
            fmt::format("jitter {} from {}", word_of(*bound.jitter), show(*bound.base));
        if (bound.cap) text += fmt::format(" up to {}", show(*bound.cap));
        parts.push_back(std::move(text));
    }
    if (bound.retry_after) parts.emplace_back("gaps as Retry-After asks");
    if (!bound.same.empty()) parts.emplace_back("all the same");
    return fmt::format("{}", fmt::join(parts, ", "));
}

// The first of its checks that is not passed in the order of importance; a miss in time alone gives
// way to any other.
Check check_series(const LinkView& view, const Series& series) {
    const RetriesBound& bound = *view.expectation.retries;
    std::vector<Check> checks;
    const auto count = static_cast<std::int64_t>(series.attempts.size()) - 1;
    if (bound.count) checks.push_back(measure(*bound.count, count));
    if (!bound.same.empty()) {
        if (auto differs = not_the_same(bound, series)) checks.push_back(std::move(*differs));
    }
    if (!bound.gaps.empty()) checks.push_back(check_gaps(bound, series));
    if (bound.jitter) checks.push_back(check_jitter(bound, series));
    if (bound.retry_after) checks.push_back(check_retry_after(view, series));
    const auto failed = [](const Check& check) { return check.finding.verdict != Verdict::pass; };
    auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& check) {
        return failed(check) && !check.finding.missed_time;
    });
    if (found == checks.end()) found = std::find_if(checks.begin(), checks.end(), failed);
    Check check = found == checks.end() ? Check{} : std::move(*found);
    if (check.finding.verdict == Verdict::error) return check;
    Finding& finding = check.finding;
    // What a miss says beside its numbers: "no answer had a Retry-After".
    const std::string said = failed(check) && finding.missed_by.empty() ? finding.observed : "";
    finding.window.clear();
    finding.observed = fmt::format("{}", count);
    if (!series.gaps.empty()) finding.observed += fmt::format(", gaps {}", shown_gaps(series));
    if (!said.empty()) finding.observed += fmt::format("; {}", said);
    finding.at = series.attempts.back().began;
    return check;
}

}  // namespace

Check check_retries(const LinkView& view) {
    const RetriesBound& bound = *view.expectation.retries;
    if (bound.of != CountedUnit::connections) {
        if (auto unseen = unseen_requests(view.selection, view.expectation.at)) return *unseen;
    }
    const std::vector<Series> all = all_series(view);
    const std::string expected = expected_retries(bound);
    if (all.empty()) return missed(expected, "there was no first attempt");
    std::vector<Check> checks;
    for (const Series& series : all) checks.push_back(check_series(view, series));
    Check check = worst_of(std::move(checks), "repetitions");
    check.finding.expected = expected;
    const auto lines = view.selection.requests.empty() ? connection_lines(view.selection)
                                                       : request_lines(view.selection);
    if (all.size() == 1) check.finding.evidence.clear();
    check.finding.evidence.insert(check.finding.evidence.end(), lines.begin(), lines.end());
    return bound.count && bound.count->at_most ? watched(std::move(check), view) : check;
}

}  // namespace etimedout
