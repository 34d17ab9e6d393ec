// Models: which of them an expectation has.
#include "harness/expect/models.hh"

#include <fmt/format.h>

namespace etimedout {

namespace {

// A call that never began is in the way of every model that looks at it.
std::optional<Check> absent_call(const LogIndex& log, const Expectation& expectation) {
    for (const std::string& call : {expectation.at, expectation.of.value_or(std::string{})}) {
        if (call.empty() || !log.is_call(call) || !log.runs_of(call).empty()) continue;
        return no_answer(ErrorCause::absent, fmt::format("the call `{}` never began", call),
                         "look at what the run did before it");
    }
    return std::nullopt;
}

}  // namespace

void check_model_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    check_streams(log, expectation, facts);
    const auto model = [&](const std::string& name, bool wanted, auto check) {
        if (!wanted) return;
        if (auto absent = absent_call(log, expectation)) return facts.add(name, *absent);
        facts.add(name, check(log, expectation));
    };
    model("breaker", expectation.breaker.has_value(), check_breaker);
    model("budget", expectation.budget.has_value(), check_budget);
    model("bulkhead", expectation.bulkhead.has_value(), check_bulkhead);
    model("pool", expectation.pool.has_value(), check_pool);
    model("hedge", expectation.hedge.has_value(), check_hedge);
    model("rate_limit", expectation.rate_limit.has_value(), check_rate_limit);
    model("degraded", expectation.degraded.has_value(), check_degraded);
    model("health_check", expectation.health_check.has_value(), check_health_check);
    model("dns_cache", expectation.dns_cache.has_value(), check_dns_cache);
}

}  // namespace etimedout
