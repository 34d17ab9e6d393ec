// StepRunner: what happens in a scenario, step by step, on the world's clock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/call/run_calls.hh"
#include "harness/run/observers.hh"
#include "harness/run/order.hh"
#include "harness/scenario/model.hh"
#include "simulator/world/world.hh"

namespace etimedout {

class StepRunner {
public:
    StepRunner(const Scenario& scenario, const RunOrder& order, World& world, Observers& observers,
               EventSink& sink, const WorldClock& clock);

    // All steps, then the calls still in the background. Throws Error where a step cannot be done.
    void run();

private:
    void run_step(std::size_t number, const Step& step);
    void do_step(const FaultStep& step);
    void do_step(const HealStep& step);
    void do_step(const CallStep& step);
    void do_step(const WaitStep& step);
    void do_step(const SetStep& step);
    void make_calls(const CallStep& step);

    const Scenario& scenario_;
    const RunOrder& order_;  // which faults are armed
    World& world_;
    Observers& observers_;
    EventSink& sink_;
    const WorldClock& clock_;
    std::map<std::string, NodeThread> background_;  // by call
    CallState connections_;
};

}  // namespace etimedout
