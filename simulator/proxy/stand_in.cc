// StandIn: what is in a world where a system outside it is called: a proxy that reaches it there.
#include "simulator/proxy/stand_in.hh"

#include <utility>

#include <fmt/format.h>

namespace etimedout {

class StandIn::Impl final : public EngineListener {
public:
    explicit Impl(StandInPlan plan) : tell_{std::move(plan.tell)}, engine_{{.workers = 1}, *this} {
        for (const auto& [port, gate] : plan.ports) {
            for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
                proxies_.push_back(engine_.open({.name = plan.node,
                                                 .listen = fmt::format(":{}", port),
                                                 .upstream = plan.outside.front().text(),
                                                 .upstream_addresses = plan.outside,
                                                 .upstream_socket = plan.outside_socket,
                                                 .gate = protocol == Protocol::tcp ? gate : nullptr,
                                                 .connect_timeout = beyond_any_kernel,
                                                 .protocol = protocol}));
            }
        }
    }

    void accepted(const std::string& /*proxy*/, std::int64_t /*connection*/,
                  const std::string& /*client*/) override {}
    void connect_failed(const std::string& /*proxy*/, std::int64_t /*connection*/,
                        const std::string& upstream, const std::string& why) override {
        tell_(fmt::format("{} outside cannot be reached: {}", upstream, why));
    }
    void unreachable(const std::string& /*proxy*/, std::int64_t /*connection*/,
                     const std::string& upstream, const std::string& why) override {
        tell_(fmt::format("{} outside cannot be reached: {}", upstream, why));
    }
    void closed(const std::string& /*proxy*/, std::int64_t /*connection*/,
                const std::string& /*by*/, std::uint64_t /*bytes_up*/,
                std::uint64_t /*bytes_down*/) override {}
    void rule_met(const std::string& /*proxy*/, std::int64_t /*connection*/,
                  const std::string& /*rule*/) override {}
    void accept_paused(const std::string& /*proxy*/, const std::string& why) override {
        tell_(fmt::format("no further connection can be taken: {}", why));
    }
    void accept_resumed(const std::string& /*proxy*/) override {}

private:
    std::function<void(std::string)> tell_;
    Engine engine_;
    std::vector<std::unique_ptr<RunningProxy>> proxies_;
};

StandIn::StandIn(StandInPlan plan) : impl_{std::make_unique<Impl>(std::move(plan))} {}
StandIn::~StandIn() = default;

}  // namespace etimedout
