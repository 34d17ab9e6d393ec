// Attempts: what was tried over a link, request by request or connection by connection, and by
// which repetition of a call.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"
#include "harness/expect/selection.hh"

namespace etimedout {

inline constexpr std::size_t no_run = std::numeric_limits<std::size_t>::max();

// A request; or a connection that carried none: one that was never established, or, on a link
// without HTTP, any.
struct Attempt {
    Duration began{};
    Duration ended{};  // the answer's last byte, or the connection's end; else the end of the log
    bool over = false;
    bool answered = false;
    // Answered in full and with no 5xx; a connection without HTTP: established, and not reset.
    bool good = false;
    // Its caller closed the connection before all of the answer was there; what comes of it after
    // that is no answer.
    bool given_up = false;
    std::int64_t status = 0;
    const Request* request = nullptr;
    const Connection* connection = nullptr;
    std::size_t run = no_run;  // index into the repetitions of the call that `of` names
};

// By their begin. Repetitions are told apart by the trace header, else by the time at which they
// ran: of several that ran at once, it is the one that began last.
std::vector<Attempt> attempts_of(const LogIndex& log, const Expectation& expectation,
                                 const Selection& selection);

// Of the link `link`, selected as the expectation says, which looks elsewhere; `of` is `call`.
std::variant<std::vector<Attempt>, Check> attempts_at(const LogIndex& log,
                                                      const Expectation& expectation,
                                                      const std::string& link,
                                                      const std::optional<std::string>& call);

// "GET /pay: 503 at 2.001s", "connection 4: never established".
std::string in_words(const Attempt& attempt);

// What Retry-After or Retry-After-Ms of a response asks for (RFC 9110 section 10.2.3), after `t`,
// at which it was seen; a date is taken against the world's wall clock.
std::optional<Duration> retry_after_of(const LogIndex& log, const HttpMessage& response,
                                       Duration t);

}  // namespace etimedout
