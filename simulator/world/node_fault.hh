// NodeFault: a fault of a node while it is in place: of its program, its sockets or its kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/clock.hh"
#include "simulator/faults/decision.hh"
#include "simulator/node/node_namespaces.hh"
#include "simulator/node/program.hh"
#include "simulator/proxy/address.hh"
#include "simulator/stub/stub.hh"
#include "simulator/world/timers.hh"

namespace etimedout {

// What a fault acts on; all of it outlives the fault.
struct NodeSurroundings {
    std::string name{};
    const NodeNamespaces& namespaces;
    Program* program = nullptr;  // null: none runs there
    Stub* stub = nullptr;
    std::optional<Port> port{};            // of the first link that leads there
    std::vector<SocketAddress> callees{};  // where the links that begin there lead to
    Timers& timers;
    const WorldClock& clock;
};

// What proves that it did something, since it was armed.
struct NodeWitness {
    std::int64_t matched = 0;  // what it could act on
    std::int64_t fired = 0;    // what it has acted on
    std::string evidence{};
};

class NodeFault {
public:
    virtual ~NodeFault() = default;
    virtual NodeWitness witness() = 0;
    // Once, before it goes. May wait: a program that was killed is started again.
    virtual void heal() = 0;
};

// It is in place when this returns. Throws Error, and changes nothing, for one that this node
// cannot have.
std::unique_ptr<NodeFault> arm_at_node(const NodePlan& plan, const NodeSurroundings& node);

// The kinds of plan, each in the file that is about its part of a node.
std::unique_ptr<NodeFault> arm(const StopProgram& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const EndProgram& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const LimitDescriptors& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const FillAcceptQueue& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const OccupyPorts& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const SetSysctl& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const FillSynQueue& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const OccupyWorkers& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const MoveListener& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const PileUpTimeWait& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const StopReading& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const ForgetConnections& plan, const NodeSurroundings& node);
std::unique_ptr<NodeFault> arm(const LimitMemory& plan, const NodeSurroundings& node);

// The node's program while it runs; throws Error, saying what is there instead.
Program& running_program(const NodeSurroundings& node, std::string_view attempt);

// SIGSTOP, and until all its processes are stopped.
void stop_and_wait(Program& program);

// The port of the service that a fault is about; throws Error when nothing says which.
Port service_port(const NodeSurroundings& node, const std::optional<Port>& said,
                  std::string_view attempt);
// As listeners_of(), for a thread that is in the node's network; throws Error when nobody listens.
std::vector<SocketAddress> required_listeners(const NodeSurroundings& node, Port port,
                                              std::string_view attempt);

}  // namespace etimedout
