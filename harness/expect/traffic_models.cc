// hedge, rate_limit: what the order and the number of requests at a link say.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

// ------------------------------------------------------------------ hedge

// Requests of one call of which each began while none before it was answered.
using Race = std::vector<Attempt>;

std::vector<Race> races_of(std::vector<Attempt> attempts) {
    std::erase_if(attempts, [](const Attempt& one) { return one.request == nullptr; });
    std::stable_sort(attempts.begin(), attempts.end(),
                     [](const Attempt& a, const Attempt& b) { return a.began < b.began; });
    struct Running {
        Race race{};
        Duration first_answer = Duration::max();
        bool all_over = false;
        Duration last_end{};
    };
    std::map<std::size_t, Running> running;  // by repetition
    std::vector<Race> races;
    for (const Attempt& one : attempts) {
        Running& now = running[one.run];
        const bool begins =
            now.race.empty() || one.began >= now.first_answer || one.began >= now.last_end;
        if (begins && !now.race.empty()) races.push_back(std::move(now.race));
        if (begins) now = Running{};
        now.race.push_back(one);
        now.last_end = std::max(now.last_end, one.ended);
        if (one.answered) now.first_answer = std::min(now.first_answer, one.request->answered);
    }
    for (auto& [run, last] : running) {
        if (!last.race.empty()) races.push_back(std::move(last.race));
    }
    return races;
}

// Whether what has not won is closed by its caller soon after the winner's answer was there.
Check check_losers(const Race& race, bool wanted) {
    constexpr Duration soon = 100ms;
    const Attempt* winner = nullptr;
    for (const Attempt& one : race) {
        if (!one.answered || !one.over) continue;
        if (winner == nullptr || one.ended < winner->ended) winner = &one;
    }
    Check check;
    check.finding.expected = wanted ? "true" : "false";
    check.finding.observed = "true";
    if (winner == nullptr) return missed(check.finding.expected, "none of them was answered");
    std::string other;
    for (const Attempt& one : race) {
        if (&one == winner || (one.over && one.ended <= winner->ended)) continue;
        if (one.given_up && one.ended <= winner->ended + soon) continue;
        other = fmt::format("{}, when {} had won", in_words(one), in_words(*winner));
    }
    check.finding.observed = other.empty() ? "true" : "false";
    if (!other.empty()) check.finding.evidence.push_back(other);
    if (other.empty() != wanted) {
        Check miss = missed(check.finding.expected, check.finding.observed);
        miss.finding.evidence = check.finding.evidence;
        miss.finding.at = winner->ended;
        return miss;
    }
    check.finding.at = winner->ended;
    return check;
}

// ------------------------------------------------------------------ rate_limit

struct Arrival {
    Duration t{};
    bool refused = false;
    const Attempt* attempt = nullptr;
};

// How many were let through in the fullest window, and where it begins.
std::pair<std::int64_t, Duration> fullest_window(const std::vector<Arrival>& arrivals,
                                                 Duration per) {
    std::vector<Duration> through;
    for (const Arrival& one : arrivals) {
        if (!one.refused) through.push_back(one.t);
    }
    std::pair<std::int64_t, Duration> fullest{};
    std::size_t last = 0;
    for (std::size_t first = 0; first < through.size(); ++first) {
        while (last < through.size() && through[last] < through[first] + per) ++last;
        const auto count = static_cast<std::int64_t>(last - first);
        if (count > fullest.first) fullest = {count, through[first]};
    }
    return fullest;
}

// A bucket that starts full. The limiter's clock is not the link's: 10 ms between the two are
// nothing.
Check check_bucket(const RateLimitBound& bound, const std::vector<Arrival>& arrivals) {
    const auto size = static_cast<double>(*bound.burst);
    const double rate =
        static_cast<double>(bound.requests) / std::chrono::duration<double>(bound.per).count();
    const double slack = 0.05 + rate * 0.01;
    double tokens = size;
    Duration last = arrivals.empty() ? Duration{} : arrivals.front().t;
    Check check;
    check.finding.expected =
        fmt::format("{} of {} in {}", *bound.burst, bound.requests, show(bound.per));
    check.finding.observed = "as a token bucket has it";
    std::int64_t wrong = 0;
    for (const Arrival& one : arrivals) {
        tokens =
            std::min(size, tokens + rate * std::chrono::duration<double>(one.t - last).count());
        last = one.t;
        const double before = tokens;
        if (!one.refused) tokens -= 1;
        const bool empty_and_through = !one.refused && before < 1 - slack;
        const bool full_and_refused = one.refused && before >= 1 + slack;
        // Seen once, it is not to be seen again in each that follows.
        if (empty_and_through) tokens = 0;
        if (!empty_and_through && !full_and_refused) continue;
        if (wrong++ > 0) continue;
        check = missed(check.finding.expected,
                       fmt::format("one {} at {} with {:.1f} in the bucket",
                                   one.refused ? "refused" : "let through", show(one.t), before));
        check.finding.evidence.push_back(in_words(*one.attempt));
        check.finding.at = one.t;
    }
    if (wrong > 1) check.finding.missed_by = fmt::format("{} like it", wrong);
    return check;
}

}  // namespace

Check check_hedge(const LogIndex& log, const Expectation& expectation) {
    const HedgeBound& bound = *expectation.hedge;
    std::vector<std::string> links{expectation.at};
    links.insert(links.end(), bound.also.begin(), bound.also.end());
    std::vector<Attempt> attempts;
    for (const std::string& link : links) {
        const auto found = attempts_at(log, expectation, link, expectation.of);
        if (const auto* problem = std::get_if<Check>(&found)) return *problem;
        const auto& more = std::get<std::vector<Attempt>>(found);
        attempts.insert(attempts.end(), more.begin(), more.end());
    }
    ModelCheck model;
    std::size_t hedged = 0;
    const std::vector<Race> races = races_of(std::move(attempts));
    for (const Race& race : races) {
        if (race.size() < 2) continue;
        ++hedged;
        if (bound.count) {
            Check check = measure(*bound.count, std::ssize(race) - 1);
            for (const Attempt& one : race) check.finding.evidence.push_back(in_words(one));
            check.finding.at = race.front().began;
            model.add("count", std::move(check));
        }
        for (std::size_t i = 1; bound.after && i < race.size(); ++i) {
            Check check = measure(*bound.after, race[i].began - race[i - 1].began);
            check.finding.at = race[i].began;
            model.add("after", std::move(check));
        }
        if (bound.cancels_loser)
            model.add("cancels_loser", check_losers(race, *bound.cancels_loser));
    }
    if (hedged == 0) {
        const bool none = bound.count && bound.count->contains(0);
        Check check =
            none ? measure(*bound.count, 0)
                 : missed("a request that is sent again while it has no answer",
                          races.empty()
                              ? "there was no request"
                              : fmt::format("none in {}", amount(races.size(), "call", "calls")));
        return check;
    }
    model.evidence(fmt::format("{} of {} hedged", hedged, amount(races.size(), "call", "calls")));
    return std::move(model).finish();
}

Check check_rate_limit(const LogIndex& log, const Expectation& expectation) {
    const RateLimitBound& bound = *expectation.rate_limit;
    const auto found = attempts_at(log, expectation, expectation.at, expectation.of);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    const auto& attempts = std::get<std::vector<Attempt>>(found);
    std::vector<Arrival> arrivals;
    for (const Attempt& one : attempts) {
        if (one.request == nullptr) continue;
        arrivals.push_back({one.began, one.answered && one.status == bound.status, &one});
    }
    const auto refused = std::count_if(arrivals.begin(), arrivals.end(),
                                       [](const Arrival& one) { return one.refused; });
    ModelCheck model;
    model.evidence(fmt::format("{} of {} refused with {}", refused,
                               amount(arrivals.size(), "request", "requests"), bound.status));
    if (bound.burst) {
        model.add("burst", check_bucket(bound, arrivals));
    } else {
        const auto [most, from] = fullest_window(arrivals, bound.per);
        Check check = measure(Bound<std::int64_t>{std::nullopt, bound.requests,
                                                  fmt::format("at most {} in any {}",
                                                              bound.requests, show(bound.per))},
                              most);
        check.finding.evidence.push_back(fmt::format("{} let through from {}", most, show(from)));
        check.finding.at = from;
        model.add("requests", std::move(check));
    }
    if (refused == 0) {
        model.add("status", missed(fmt::format("{} to some", bound.status),
                                   fmt::format("none of {} was refused", arrivals.size())));
    }
    for (const Arrival& one : arrivals) {
        if (!bound.retry_after || !one.refused) continue;
        const Request& request = *one.attempt->request;
        const auto asked = retry_after_of(log, *request.response, request.answered);
        Check check = asked ? measure(*bound.retry_after, *asked)
                            : missed(expected_of(*bound.retry_after), "no Retry-After");
        check.finding.missed_time.reset();
        check.finding.at = one.t;
        model.add("retry_after", std::move(check));
    }
    return std::move(model).finish();
}

}  // namespace etimedout
