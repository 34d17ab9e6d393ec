// Measure: a value against its bound, in words: expected, observed, and by how much it was missed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/expect/verdict.hh"
#include "simulator/base/bound.hh"

namespace etimedout {

// A finding in the making. `badness` ranks misses of one kind: the worst is the one reported.
struct Check {
    Finding finding{};
    double badness = 0;
};

// Values for people.
std::string show(Duration value);
std::string show(std::int64_t value);
std::string show(Bytes value);
std::string show(double value);

// The bound as written, and what it allows.
std::string expected_of(const Bound<Duration>& bound);
std::string expected_of(const Bound<std::int64_t>& bound);
std::string expected_of(const Bound<Bytes>& bound);
std::string expected_of(const Bound<double>& bound);
std::string window_of(const Bound<Duration>& bound);

Check measure(const Bound<Duration>& bound, Duration value);
Check measure(const Bound<std::int64_t>& bound, std::int64_t value);
Check measure(const Bound<Bytes>& bound, Bytes value);
Check measure(const Bound<double>& bound, double value);

// A text against what it must equal, contain or match. `kept_to` is the length at which the log
// cut the text off: nothing is concluded from what is missing in a text as long as that.
Check compare_text(const TextBound& bound, const std::string& text,
                   std::optional<std::size_t> kept_to = std::nullopt);
std::string expected_of(const TextBound& bound);

// One line of at most `width` characters, without control characters; "…" where it was cut.
std::string one_line(const std::string& text, std::size_t width = 80);

// A finding that has no measured value.
Check missed(std::string expected, std::string observed);
Check no_answer(ErrorCause cause, std::string problem, std::string advice);

// Whether a regular expression (ECMAScript) is found in the text.
Result<bool> found_in(const std::string& expression, const std::string& text);

// The worst of several checks of the same fact; `of` is how many there were, `what` their name
// ("repetitions"), for "3 of 20 repetitions missed it".
Check worst_of(std::vector<Check> checks, const std::string& what);

}  // namespace etimedout
