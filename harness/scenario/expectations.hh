// Expectations: what must be true, and at which kind of place each key means something.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// The words of `outcome`: how a call ended. `failed` is a program that ended with another code
// than 0, or what no other word fits.
inline constexpr std::array<std::string_view, 19> outcome_words{
    "response",           "ok",           "dns_failure",   "dns_timeout", "connect_refused",
    "connect_timeout",    "unreachable",  "tls_failure",   "tls_timeout", "write_timeout",
    "first_byte_timeout", "idle_timeout", "total_timeout", "reset",       "closed_early",
    "stream_aborted",     "cancelled",    "failed",        "never_ended"};

// Where a key of an expectation means something; a set of bits.
namespace places {
inline constexpr unsigned call = 1;
inline constexpr unsigned link = 2;
inline constexpr unsigned node = 4;
inline constexpr unsigned fault = 8;
}  // namespace places

// The list `expect`; steps must be known.
void read_expectations(Reading& reading, const YamlNode& root, std::vector<Expectation>& out);

Form expectation_form();

// Of an `always`: whether a field says which events are meant (`event`, `link`, `what`, …); the
// others say what must be true of them.
inline bool says_which(std::string_view field) {
    static constexpr std::array<std::string_view, 8> which{"event", "at",    "link", "node",
                                                           "call",  "fault", "end",  "what"};
    return std::find(which.begin(), which.end(), field) != which.end();
}

}  // namespace etimedout
