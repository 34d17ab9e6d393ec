// RuleBook: the rules of one proxy as they stand, and which of them are for a connection.
#include "simulator/proxy/rule_book.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/base/rng.hh"

namespace etimedout {

namespace {

bool is_open(const StandingRule& rule, Moment now) {
    const Moment begins = rule.since + rule.rule.selectors.begins;
    if (now < begins) return false;
    return !rule.rule.selectors.lasts || now < begins + *rule.rule.selectors.lasts;
}

bool is_shared(const ToxicPlan& plan) {
    if (const auto* datagrams = std::get_if<DatagramPlan>(&plan)) {
        const auto* throttle = std::get_if<DatagramThrottle>(datagrams);
        return throttle != nullptr && throttle->shared;
    }
    const auto* flow = std::get_if<FlowPlan>(&plan);
    if (flow == nullptr) return false;
    const auto* throttle = std::get_if<FlowThrottle>(flow);
    return throttle != nullptr && throttle->shared;
}

bool selects(const StandingRule& rule, const RelayFacts& connection) {
    const RuleSelectors& selectors = rule.rule.selectors;
    const std::int64_t place = connection.number - rule.before;
    if (selectors.first && (place < 1 || place > *selectors.first)) return false;
    if (selectors.nth && place != *selectors.nth) return false;
    return selectors.source.contains(connection.client);
}

}  // namespace

RuleBook::RuleBook(std::vector<ProxyRule> rules, const RuleBook& before, Moment now,
                   std::int64_t accepted) {
    for (ProxyRule& rule : rules) {
        StandingRule standing{{}, now, accepted, nullptr};
        for (const StandingRule& old : before.rules_) {
            if (old.rule.id == rule.id) standing = old;
        }
        if (is_shared(rule.plan) && !standing.budget) {
            standing.budget = std::make_shared<SharedBudget>();
        }
        standing.rule = std::move(rule);
        rules_.push_back(std::move(standing));
    }
}

bool RuleBook::applies(const StandingRule& rule, const RelayFacts& connection, std::uint64_t seed,
                       const std::string& proxy, Moment now) const {
    if (!is_open(rule, now) || !selects(rule, connection)) return false;
    if (rule.rule.toxicity >= 1) return true;
    const std::string& drawn_as = rule.rule.group.empty() ? rule.rule.id : rule.rule.group;
    Rng rng{seed, fmt::format("{}/{}/{}", proxy, connection.number, drawn_as)};
    return rng.next_double() < rule.rule.toxicity;
}

const DoorPlan* RuleBook::door(Moment now) const {
    for (const StandingRule& standing : rules_) {
        const auto* plan = std::get_if<DoorPlan>(&standing.rule.plan);
        if (plan != nullptr && is_open(standing, now) && standing.rule.toxicity > 0) return plan;
    }
    return nullptr;
}

std::optional<Moment> RuleBook::next_change(Moment now) const {
    std::optional<Moment> soonest;
    const auto consider = [&](Moment t) {
        if (t > now && (!soonest || t < *soonest)) soonest = t;
    };
    for (const StandingRule& standing : rules_) {
        const RuleSelectors& selectors = standing.rule.selectors;
        const Moment begins = standing.since + selectors.begins;
        consider(begins);
        if (selectors.lasts) consider(begins + *selectors.lasts);
    }
    return soonest;
}

}  // namespace etimedout
