// Facts: the checkers of the keys of one expectation, by where they are looked for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"
#include "harness/scenario/model.hh"

namespace etimedout {

// The facts of one expectation, as they are checked.
class Facts {
public:
    void add(std::string fact, Check check) {
        checks_.emplace_back(std::move(fact), std::move(check));
    }
    std::vector<std::pair<std::string, Check>>& all() { return checks_; }

private:
    std::vector<std::pair<std::string, Check>> checks_;
};

// Each adds one check per key that the expectation has of its kind, in the order of the model.
void check_call_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);
void check_link_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);
void check_dns_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);
void check_node_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);
void check_fault_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);
void check_order_facts(const LogIndex& log, const Expectation& expectation, Facts& facts);

// All of the above, `any_of` and `all_of` included.
Facts check_facts(const LogIndex& log, const Expectation& expectation);

// The findings of all expectations of the log's scenario, in its order.
std::vector<Finding> check_expectations(const LogIndex& log);

bool has_call_keys(const Expectation& expectation);
bool has_link_keys(const Expectation& expectation);

// A passed upper bound on what must not happen again counts only if the log goes on for long
// enough after the last of it: `settle`, or the larger of 1 s and twice the last gap. Otherwise
// this is the error to report instead.
struct Watch {
    Duration from{};      // the last of it
    Duration last_gap{};  // between the last two
};
Check if_watched(Check passed, const LogIndex& log, const Expectation& expectation,
                 const Watch& watch);
inline constexpr Duration least_settle = 1s;

}  // namespace etimedout
