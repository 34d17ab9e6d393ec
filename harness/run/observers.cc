// Observers: the captures of all links and the samplers of all nodes, for the length of a run.
#include "harness/run/observers.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/net/namespace_guard.hh"

namespace etimedout {

namespace {

// Samples come once a second at first; over minutes of silence a twentieth of the time that has
// passed is close enough, and keeps a long timeout from costing a thousand samples.
constexpr Duration first_pause = 1s;
constexpr int share_of_elapsed = 20;

}  // namespace

Observers::Observers(World& world, const std::filesystem::path& output, EventSink& sink,
                     const WorldClock& clock)
    : sink_{sink}, clock_{clock}, captures_{clock}, pause_{first_pause}, timers_{clock} {
    for (const NamedLink& named : world.topology().links) {
        Link& link = world.link(named.name);
        const auto watch = [&](int network_namespace, const char* end,
                               const std::string& interface) {
            const NamespaceGuard inside{network_namespace};
            captures_.add(
                {named.name, end, interface, output / fmt::format("{}.{}.pcap", named.name, end)});
        };
        watch(link.router_namespace(), "near", link.near_interface());
        watch(link.far_interface_namespace(), "far", link.far_interface());
    }
    captures_.start();
    NodesToMeasure measured;  // a stub has no process of its own, and an external node none here
    for (const NamedNode& named : world.topology().nodes) {
        samplers_.push_back(run_in_node(world.node(named.name),
                                        [&] { return std::make_unique<NodeSampler>(named.name); }));
        if (!named.spec.stub && !named.spec.external) {
            measured.emplace_back(named.name, &world.node(named.name));
        }
    }
    if (!measured.empty()) usage_meter_.emplace(std::move(measured));
    sample();
    plan_next();
}

Observers::~Observers() = default;

void Observers::sample() {
    const std::lock_guard lock{mutex_};
    const Duration now = clock_.now();
    for (const auto& sampler : samplers_) {
        for (auto& what : sampler->sample()) sink_.put({now, std::move(what)});
    }
    if (!usage_meter_) return;
    std::vector<Usage> usages = usage_meter_->measure();
    for (std::size_t i = 0; i < usages.size(); ++i) {
        if (i < usages_.size() && usages[i] == usages_[i]) continue;
        sink_.put({now, usages[i]});
    }
    usages_ = std::move(usages);
}

void Observers::plan_next() {
    pause_ = std::max(first_pause, clock_.now() / share_of_elapsed);
    timers_.at(clock_.now() + pause_, [this] {
        sample();
        plan_next();
    });
}

std::optional<Duration> Observers::last_traffic(const std::string& link) const {
    return captures_.last_traffic(link, "near");
}

void Observers::finish() {
    for (Event& event : captures_.finish()) sink_.put(std::move(event));
}

}  // namespace etimedout
