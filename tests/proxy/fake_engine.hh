// A data path without sockets: remembers what it was told, and knows which addresses are taken.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulator/proxy/proxy_set.hh"

namespace etimedout::test {

struct FakeProxy {
    ProxyPlan plan{};
    std::vector<ProxyRule> rules{};
    ProxyCounters counters{};
    int rule_changes = 0;
};

class FakeEngine {
public:
    EngineCalls calls() {
        EngineCalls calls;
        calls.open = [this](ProxyPlan plan) { return open(std::move(plan)); };
        calls.resolve = [](const std::string& address) { return resolve(address); };
        calls.connections = [this] { return connections; };
        calls.kill = [this](std::uint64_t id) {
            return std::erase_if(connections, [id](const auto& row) { return row.id == id; }) > 0;
        };
        return calls;
    }

    // By address, those that are listening.
    std::map<std::string, std::shared_ptr<FakeProxy>> running{};
    std::vector<ConnectionRow> connections{};
    int opened = 0;

    FakeProxy& at(const std::string& address) { return *running.at(address); }

private:
    class Running final : public RunningProxy {
    public:
        Running(FakeEngine& engine, std::string address, ProxyPlan plan)
            : engine_{engine}, address_{std::move(address)}, proxy_{std::make_shared<FakeProxy>()} {
            proxy_->rules = plan.rules;
            proxy_->plan = std::move(plan);
            engine_.running[address_] = proxy_;
        }
        ~Running() override { engine_.running.erase(address_); }
        std::string listen() const override { return address_; }
        void set_rules(std::vector<ProxyRule> rules) override {
            proxy_->rules = std::move(rules);
            ++proxy_->rule_changes;
        }
        ProxyCounters counters() const override { return proxy_->counters; }

    private:
        FakeEngine& engine_;
        std::string address_;
        std::shared_ptr<FakeProxy> proxy_;
    };

    std::unique_ptr<RunningProxy> open(ProxyPlan plan) {
        std::string address = resolve(plan.listen);
        if (address.ends_with(":0")) {
            address.pop_back();
            address += std::to_string(40000 + opened);
        }
        if (running.contains(address)) {
            throw ListenError{"listen tcp " + address + ": bind: address already in use"};
        }
        ++opened;
        return std::make_unique<Running>(*this, std::move(address), std::move(plan));
    }

    static std::string resolve(const std::string& address) {
        if (address.empty()) return "[::]:0";
        const auto colon = address.rfind(':');
        if (colon == std::string::npos) {
            throw ListenError{"listen tcp: address " + address + ": missing port in address"};
        }
        const std::string host = address.substr(0, colon);
        const std::string port = address.substr(colon);
        if (port.size() > 6 || port.find_first_not_of("0123456789", 1) != std::string::npos) {
            throw ListenError{"listen tcp: address " + port.substr(1) + ": invalid port"};
        }
        if (host.empty() || host == "0.0.0.0" || host == "[::]") return "[::]" + port;
        return (host == "localhost" ? "127.0.0.1" : host) + port;
    }
};

}  // namespace etimedout::test
