// breaker: after how many failures it opens, what it does while open, when and how it tries again.
#include <algorithm>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

// One time that the breaker was open.
struct OpenPhase {
    Duration opened{};
    std::size_t failures = 0;  // in a row, before it
    bool reopened = false;     // by a trial that failed
    std::vector<const CallRun*> refused{};
    std::optional<Duration> half_open{};  // the next attempt at the link
    std::int64_t trials = 0;
};

// Reads the phases off the repetitions that were passed on and those that were not.
class BreakerReader {
public:
    BreakerReader(const std::vector<CallRun>& runs, std::vector<Attempt> attempts)
        : attempts_{std::move(attempts)} {
        std::vector<std::size_t> passed(runs.size(), 0);
        for (const Attempt& one : attempts_) {
            if (one.run != no_run) ++passed[one.run];
        }
        for (std::size_t i = 0; i < runs.size(); ++i) {
            if (passed[i] == 0) refused_.push_back(&runs[i]);
        }
        std::stable_sort(refused_.begin(), refused_.end(), [](const CallRun* a, const CallRun* b) {
            return a->ran.from < b->ran.from;
        });
        for (const Attempt& one : attempts_) by_end_.push_back(&one);
        std::stable_sort(by_end_.begin(), by_end_.end(),
                         [](const Attempt* a, const Attempt* b) { return a->ended < b->ended; });
    }

    std::vector<OpenPhase> phases() const {
        std::vector<OpenPhase> phases;
        std::size_t next = 0;
        std::optional<Duration> reopened;
        while (next < refused_.size()) {
            OpenPhase phase = begin(refused_[next]->ran.from);
            phase.reopened = reopened.has_value();
            if (reopened) phase.opened = *reopened;
            const auto trial = first_after(refused_[next]->ran.from);
            const bool tried = trial != attempts_.end();
            if (tried) phase.half_open = trial->began;
            // While the trial runs, others are refused as before.
            while (next < refused_.size() && (!tried || refused_[next]->ran.from < trial->ended)) {
                phase.refused.push_back(refused_[next++]);
            }
            reopened.reset();
            if (tried) {
                reopened =
                    count_trials(phase, trial, next < refused_.size() ? refused_[next] : nullptr);
            }
            phases.push_back(std::move(phase));
        }
        return phases;
    }

    // The longest row of failures, for a breaker that never opened.
    std::size_t most_failures() const {
        std::size_t most = 0;
        std::size_t row = 0;
        for (const Attempt* one : by_end_) {
            row = one->good ? 0 : row + 1;
            most = std::max(most, row);
        }
        return most;
    }

    std::int64_t begun_in(Duration from, Duration to) const {
        return std::count_if(attempts_.begin(), attempts_.end(), [&](const Attempt& one) {
            return one.began > from && one.began < to;
        });
    }

private:
    using At = std::vector<Attempt>::const_iterator;

    At first_after(Duration t) const {
        return std::upper_bound(attempts_.begin(), attempts_.end(), t,
                                [](Duration at, const Attempt& one) { return at < one.began; });
    }

    OpenPhase begin(Duration first_refusal) const {
        OpenPhase phase;
        phase.opened = first_refusal;
        auto last =
            std::upper_bound(by_end_.begin(), by_end_.end(), first_refusal,
                             [](Duration at, const Attempt* one) { return at < one->ended; });
        while (last != by_end_.begin() && !(*std::prev(last))->good) {
            --last;
            if (++phase.failures == 1) phase.opened = (*last)->ended;
        }
        return phase;
    }

    // When a trial that failed opened it again, if one did. `again`: the next call that was
    // refused.
    std::optional<Duration> count_trials(OpenPhase& phase, At trial, const CallRun* again) const {
        Duration closes = trial->good ? trial->ended : Duration::max();
        Duration last_end{};
        for (auto one = trial; one != attempts_.end() && one->began < closes; ++one) {
            if (again != nullptr && one->began > again->ran.from) break;
            if (one->good) closes = std::min(closes, one->ended);
            last_end = std::max(last_end, one->ended);
            ++phase.trials;
        }
        const bool opens_again = again != nullptr && closes == Duration::max();
        return opens_again ? std::optional{last_end} : std::nullopt;
    }

    std::vector<Attempt> attempts_;
    std::vector<const Attempt*> by_end_{};
    std::vector<const CallRun*> refused_{};
};

std::string expected_breaker(const BreakerBound& bound) {
    std::vector<std::string> parts;
    if (bound.opens_after) parts.push_back("opens_after " + expected_of(*bound.opens_after));
    if (bound.while_open) {
        const WhileOpenBound& open = *bound.while_open;
        if (open.forwarded) parts.push_back("forwarded " + expected_of(*open.forwarded));
        if (open.status) parts.push_back("status " + expected_of(*open.status));
        if (open.total) parts.push_back("total " + expected_of(*open.total));
    }
    if (bound.half_open_after) {
        parts.push_back("half_open_after " + expected_of(*bound.half_open_after));
    }
    if (bound.trials) parts.push_back("trials " + expected_of(*bound.trials));
    return fmt::format("{}", fmt::join(parts, ", "));
}

void check_refused(const WhileOpenBound& bound, const OpenPhase& phase, ModelCheck& model) {
    for (const CallRun* run : phase.refused) {
        const auto place = [&](Check check) {
            check.finding.at = run->ran.to;
            return check;
        };
        if (bound.status) {
            const bool answered = run->end != nullptr && run->end->status;
            Check check =
                answered
                    ? measure(*bound.status, *run->end->status)
                    : missed(expected_of(*bound.status),
                             fmt::format("no response: {}",
                                         run->end != nullptr ? run->end->outcome : "never_ended"));
            check.finding.missed_by.clear();
            model.add("status", place(std::move(check)));
        }
        if (bound.total) {
            model.add("total", place(measure(*bound.total, run->ran.to - run->ran.from)));
        }
    }
}

void check_phase(const BreakerBound& bound, const BreakerReader& reader, const OpenPhase& phase,
                 ModelCheck& model) {
    model.evidence(fmt::format(
        "open from {} after {} in a row: {} refused{}", show(phase.opened),
        amount(phase.failures, "failure", "failures"),
        amount(phase.refused.size(), "call", "calls"),
        phase.half_open
            ? fmt::format(", tried again after {} with {}", show(*phase.half_open - phase.opened),
                          amount(static_cast<std::size_t>(phase.trials), "trial", "trials"))
            : ", never tried again"));
    // One that a trial has opened again does not wait for as many failures.
    if (bound.opens_after && !phase.reopened) {
        Check check = measure(*bound.opens_after, static_cast<std::int64_t>(phase.failures));
        check.finding.at = phase.opened;
        model.add("opens_after", std::move(check));
    }
    if (bound.while_open) {
        check_refused(*bound.while_open, phase, model);
        if (bound.while_open->forwarded) {
            const Duration open = bound.half_open_after->at_least.value_or(Duration{});
            model.add("forwarded", measure(*bound.while_open->forwarded,
                                           reader.begun_in(phase.opened, phase.opened + open)));
        }
    }
    if (!phase.half_open) return;
    if (bound.half_open_after) {
        Check check = measure(*bound.half_open_after, *phase.half_open - phase.opened);
        check.finding.at = phase.half_open;
        model.add("half_open_after", std::move(check));
    }
    if (bound.trials) model.add("trials", measure(*bound.trials, phase.trials));
}

}  // namespace

Check check_breaker(const LogIndex& log, const Expectation& expectation) {
    const BreakerBound& bound = *expectation.breaker;
    const std::string expected = expected_breaker(bound);
    const auto found = attempts_at(log, expectation, expectation.at, expectation.of);
    if (const auto* problem = std::get_if<Check>(&found)) return *problem;
    const auto& attempts = std::get<std::vector<Attempt>>(found);
    const auto window = window_of(log, expectation);
    std::vector<CallRun> runs = log.runs_of(expectation.of.value_or(""));
    if (attempts.empty()) {
        return missed(expected, fmt::format("nothing of `{}` ever came to `{}`",
                                            expectation.of.value_or(""), expectation.at));
    }
    const BreakerReader reader{runs, attempts};
    std::vector<OpenPhase> phases = reader.phases();
    std::erase_if(phases, [&](const OpenPhase& phase) {
        return !std::get<Window>(window).contains(phase.opened);
    });
    if (phases.empty()) {
        Check never = missed(
            expected, fmt::format("it never opened: {} passed on, with up to {} in a row",
                                  runs.size() == 1 ? "the call was"
                                                   : fmt::format("all {} calls were", runs.size()),
                                  amount(reader.most_failures(), "failure", "failures")));
        for (const Attempt& one : attempts) {
            if (one.good) continue;
            never.finding.evidence.push_back(in_words(one));
            constexpr std::size_t few = 3;
            if (never.finding.evidence.size() == few) break;
        }
        return never;
    }
    ModelCheck model;
    bool tried = false;
    for (const OpenPhase& phase : phases) {
        check_phase(bound, reader, phase, model);
        tried = tried || phase.half_open;
    }
    if (!tried && (bound.half_open_after || bound.trials)) {
        const Duration open = log.end_time() - phases.front().opened;
        const bool too_early =
            bound.half_open_after && bound.half_open_after->at_most.value_or(open) >= open;
        if (too_early) {
            return no_answer(ErrorCause::unwatched,
                             fmt::format("it had not tried again when the log ended, {} after it "
                                         "opened",
                                         show(open)),
                             "make calls for longer");
        }
        model.add("half_open_after",
                  missed(bound.half_open_after ? expected_of(*bound.half_open_after)
                                               : std::string{"some time"},
                         fmt::format("never, in {}", show(open))));
    }
    return std::move(model).finish();
}

}  // namespace etimedout
