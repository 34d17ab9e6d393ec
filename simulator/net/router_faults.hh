// RouterFault: what is wrong with the way between two nodes, in a router's state or in routes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"
#include "simulator/net/firewall.hh"
#include "simulator/net/interface.hh"
#include "simulator/net/link_spec.hh"
#include "simulator/net/witness.hh"

namespace etimedout {

class Firewall;

// The link that it acts on; its namespaces outlive the fault.
struct RouterSurroundings {
    std::string fault{};
    unsigned slot = 0;  // unique among all faults a link ever has; the names of its objects
    LinkSpec spec{};
    LinkAddresses addresses{};
    int caller = -1;
    InterfacePlan caller_interface{};
    int router = -1;
    int far = -1;  // where the interface is that leads to the callee
    MacAddress callee_mac{};
    Direction direction = Direction::both;
    std::function<Firewall&()> firewall{};  // of the router
};

class RouterFault {
public:
    virtual ~RouterFault() = default;
    virtual Witness witness() = 0;
    // Once, before it goes.
    virtual void heal() = 0;
};

// In place when this returns. Throws Error, and changes nothing, where it cannot be.
std::shared_ptr<RouterFault> arm_at_router(const RouterPlan& plan,
                                           const RouterSurroundings& around);
// The rule says which packets it is about, and what becomes of those that are unknown.
std::shared_ptr<RouterFault> forget_flows(const ForgetFlows& plan, const RouterSurroundings& around,
                                          const FirewallRule& rule);

// In the file that is about connection tracking.
std::shared_ptr<RouterFault> fill_flow_table(const RouterSurroundings& around);

}  // namespace etimedout
