// budget: time limits that nest, so that nobody works on for a caller who has gone.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

// What one repetition of the call was at one link.
struct LinkEnd {
    std::string link{};
    bool seen = false;
    bool over = true;
    bool in_trouble = true;  // none of its attempts was answered well
    bool given_up = false;   // by its caller, in the end
    bool opaque = false;     // no HTTP, and the connection goes on: its end cannot be seen
    Duration ended{};
};

using LinksOfRun = std::vector<LinkEnd>;

void take_attempt(LinkEnd& end, const Attempt& attempt) {
    const bool later = !end.seen || attempt.ended >= end.ended;
    end.seen = true;
    end.over = end.over && attempt.over;
    end.opaque = end.opaque || (attempt.request == nullptr && !attempt.over);
    // Of a connection without HTTP that its caller closed, nobody can say that it was answered.
    const bool good = attempt.good && (attempt.request != nullptr || !attempt.given_up);
    end.in_trouble = end.in_trouble && !good;
    if (!later) return;
    end.ended = attempt.ended;
    end.given_up = attempt.given_up;
}

std::string in_words(const LinkEnd& end, Duration begin) {
    if (!end.seen) return fmt::format("nothing came to `{}`", end.link);
    if (!end.over) return fmt::format("`{}` went on to the end of the log", end.link);
    return fmt::format("`{}` {} after {}", end.link, end.given_up ? "given up" : "answered",
                       show(end.ended - begin));
}

std::string in_words(const LinksOfRun& links, Duration begin) {
    std::vector<std::string> parts;
    for (const LinkEnd& end : links) parts.push_back(in_words(end, begin));
    return fmt::format("{}", fmt::join(parts, ", "));
}

// What is wrong with one repetition; empty when nothing is.
std::string wrong_with(const LinksOfRun& links) {
    for (const LinkEnd& end : links) {
        if (!end.seen) return fmt::format("nothing came to `{}`", end.link);
    }
    if (!links.front().in_trouble) {
        return fmt::format("nobody had to give up: `{}` was answered", links.front().link);
    }
    for (std::size_t i = 1; i < links.size(); ++i) {
        const LinkEnd& inner = links[i - 1];
        const LinkEnd& outer = links[i];
        if (inner.over && inner.ended <= outer.ended) continue;
        return fmt::format("`{}` worked on for nobody {} `{}` had ended", inner.link,
                           inner.over ? fmt::format("for {} after", show(inner.ended - outer.ended))
                                      : std::string{"after"},
                           outer.link);
    }
    if (links.back().given_up) {
        return fmt::format("`{}` was given up too: its caller got no answer", links.back().link);
    }
    return {};
}

std::string expected_budget(const BudgetBound& bound) {
    std::string text =
        fmt::format("{} given up before the next", fmt::join(bound.inner_first, ", "));
    if (bound.margin) text += fmt::format(", {} left", show(*bound.margin));
    return text;
}

Check check_run(const BudgetBound& bound, const LinksOfRun& links, const CallRun& run,
                std::optional<Duration> timeout) {
    Check check;
    check.finding.expected = expected_budget(bound);
    const std::string wrong = wrong_with(links);
    if (!wrong.empty()) {
        check = missed(expected_budget(bound), wrong);
        check.finding.evidence.push_back(in_words(links, run.ran.from));
    } else {
        check.finding.observed = in_words(links, run.ran.from);
        if (bound.margin) {
            const Duration left = *timeout - (run.ran.to - run.ran.from);
            check.finding.observed += fmt::format(", {} left of {}", show(left), show(*timeout));
            if (left < *bound.margin) {
                check.finding.verdict = Verdict::fail;
                check.finding.missed_time = *bound.margin - left;
                check.finding.missed_by =
                    fmt::format("{} too little is left", show(*check.finding.missed_time));
                check.badness = static_cast<double>(check.finding.missed_time->count());
            }
        }
    }
    check.finding.at = run.ran.to;
    return check;
}

}  // namespace

Check check_budget(const LogIndex& log, const Expectation& expectation) {
    const BudgetBound& bound = *expectation.budget;
    const auto& runs = log.runs_of(expectation.at);
    const CallStep* step = log.call_step(expectation.at);
    if (bound.margin && (step == nullptr || !step->timeout)) {
        return no_answer(ErrorCause::reference,
                         fmt::format("`margin` is of the call's own `timeout`, and `{}` has none",
                                     expectation.at),
                         "give the call a `timeout`, or remove `margin`");
    }
    std::vector<LinksOfRun> by_run(runs.size(), LinksOfRun(bound.inner_first.size()));
    for (std::size_t i = 0; i < bound.inner_first.size(); ++i) {
        const std::string& link = bound.inner_first[i];
        for (LinksOfRun& links : by_run) links[i].link = link;
        const auto found = attempts_at(log, expectation, link, expectation.at);
        if (const auto* problem = std::get_if<Check>(&found)) return *problem;
        for (const Attempt& one : std::get<std::vector<Attempt>>(found)) {
            if (one.run != no_run) take_attempt(by_run[one.run][i], one);
        }
    }
    std::vector<Check> checks;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        for (const LinkEnd& end : by_run[i]) {
            if (!end.opaque) continue;
            return no_answer(
                ErrorCause::unseen,
                fmt::format("a connection on `{}` carries no HTTP and went on after the call, so "
                            "that nobody can see when it was given up",
                            end.link),
                "look at a link with HTTP, or let the client close the connection");
        }
        checks.push_back(
            check_run(bound, by_run[i], runs[i], step != nullptr ? step->timeout : std::nullopt));
    }
    return worst_of(std::move(checks), "repetitions");
}

}  // namespace etimedout
