// NodeFault: arming one by its plan.
#include "simulator/world/node_fault.hh"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/node/process_group.hh"
#include "simulator/world/tcp_table.hh"

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

void stop_and_wait(Program& program) {
    program.signal(SIGSTOP);
    const auto is_running = [](const ProcessFacts& process) { return process.state != 'T'; };
    constexpr int most_looks = 1000;
    for (int look = 0; look < most_looks; ++look) {
        const auto processes = processes_of_group(program.pid());
        if (std::none_of(processes.begin(), processes.end(), is_running)) return;
        const timespec moment{0, 1'000'000};
        ::nanosleep(&moment, nullptr);
    }
}

Port service_port(const NodeSurroundings& node, const std::optional<Port>& said,
                  std::string_view attempt) {
    if (said) return *said;
    if (node.port) return *node.port;
    throw Error{fmt::format("{}: {}: which port?", node.name, attempt),
                "write `listens_on`, or a link that leads to a port"};
}

std::vector<SocketAddress> required_listeners(const NodeSurroundings& node, Port port,
                                              std::string_view attempt) {
    auto listeners = listeners_of(port);
    if (!listeners.empty()) return listeners;
    throw Error{fmt::format("{}: {}: nobody listens on port {}", node.name, attempt, port.number),
                "arm it when the program is ready, or correct the port"};
}

}  // namespace etimedout
