// StepRunner: what happens in a scenario, step by step, on the world's clock.
#include "harness/run/step_runner.hh"

#include <fmt/format.h>

#include "simulator/net/node_pins.hh"

namespace etimedout {

namespace {

std::string_view name_of(const Step& step) {
    struct Namer {
        std::string_view operator()(const FaultStep&) const { return "fault"; }
        std::string_view operator()(const HealStep&) const { return "heal"; }
        std::string_view operator()(const CallStep&) const { return "call"; }
        std::string_view operator()(const WaitStep&) const { return "wait"; }
        std::string_view operator()(const SetStep&) const { return "set"; }
    };
    return std::visit(Namer{}, step.what);
}

}  // namespace

StepRunner::StepRunner(const Scenario& scenario, const RunOrder& order, World& world,
                       Observers& observers, EventSink& sink, const WorldClock& clock)
    : scenario_{scenario},
      order_{order},
      world_{world},
      observers_{observers},
      sink_{sink},
      clock_{clock} {}

void StepRunner::run() {
    for (std::size_t index = 0; index < scenario_.steps.size(); ++index) {
        run_step(index + 1, scenario_.steps[index]);
    }
    for (auto& [id, thread] : background_) thread.join();
    background_.clear();
}

void StepRunner::run_step(std::size_t number, const Step& step) {
    const auto step_number = static_cast<std::int64_t>(number);
    sink_.put({clock_.now(), StepBegin{step_number, std::string{name_of(step)}, step.id}});
    std::visit([this](const auto& what) { do_step(what); }, step.what);
    observers_.sample();
    sink_.put({clock_.now(), StepEnd{step_number}});
}

void StepRunner::do_step(const FaultStep& step) {
    if (!order_.leaves_out(step.armed.id)) world_.arm(step.target, step.armed);
}

void StepRunner::do_step(const HealStep& step) {
    if (!order_.leaves_out(step.fault)) world_.heal(step.fault);
}

void StepRunner::do_step(const CallStep& step) {
    if (step.background) {
        background_.emplace(
            step.id, NodeThread{world_.node(step.node), [this, &step] { make_calls(step); }});
    } else {
        run_in_node(world_.node(step.node), [&] { make_calls(step); });
    }
}

// On a thread inside the caller's node.
void StepRunner::make_calls(const CallStep& step) {
    CallTarget target;
    if (!step.link.empty()) {
        const LinkSpec& link = *scenario_.topology.link(step.link);
        const LinkAddresses addresses = LinkAddresses::of(scenario_.topology.link_index(step.link));
        target.host = step.host.empty() ? scenario_.topology.host_of(step.link) : step.host;
        target.address = link.ip == IpVersion::v6 ? addresses.far6 : addresses.far;
        target.port = link.port.value_or(Port{}).number;
    }
    run_calls(step, target, clock_, sink_, connections_);
}

void StepRunner::do_step(const WaitStep& step) {
    if (step.time) clock_.sleep_until(clock_.now() + *step.time);
    if (!step.until_call) return;
    if (const auto found = background_.find(*step.until_call); found != background_.end()) {
        found->second.join();
        background_.erase(found);
    }
}

void StepRunner::do_step(const SetStep& step) {
    if (!step.resolver.empty()) world_.set_records(step.resolver, step.records);
    if (!step.sysctl.empty()) {
        run_in_node(world_.node(step.node), [&] {
            for (const auto& [name, value] : step.sysctl) write_sysctl(name, value);
        });
    }
    if (!step.process) return;
    Program* program = world_.program(step.node);
    if (program == nullptr) {
        throw Error{fmt::format("node {} runs no program that could {}", step.node, *step.process),
                    "`set: {process: …}` is for nodes with `run:`"};
    }
    if (*step.process == "stop" || *step.process == "restart") program->stop();
    if (*step.process == "start" || *step.process == "restart") program->start();
}

}  // namespace etimedout
