// Models: the checkers of remedies, each a pure function of the log.
#pragma once

#include "harness/expect/facts.hh"

namespace etimedout {

Check check_breaker(const LogIndex& log, const Expectation& expectation);
Check check_budget(const LogIndex& log, const Expectation& expectation);
Check check_bulkhead(const LogIndex& log, const Expectation& expectation);
Check check_pool(const LogIndex& log, const Expectation& expectation);
Check check_hedge(const LogIndex& log, const Expectation& expectation);
Check check_rate_limit(const LogIndex& log, const Expectation& expectation);
Check check_degraded(const LogIndex& log, const Expectation& expectation);
Check check_health_check(const LogIndex& log, const Expectation& expectation);
Check check_dns_cache(const LogIndex& log, const Expectation& expectation);

// `stream`, with its short forms, at a call or at a link.
void check_streams(const LogIndex& log, const Expectation& expectation, Facts& facts);

// All of the above that the expectation has.
void check_model_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);

}  // namespace etimedout
