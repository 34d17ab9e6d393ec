// LinkProxy: the proxy in the middle of a scenario's link, which neither end sees.
#include "simulator/proxy/link_proxy.hh"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "simulator/proxy/address.hh"
#include "simulator/proxy/engine.hh"

namespace etimedout {

namespace {

void check_unit(const std::string& id, const std::optional<CountedUnit>& unit) {
    if (!unit || *unit == CountedUnit::connections) return;
    throw Error{fmt::format("fault {}: it acts on bytes, and counts connections, not requests", id),
                "count connections, or use a fault of the message layer"};
}

RuleSelectors selectors_of(const ArmedFault& fault, double& share) {
    RuleSelectors rule;
    const Selectors& given = fault.selectors;
    if (given.source) {
        auto ranges = SourceRanges::parse(*given.source);
        if (!ranges) {
            throw Error{fmt::format("fault {}: source: {}", fault.id, ranges.error().message),
                        ranges.error().advice};
        }
        rule.source = std::move(*ranges);
    }
    if (given.first) {
        check_unit(fault.id, given.first->unit);
        rule.first = given.first->number;
    }
    if (given.nth) {
        check_unit(fault.id, given.nth->unit);
        rule.nth = given.nth->number;
    }
    if (given.probability) {
        check_unit(fault.id, given.probability->unit);
        share = given.probability->probability.value;
    }
    return rule;
}

}  // namespace

class LinkProxy::Impl final : public EngineListener {
public:
    Impl(LinkProxyPlan plan, FaultTold told)
        : told_{std::move(told)},
          table_{std::make_shared<FaultTable>(
              plan.link + "'s proxy", plan.seed,
              [this](const std::string& fault, std::int64_t connection) {
                  const std::lock_guard lock{mutex_};
                  tell(fault, connection);
              })},
          engine_{{.workers = 1, .seed = plan.seed}, *this},
          proxy_{engine_.open({.name = plan.link,
                               .listen = fmt::format(":{}", plan.port),
                               .transparent = true,
                               .gate = std::move(plan.gate),
                               .requests = table_,
                               .connect_timeout = beyond_any_kernel})} {}

    void arm(const ArmedFault& fault) {
        const Decision decision = decision_of(fault.fault);
        if (std::holds_alternative<StreamPlan>(decision)) {
            table_->arm(fault);
            const std::lock_guard lock{mutex_};
            apply();
            return;
        }
        Standing standing{.rules = rules_of(fault, decision),
                          .is_of_door = std::holds_alternative<DoorPlan>(decision)};
        const std::lock_guard lock{mutex_};
        for (const auto& [number, client] : open_) {
            if (!standing.is_of_door && standing.is_for(client)) ++standing.matched;
        }
        faults_[fault.id] = std::move(standing);
        order_.push_back(fault.id);
        apply();
    }

    void heal(const std::string& id) {
        table_->heal(id);
        const std::lock_guard lock{mutex_};
        std::erase(order_, id);
        apply();
    }

    LinkProxyWitness witness(const std::string& id) const {
        const std::lock_guard lock{mutex_};
        const auto found = faults_.find(id);
        if (found == faults_.end()) {
            const FlowWitness seen = table_->witness(id);
            return {seen.matched, seen.fired, seen.evidence};
        }
        const Standing& standing = found->second;
        const auto fired = static_cast<std::int64_t>(standing.fired.size());
        return {standing.matched, fired,
                fmt::format("the link's proxy: acted on {} of {} connections", fired,
                            standing.matched)};
    }

    void accepted(const std::string& /*proxy*/, std::int64_t connection,
                  const std::string& client) override {
        const std::lock_guard lock{mutex_};
        Client known{client, {}};
        if (const auto where = split_host_port(client)) {
            if (const auto ip = IpAddress::parse(where->host)) known.ip = *ip;
        }
        for (const std::string& id : order_) {
            Standing& standing = faults_.at(id);
            if (!standing.is_for(known)) continue;
            ++standing.matched;
            // Who comes in by a slow door has waited at it.
            if (standing.is_of_door && standing.fired.insert(connection).second) told_(id, client);
        }
        open_.emplace(connection, std::move(known));
    }
    void connect_failed(const std::string& /*proxy*/, std::int64_t /*connection*/,
                        const std::string& /*upstream*/, const std::string& /*why*/) override {}
    void closed(const std::string& /*proxy*/, std::int64_t connection, const std::string& /*by*/,
                std::uint64_t /*bytes_up*/, std::uint64_t /*bytes_down*/) override {
        const std::lock_guard lock{mutex_};
        open_.erase(connection);
    }
    void rule_met(const std::string& /*proxy*/, std::int64_t /*connection*/,
                  const std::string& /*rule*/) override {}
    void rule_acted(const std::string& /*proxy*/, std::int64_t connection,
                    const std::string& rule) override {
        const std::lock_guard lock{mutex_};
        const std::string id = rule.substr(0, rule.rfind('/'));
        if (faults_.at(id).fired.insert(connection).second) tell(id, connection);
    }
    void accept_paused(const std::string& /*proxy*/, const std::string& /*why*/) override {}
    void accept_resumed(const std::string& /*proxy*/) override {}
    void unreachable(const std::string& /*proxy*/, std::int64_t /*connection*/,
                     const std::string& /*upstream*/, const std::string& /*why*/) override {}

private:
    struct Client {
        std::string text{};
        IpAddress ip{};
    };
    struct Standing {
        std::vector<ProxyRule> rules{};
        bool is_of_door = false;
        std::int64_t matched = 0;
        std::set<std::int64_t> fired{};  // connections
        bool is_for(const Client& client) const {
            return rules.front().selectors.source.contains(client.ip);
        }
    };

    // Under the mutex.
    void tell(const std::string& fault, std::int64_t connection) const {
        const auto client = open_.find(connection);
        told_(fault, client == open_.end() ? std::string{} : client->second.text);
    }

    // One rule for each direction it is for.
    static std::vector<ProxyRule> rules_of(const ArmedFault& fault, const Decision& decision) {
        double share = 1;
        const RuleSelectors selectors = selectors_of(fault, share);
        std::vector<ProxyRule> rules;
        const auto add = [&](Way way, const char* word, ToxicPlan plan) {
            rules.push_back({.id = fault.id + "/" + word,
                             .way = way,
                             .plan = std::move(plan),
                             .toxicity = share,
                             .group = fault.id,
                             .selectors = selectors});
        };
        if (const auto* door = std::get_if<DoorPlan>(&decision)) {
            add(Way::up, "door", *door);
        } else if (const auto* flow = std::get_if<FlowPlan>(&decision)) {
            const Direction direction = direction_of(fault);
            if (direction != Direction::down) add(Way::up, "up", *flow);
            if (direction != Direction::up) add(Way::down, "down", *flow);
        } else {
            throw Error{
                fmt::format("fault {}: `{}` is not for a proxy", fault.id, kind_of(fault.fault)),
                "arm it where it acts"};
        }
        return rules;
    }

    // Under the mutex. The engine takes its own locks, but never calls back from here.
    void apply() {
        std::vector<ProxyRule> all;
        for (const std::string& id : order_) {
            const auto& rules = faults_.at(id).rules;
            all.insert(all.end(), rules.begin(), rules.end());
        }
        proxy_->set_rules(std::move(all));
    }

    FaultTold told_;
    std::shared_ptr<FaultTable> table_;  // of the faults of requests and answers
    mutable std::mutex mutex_;
    std::map<std::string, Standing> faults_;
    std::vector<std::string> order_;  // ids of those in place, as they were armed
    std::map<std::int64_t, Client> open_;
    Engine engine_;
    std::unique_ptr<RunningProxy> proxy_;
};

LinkProxy::LinkProxy(LinkProxyPlan plan, FaultTold told)
    : impl_{std::make_unique<Impl>(std::move(plan), std::move(told))} {}
LinkProxy::~LinkProxy() = default;

void LinkProxy::arm(const ArmedFault& fault) { impl_->arm(fault); }
void LinkProxy::heal(const std::string& id) { impl_->heal(id); }
LinkProxyWitness LinkProxy::witness(const std::string& id) const { return impl_->witness(id); }

}  // namespace etimedout
