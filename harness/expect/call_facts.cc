// Facts at a call: what its caller saw, over all its repetitions.
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "harness/expect/facts.hh"

namespace etimedout {

namespace {

constexpr std::size_t kept_text = 65536;  // event.hh: bodies and outputs are kept up to here

// What became of a call, for people: "response 504", "connect_timeout (ETIMEDOUT)".
std::string in_short(const CallRun& run) {
    if (run.end == nullptr) return "it had not ended when the log did";
    const CallEnd& end = *run.end;
    std::string text = end.outcome;
    if (end.status) text += fmt::format(" {}", *end.status);
    if (!end.error.empty()) text += fmt::format(" ({})", end.error);
    if (end.exit_code && *end.exit_code != 0) text += fmt::format(", exit code {}", *end.exit_code);
    return text;
}

std::string outcome_of(const CallRun& run) {
    return run.end == nullptr ? "never_ended" : run.end->outcome;
}

using CheckRun = std::function<Check(const CallRun&, const CallEnd&)>;

// A plain fact must hold for each repetition; the worst is reported.
Check check_each(const std::vector<CallRun>& runs, const std::string& expected,
                 const CheckRun& check_run) {
    std::vector<Check> checks;
    for (const CallRun& run : runs) {
        Check check =
            run.end == nullptr ? missed(expected, in_short(run)) : check_run(run, *run.end);
        if (check.finding.evidence.empty() && run.end != nullptr) {
            check.finding.evidence.push_back(fmt::format(
                "{}: {}{}{}",
                runs.size() > 1 ? fmt::format("repetition {}", run.begin->index)
                                : fmt::format("call {}", run.begin->call),
                in_short(run), run.end->detail.empty() ? "" : ", ", one_line(run.end->detail)));
        }
        check.finding.at = run.ran.to;
        checks.push_back(std::move(check));
    }
    return worst_of(std::move(checks), "repetitions");
}

Check equal_words(const std::string& expected, const std::string& observed,
                  const std::string& shown) {
    if (expected != observed) return missed(expected, shown);
    Check check;
    check.finding.expected = expected;
    check.finding.observed = shown;
    return check;
}

// A stream's own marker outweighs what HTTP says of its end: only who looks for it can tell that a
// stream is cut which was ended in good order without it.
std::string completeness_of(const CallEnd& end, const std::optional<std::string>& marker) {
    if (!marker || !end.stream) return end.completeness;
    const bool there = end.stream->last_data == *marker || end.stream->last_type == *marker;
    if (there) return "complete";
    return end.completeness == "cut" ? "cut" : "silently_cut";
}

std::optional<Duration> phase_of(const CallEnd& end, const std::string& phase) {
    if (phase == "dns") return end.dns;
    if (phase == "connect") return end.connect;
    if (phase == "tls") return end.tls;
    if (phase == "first_byte") return end.first_byte;
    return end.total;
}

// Nearest rank: the smallest value that at least this share of all values do not exceed.
Duration nearest_rank(const std::vector<Duration>& sorted, const std::string& name) {
    constexpr double whole = 100;
    const auto share = name == "max" ? whole : Scalar<double>::parse(name.substr(1)).value();
    const auto count = static_cast<double>(sorted.size());
    const auto rank = static_cast<std::size_t>(std::ceil(share / whole * count));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

bool is_percentile(const std::string& name) {
    return name == "max" || (name.starts_with('p') && Scalar<double>::parse(name.substr(1)));
}

void check_words(const std::vector<CallRun>& runs, const Expectation& expectation, Facts& facts) {
    if (expectation.outcome) {
        std::vector<Check> checks;
        for (const CallRun& run : runs) {
            checks.push_back(equal_words(*expectation.outcome, outcome_of(run), in_short(run)));
            checks.back().finding.at = run.ran.to;
            if (run.end != nullptr && !run.end->detail.empty()) {
                checks.back().finding.evidence.push_back(one_line(run.end->detail));
            }
        }
        facts.add("outcome", worst_of(std::move(checks), "repetitions"));
    }
    if (!expectation.outcomes.empty()) {
        std::map<std::string, std::int64_t> seen;
        for (const CallRun& run : runs) ++seen[outcome_of(run)];
        std::vector<std::string> observed;
        for (const auto& [outcome, count] : seen) {
            observed.push_back(fmt::format("{}: {}", outcome, count));
        }
        Check all;
        std::vector<std::string> expected;
        for (const auto& [outcome, bound] : expectation.outcomes) {
            expected.push_back(fmt::format("{}: {}", outcome, expected_of(bound)));
            const Check one = measure(bound, seen[outcome]);
            if (one.finding.verdict == Verdict::pass) continue;
            all.finding.verdict = Verdict::fail;
            all.finding.missed_by +=
                fmt::format("{}{} {}", all.finding.missed_by.empty() ? "" : ", ", outcome,
                            one.finding.missed_by);
        }
        all.finding.expected = fmt::format("{}", fmt::join(expected, ", "));
        all.finding.observed = fmt::format("{}", fmt::join(observed, ", "));
        facts.add("outcomes", std::move(all));
    }
    if (expectation.error) {
        facts.add("errno",
                  check_each(runs, *expectation.error, [&](const CallRun& run, const CallEnd& end) {
                      return equal_words(*expectation.error, end.error,
                                         end.error.empty()
                                             ? fmt::format("no errno ({})", in_short(run))
                                             : end.error);
                  }));
    }
    if (expectation.completeness) {
        facts.add("completeness",
                  check_each(
                      runs, *expectation.completeness, [&](const CallRun& run, const CallEnd& end) {
                          const std::string seen =
                              completeness_of(end, expectation.stream.end_marker);
                          return equal_words(
                              *expectation.completeness, seen,
                              seen.empty() ? fmt::format("no body ({})", in_short(run)) : seen);
                      }));
    }
}

void check_numbers(const std::vector<CallRun>& runs, const Expectation& expectation, Facts& facts) {
    const auto number = [&](const std::string& fact, const Bound<std::int64_t>& bound,
                            std::optional<std::int64_t> CallEnd::*member,
                            const std::string& absent) {
        facts.add(
            fact, check_each(runs, expected_of(bound), [&](const CallRun& run, const CallEnd& end) {
                if (const auto value = end.*member) {
                    Check check = measure(bound, *value);
                    // A status is a name, not an amount.
                    check.finding.missed_by.clear();
                    return check;
                }
                return missed(expected_of(bound), fmt::format("{}: {}", absent, in_short(run)));
            }));
    };
    if (expectation.status) number("status", *expectation.status, &CallEnd::status, "no response");
    if (expectation.exit_code) {
        number("exit_code", *expectation.exit_code, &CallEnd::exit_code, "no exit code");
    }
    if (expectation.received) {
        facts.add("received", check_each(runs, expected_of(*expectation.received),
                                         [&](const CallRun&, const CallEnd& end) {
                                             return measure(*expectation.received,
                                                            Bytes{end.received});
                                         }));
    }
}

void check_texts(const std::vector<CallRun>& runs, const Expectation& expectation, Facts& facts) {
    for (const auto& [name, bound] : expectation.headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
            return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        });
        facts.add(fmt::format("headers {}", lower),
                  check_each(runs, expected_of(bound), [&](const CallRun& run, const CallEnd& end) {
                      const auto found = end.headers.find(lower);
                      if (found != end.headers.end()) return compare_text(bound, found->second);
                      return missed(expected_of(bound),
                                    fmt::format("no such header: {}", in_short(run)));
                  }));
    }
    const auto text = [&](const std::string& fact, const std::optional<TextBound>& bound,
                          std::string CallEnd::*member) {
        if (!bound) return;
        facts.add(fact,
                  check_each(runs, expected_of(*bound), [&](const CallRun&, const CallEnd& end) {
                      return compare_text(*bound, end.*member, kept_text);
                  }));
    };
    text("body", expectation.body, &CallEnd::body);
    text("stdout", expectation.standard_output, &CallEnd::standard_output);
    text("stderr", expectation.standard_error, &CallEnd::standard_error);
}

void check_times(const std::vector<CallRun>& runs, const Expectation& expectation, Facts& facts) {
    for (const auto& [phase, bound] : expectation.phases) {
        facts.add(phase,
                  check_each(runs, expected_of(bound), [&](const CallRun& run, const CallEnd& end) {
                      if (const auto value = phase_of(end, phase)) return measure(bound, *value);
                      Check check = missed(expected_of(bound),
                                           fmt::format("it never came so far: {}", in_short(run)));
                      check.finding.window = window_of(bound);
                      return check;
                  }));
    }
    if (expectation.percentiles.empty()) return;
    std::vector<Duration> totals;
    for (const CallRun& run : runs) {
        totals.push_back(run.end != nullptr ? run.end->total : run.ran.to - run.ran.from);
    }
    std::sort(totals.begin(), totals.end());
    for (const auto& [name, bound] : expectation.percentiles) {
        if (!is_percentile(name)) {
            facts.add(name, no_answer(ErrorCause::reference,
                                      fmt::format("`{}` is not a percentile", name),
                                      "write p50, p95, p99 or max"));
            continue;
        }
        Check check = measure(bound, nearest_rank(totals, name));
        check.finding.evidence.push_back(fmt::format("over {} repetitions: {} to {}", totals.size(),
                                                     show(totals.front()), show(totals.back())));
        facts.add(name, std::move(check));
    }
}

void check_success(const std::vector<CallRun>& runs, const Expectation& expectation, Facts& facts) {
    if (!expectation.success_ratio) return;
    const auto good = std::count_if(runs.begin(), runs.end(), [](const CallRun& run) {
        return run.end != nullptr && succeeded(*run.end);
    });
    const double ratio = static_cast<double>(good) / static_cast<double>(runs.size());
    Check check = measure(*expectation.success_ratio, ratio);
    check.finding.evidence.push_back(fmt::format("{} of {} succeeded", good, runs.size()));
    facts.add("success_ratio", std::move(check));
}

// Every key of the call that the expectation has, for the one problem that all of them share.
std::vector<std::string> call_keys(const Expectation& expectation) {
    std::vector<std::string> keys;
    const auto key = [&](bool given, const std::string& name) {
        if (given) keys.push_back(name);
    };
    key(expectation.outcome.has_value(), "outcome");
    key(!expectation.outcomes.empty(), "outcomes");
    key(expectation.error.has_value(), "errno");
    key(expectation.completeness.has_value(), "completeness");
    key(expectation.status.has_value(), "status");
    key(expectation.exit_code.has_value(), "exit_code");
    key(expectation.received.has_value(), "received");
    for (const auto& [name, bound] : expectation.headers) key(true, "headers " + name);
    key(expectation.body.has_value(), "body");
    key(expectation.standard_output.has_value(), "stdout");
    key(expectation.standard_error.has_value(), "stderr");
    for (const auto& [name, bound] : expectation.phases) key(true, name);
    for (const auto& [name, bound] : expectation.percentiles) key(true, name);
    key(expectation.success_ratio.has_value(), "success_ratio");
    return keys;
}

}  // namespace

bool has_call_keys(const Expectation& expectation) { return !call_keys(expectation).empty(); }

void check_call_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const auto keys = call_keys(expectation);
    if (keys.empty()) return;
    const auto& runs = log.runs_of(expectation.at);
    if (runs.empty()) {
        const bool known = log.is_call(expectation.at);
        for (const std::string& key : keys) {
            facts.add(
                key, known ? no_answer(ErrorCause::absent,
                                       fmt::format("the call `{}` never began", expectation.at),
                                       "look at what the run did before it")
                           : no_answer(
                                 ErrorCause::reference,
                                 fmt::format("`{}` is not a call of this scenario", expectation.at),
                                 "name one of its calls with `at`"));
        }
        return;
    }
    check_words(runs, expectation, facts);
    check_numbers(runs, expectation, facts);
    check_texts(runs, expectation, facts);
    check_times(runs, expectation, facts);
    check_success(runs, expectation, facts);
}

}  // namespace etimedout
