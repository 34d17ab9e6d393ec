// RuleBook: the rules of one proxy as they stand, and which of them are for a connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/proxy/engine.hh"
#include "simulator/stream/stage_chain.hh"

namespace etimedout {

// What rules ask of a connection.
struct RelayFacts {
    std::int64_t number = 0;  // among the proxy's, from 1
    IpAddress client{};
};

// A rule since it was set.
struct StandingRule {
    ProxyRule rule;
    Moment since{};
    std::int64_t before = 0;  // connections accepted before it was set
    std::shared_ptr<SharedBudget> budget{};
};

// Immutable: replaced as a whole, so that workers read it without a lock.
class RuleBook {
public:
    RuleBook() = default;
    // Rules with ids of `before` stand since they did there.
    RuleBook(std::vector<ProxyRule> rules, const RuleBook& before, Moment now,
             std::int64_t accepted);

    // Whether the rule is for this connection, by selectors, window and, with the same draw each
    // time it is asked, toxicity.
    bool applies(const StandingRule& rule, const RelayFacts& connection, std::uint64_t seed,
                 const std::string& proxy, Moment now) const;

    // The faults of one direction of a connection, in the order of the rules, but for those of the
    // kind Pass: for them nothing needs to be looked at.
    template <class Plan, class Pass>
    std::vector<ChainLinkOf<Plan>> links_for(Way way, const RelayFacts& connection,
                                             std::uint64_t seed, const std::string& proxy,
                                             Moment now) const {
        std::vector<ChainLinkOf<Plan>> links;
        for (const StandingRule& standing : rules_) {
            const auto* plan = std::get_if<Plan>(&standing.rule.plan);
            if (plan == nullptr || standing.rule.way != way) continue;
            if (std::holds_alternative<Pass>(*plan)) continue;
            if (!applies(standing, connection, seed, proxy, now)) continue;
            links.push_back({standing.rule.id, *plan, standing.budget});
        }
        return links;
    }
    // The first rule about the listener whose window is open; null: none.
    const DoorPlan* door(Moment now) const;
    // When some rule's window opens or shuts next.
    std::optional<Moment> next_change(Moment now) const;
    const std::vector<StandingRule>& rules() const { return rules_; }

private:
    std::vector<StandingRule> rules_;
};

}  // namespace etimedout
