// What became of an HTTP exchange, in one word: from what curl knows to what the caller sees.
#pragma once

#include <string>

#include "harness/call/http_client.hh"

namespace etimedout {

struct HttpOutcome {
    std::string outcome{};
    std::string error{};  // errno's name
    // Of the answer: `complete`; `cut`, visibly, by length, chunks or an error; `silently_cut`
    // where only the connection's end ends the body, so that nobody can tell. Empty without one.
    std::string completeness{};
};

// Pure.
HttpOutcome outcome_of(const HttpRequest& request, const HttpExchange& exchange);

}  // namespace etimedout
