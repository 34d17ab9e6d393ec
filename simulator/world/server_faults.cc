// Faults of a node's server: it listens elsewhere, does not read, or has no worker to spare.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>

#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/world/node_fault.hh"
#include "simulator/world/tcp_table.hh"

namespace etimedout {

namespace {

class MovedListener final : public NodeFault {
public:
    MovedListener(const MoveListener& plan, const NodeSurroundings& node) : node_{node} {
        if (node.stub == nullptr) {
            throw Error{fmt::format("{}: only a stub listens as it is told", node.name),
                        "kill the program, or start it with another configuration"};
        }
        const NamespaceGuard inside{node.namespaces.network()};
        port_ = node.stub->port();
        switch (plan.to) {
            case MoveListener::To::nowhere:
                node.stub->listen_at(Listening::nowhere, port_);
                break;
            case MoveListener::To::loopback:
                node.stub->listen_at(Listening::loopback, port_);
                break;
            case MoveListener::To::port:
                node.stub->listen_at(Listening::everywhere, plan.port.number);
                break;
        }
        before_ = kernel_counter(resets);
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::int64_t sent = kernel_counter(resets) - before_;
        std::string places;
        for (const TcpSocket& socket : tcp_sockets()) {
            if (socket.state != TcpState::listening) continue;
            places += fmt::format("{}{}", places.empty() ? "" : ", ", socket.own.text());
        }
        return {sent, sent,
                fmt::format("{}: {} ({}), while it listens at {}", node_.name, sent, resets,
                            places.empty() ? "nothing" : places)};
    }
    void heal() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        node_.stub->listen_at(Listening::everywhere, port_);
    }

private:
    static constexpr auto resets = "TcpOutRsts";

    NodeSurroundings node_;
    std::uint16_t port_ = 0;
    std::int64_t before_ = 0;
};

class UnreadSockets final : public NodeFault {
public:
    explicit UnreadSockets(const NodeSurroundings& node) : node_{node} {
        if (node.stub != nullptr) {
            node.stub->stand_still();
        } else {
            stop_and_wait(running_program(node, "keep it from reading"));
        }
        const NamespaceGuard inside{node.namespaces.network()};
        before_ = kernel_counter(closed_windows);
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::int64_t closed = kernel_counter(closed_windows) - before_;
        return {1, closed, fmt::format("{}: {} ({})", node_.name, closed, closed_windows)};
    }
    void heal() override {
        if (node_.stub != nullptr) {
            node_.stub->go_on();
        } else {
            node_.program->signal(SIGCONT);
        }
    }

private:
    static constexpr auto closed_windows = "TcpExtTCPToZeroWindowAdv";

    NodeSurroundings node_;
    std::int64_t before_ = 0;
};

class BusyWorkers final : public NodeFault {
public:
    BusyWorkers(const OccupyWorkers& plan, const NodeSurroundings& node)
        : node_{node}, port_{service_port(node, plan.port, "occupy its workers")} {
        const NamespaceGuard inside{node.namespaces.network()};
        const SocketAddress listener =
            required_listeners(node, port_, "occupy its workers").front();
        const std::string request = request_of(plan);
        for (std::int64_t i = 0; i < plan.workers; ++i) {
            Fd socket{checked("occupy a worker",
                              ::socket(listener.family(), SOCK_STREAM | SOCK_CLOEXEC, 0))};
            const timeval patience{5, 0};
            ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
            if (::connect(socket.get(), listener.get(), listener.size) != 0) {
                throw_errno(fmt::format("{}: occupy worker {}", node.name, i + 1), errno);
            }
            checked("occupy a worker",
                    ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL));
            callers_.push_back(std::move(socket));
        }
        // They are with their workers by then.
        node.clock.sleep_until(node.clock.now() + Duration{10ms});
    }
    NodeWitness witness() override {
        const std::int64_t waiting = left_waiting();
        return {static_cast<std::int64_t>(callers_.size()), waiting,
                fmt::format("{}: bytes of {} callers lie unread, while {} others are served",
                            node_.name, waiting, callers_.size())};
    }
    void heal() override {
        for (const Fd& caller : callers_) make_abortive(caller.get());
        callers_.clear();
    }

private:
    std::string request_of(const OccupyWorkers& plan) const {
        if (plan.with == Occupation::connection) return {};
        const bool whole = plan.with == Occupation::request;
        return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}", plan.path, node_.name,
                           whole ? "\r\n" : "");
    }
    // Callers of the port who are none of these.
    std::int64_t left_waiting() const {
        const NamespaceGuard inside{node_.namespaces.network()};
        std::vector<SocketAddress> own;
        for (const Fd& caller : callers_) own.push_back(unmapped(own_address_of(caller.get())));
        const auto sockets = tcp_sockets();
        return std::count_if(sockets.begin(), sockets.end(), [&](const TcpSocket& socket) {
            const bool open =
                socket.state == TcpState::established || socket.state == TcpState::close_wait;
            // The end of what a caller sends counts as a byte of it.
            const std::int64_t end = socket.state == TcpState::close_wait ? 1 : 0;
            if (!open || socket.own.port() != port_.number || socket.unread <= end) return false;
            const SocketAddress peer = unmapped(socket.peer);
            return std::none_of(own.begin(), own.end(), [&](const SocketAddress& address) {
                return address.ip() == peer.ip() && address.port() == peer.port();
            });
        });
    }

    NodeSurroundings node_;
    Port port_;
    std::vector<Fd> callers_;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const MoveListener& plan, const NodeSurroundings& node) {
    return std::make_unique<MovedListener>(plan, node);
}
std::unique_ptr<NodeFault> arm(const StopReading& /*plan*/, const NodeSurroundings& node) {
    return std::make_unique<UnreadSockets>(node);
}
std::unique_ptr<NodeFault> arm(const OccupyWorkers& plan, const NodeSurroundings& node) {
    return std::make_unique<BusyWorkers>(plan, node);
}

}  // namespace etimedout
