// NodeFault: arming one by its plan.
#include "simulator/world/node_fault.hh"

#include <fmt/format.h>

#include "simulator/base/error.hh"

namespace etimedout {

std::unique_ptr<NodeFault> arm_at_node(const NodePlan& plan, const NodeSurroundings& node) {
    return std::visit([&](const auto& one) { return arm(one, node); }, plan);
}

Program& running_program(const NodeSurroundings& node, std::string_view attempt) {
    if (node.program == nullptr) {
        throw Error{fmt::format("{}: {}: {}", node.name, attempt,
                                node.stub != nullptr ? "it is a stub, which is no program"
                                                     : "no program runs there"),
                    node.stub != nullptr ? "use a fault of its link, such as `silent`"
                                         : "name a node that has `run`"};
    }
    if (!node.program->running()) {
        throw Error{fmt::format("{}: {}: its program has ended", node.name, attempt),
                    "see what it wrote"};
    }
    return *node.program;
}

}  // namespace etimedout
