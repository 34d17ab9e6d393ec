// LinkView: what the checkers of facts at a link share.
#pragma once

#include <string>
#include <vector>

#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"
#include "harness/expect/selection.hh"

namespace etimedout {

struct LinkView {
    const LogIndex& log;
    const Expectation& expectation;
    const Selection& selection;
};

// A short list of what was counted, for a miss.
std::vector<std::string> request_lines(const Selection& selection);
std::vector<std::string> connection_lines(const Selection& selection);

// A passed upper bound counts only if the link was watched for long enough afterwards.
Check watched(Check check, const LinkView& view);

Check check_retries(const LinkView& view);

}  // namespace etimedout
