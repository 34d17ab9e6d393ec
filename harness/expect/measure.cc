// Measure: values against bounds, in words.
#include "harness/expect/measure.hh"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <boost/regex.hpp>

#include "simulator/events/json_text.hh"

namespace etimedout {

namespace {

std::string in_words(const std::optional<std::string>& low,
                     const std::optional<std::string>& high) {
    if (low && high) return *low == *high ? *low : fmt::format("{} to {}", *low, *high);
    if (low) return fmt::format("at least {}", *low);
    if (high) return fmt::format("at most {}", *high);
    return "anything";
}

template <class T>
std::string limits_in_words(const Bound<T>& bound) {
    std::optional<std::string> low;
    std::optional<std::string> high;
    if (bound.at_least) low = show(*bound.at_least);
    if (bound.at_most) high = show(*bound.at_most);
    return in_words(low, high);
}

template <class T>
std::string expected_text(const Bound<T>& bound) {
    return bound.text.empty() ? limits_in_words(bound) : bound.text;
}

double number_of(Duration value) { return static_cast<double>(value.count()); }
double number_of(std::int64_t value) { return static_cast<double>(value); }
double number_of(Bytes value) { return static_cast<double>(value.count); }
double number_of(double value) { return value; }

std::string miss_in_words(Duration by, bool below) {
    return fmt::format("{} by {}", below ? "early" : "late", show(by));
}
std::string miss_in_words(std::int64_t by, bool below) {
    return fmt::format("{} too {}", by, below ? "few" : "many");
}
std::string miss_in_words(Bytes by, bool below) {
    return fmt::format("{} too {}", show(by), below ? "few" : "many");
}
std::string miss_in_words(double by, bool below) {
    return fmt::format("{} too {}", show(by), below ? "low" : "high");
}

Duration less(Duration a, Duration b) { return a - b; }
std::int64_t less(std::int64_t a, std::int64_t b) { return a - b; }
Bytes less(Bytes a, Bytes b) { return Bytes{a.count - b.count}; }
double less(double a, double b) { return a - b; }

template <class T>
Check measure_any(const Bound<T>& bound, const T& value) {
    Check check;
    Finding& finding = check.finding;
    finding.expected = expected_text(bound);
    if (const std::string limits = limits_in_words(bound); limits != finding.expected) {
        finding.window = limits;
    }
    finding.observed = show(value);
    if (bound.contains(value)) return check;
    const bool below = bound.at_least && value < *bound.at_least;
    const T by = below ? less(*bound.at_least, value) : less(value, *bound.at_most);
    finding.verdict = Verdict::fail;
    finding.missed_by = miss_in_words(by, below);
    if constexpr (std::is_same_v<T, Duration>) finding.missed_time = by;
    check.badness = number_of(by);
    return check;
}

}  // namespace

std::string show(Duration value) { return human(value); }
std::string show(std::int64_t value) { return fmt::format("{}", value); }
std::string show(Bytes value) {
    constexpr double kilo = 1e3;
    constexpr double mega = 1e6;
    const double count = static_cast<double>(value.count);
    if (std::abs(count) >= 10 * mega) return fmt::format("{:.1f} MB", count / mega);
    if (std::abs(count) >= 10 * kilo) return fmt::format("{:.1f} kB", count / kilo);
    return fmt::format("{} B", value.count);
}
std::string show(double value) { return fmt::format("{:.4g}", value); }

std::string expected_of(const Bound<Duration>& bound) { return expected_text(bound); }
std::string expected_of(const Bound<std::int64_t>& bound) { return expected_text(bound); }
std::string expected_of(const Bound<Bytes>& bound) { return expected_text(bound); }
std::string expected_of(const Bound<double>& bound) { return expected_text(bound); }
std::string window_of(const Bound<Duration>& bound) { return limits_in_words(bound); }

Check measure(const Bound<Duration>& bound, Duration value) { return measure_any(bound, value); }
Check measure(const Bound<std::int64_t>& bound, std::int64_t value) {
    return measure_any(bound, value);
}
Check measure(const Bound<Bytes>& bound, Bytes value) { return measure_any(bound, value); }
Check measure(const Bound<double>& bound, double value) {
    // A share such as 19/20 is not exact in binary: a bound is met to 12 digits.
    constexpr double slack = 1e-12;
    Bound<double> wider = bound;
    if (wider.at_least) *wider.at_least -= slack;
    if (wider.at_most) *wider.at_most += slack;
    Check check = measure_any(wider, value);
    check.finding.expected = expected_text(bound);
    const std::string limits = limits_in_words(bound);
    check.finding.window = limits == check.finding.expected ? std::string{} : limits;
    return check;
}

std::string one_line(const std::string& text, std::size_t width) {
    std::string line;
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = std::string_view{text}.substr(at);
        std::size_t length = utf8_length(rest);
        std::string_view piece = rest.substr(0, std::max<std::size_t>(length, 1));
        const auto byte = static_cast<unsigned char>(rest.front());
        if (rest.front() == '\n') {
            piece = "\\n";
        } else if (rest.front() == '\r') {
            piece = "\\r";
        } else if (rest.front() == '\t') {
            piece = " ";
        } else if (length == 0) {
            piece = "\uFFFD";
        } else if (byte < 0x20 || byte == 0x7f) {
            piece = "?";
        }
        length = std::max<std::size_t>(length, 1);
        const std::size_t wide = piece.front() == '\\' ? piece.size() : 1;
        const bool last = at + length >= text.size();
        if (characters + wide > width - (last ? 0 : 1)) return line + "…";
        line += piece;
        characters += wide;
        at += length;
    }
    return line;
}

Check missed(std::string expected, std::string observed) {
    Check check;
    check.finding.verdict = Verdict::fail;
    check.finding.expected = std::move(expected);
    check.finding.observed = std::move(observed);
    check.badness = std::numeric_limits<double>::infinity();
    return check;
}

Check no_answer(ErrorCause cause, std::string problem, std::string advice) {
    Check check;
    check.finding.verdict = Verdict::error;
    check.finding.cause = cause;
    check.finding.observed = std::move(problem);
    check.finding.advice = std::move(advice);
    return check;
}

Result<bool> found_in(const std::string& expression, const std::string& text) {
    // Boost.Regex, because libstdc++'s matcher recurses once per character and overflows the stack
    // on a long body. It gives up with an exception on expressions of exponential cost.
    try {
        const boost::regex compiled{expression, boost::regex::ECMAScript};
        return boost::regex_search(text, compiled);
    } catch (const std::exception& problem) {
        return Problem{fmt::format("`{}` cannot be used as a regular expression here: {}",
                                   expression, one_line(problem.what(), 160)),
                       "write a simpler ECMAScript expression, or use `contains`"};
    }
}

std::string expected_of(const TextBound& bound) {
    std::vector<std::string> parts;
    if (bound.equals) parts.push_back(fmt::format("\"{}\"", one_line(*bound.equals)));
    if (bound.contains) parts.push_back(fmt::format("contains \"{}\"", one_line(*bound.contains)));
    if (bound.matches) parts.push_back(fmt::format("matches /{}/", one_line(*bound.matches)));
    return fmt::format("{}", fmt::join(parts, " and "));
}

Check compare_text(const TextBound& bound, const std::string& text,
                   std::optional<std::size_t> kept_to) {
    bool good = !bound.equals || *bound.equals == text;
    good = good && (!bound.contains || text.find(*bound.contains) != std::string::npos);
    if (good && bound.matches) {
        const Result<bool> found = found_in(*bound.matches, text);
        if (!found) {
            return no_answer(ErrorCause::reference, found.error().message, found.error().advice);
        }
        good = *found;
    }
    const std::string observed = text.empty() ? "nothing" : fmt::format("\"{}\"", one_line(text));
    if (!good && kept_to && text.size() >= *kept_to) {
        return no_answer(
            ErrorCause::unseen,
            fmt::format("only the first {} bytes were kept, and it is not in these", *kept_to),
            "expect something of its beginning, or its size with `received`");
    }
    if (!good) return missed(expected_of(bound), observed);
    Check check;
    check.finding.expected = expected_of(bound);
    check.finding.observed = observed;
    return check;
}

Check worst_of(std::vector<Check> checks, const std::string& what) {
    if (checks.size() == 1) return std::move(checks.front());
    const auto worse = [](const Check& a, const Check& b) {
        if (a.finding.verdict != b.finding.verdict) {
            return graver(a.finding.verdict, b.finding.verdict) == b.finding.verdict;
        }
        return a.badness < b.badness;
    };
    const auto bad = std::count_if(checks.begin(), checks.end(), [](const Check& check) {
        return check.finding.verdict != Verdict::pass;
    });
    const std::size_t many = checks.size();
    Check worst = std::move(*std::max_element(checks.begin(), checks.end(), worse));
    Finding& finding = worst.finding;
    if (bad > 0) {
        finding.evidence.insert(
            finding.evidence.begin(),
            fmt::format("{} of {} {} missed it; this is the worst", bad, many, what));
    } else {
        finding.evidence.insert(finding.evidence.begin(), fmt::format("all of {} {}", many, what));
    }
    return worst;
}

}  // namespace etimedout
