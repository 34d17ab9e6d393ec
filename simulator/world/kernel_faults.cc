// Faults of a node's kernel: a full accept queue, no ephemeral port, a setting for a while.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/node/text.hh"
#include "simulator/proxy/address.hh"
#include "simulator/world/node_fault.hh"
#include "simulator/world/tcp_table.hh"

namespace etimedout {

namespace {

// While it lives this process may have many descriptors. What it opens for good it moves out of the
// way of the usual limit, which holds again afterwards, and is what its programs inherit.
class ManyDescriptors {
public:
    ManyDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        constexpr rlim_t enough = 200'000;
        const rlimit wanted{enough, std::max(before_.rlim_max, enough)};
        const rlimit allowed{before_.rlim_max, before_.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &wanted) != 0) ::setrlimit(RLIMIT_NOFILE, &allowed);
    }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    // Empty, with errno, when there is no room.
    Fd moved(const Fd& low) const {
        const auto first = static_cast<int>(std::min<rlim_t>(before_.rlim_cur, 100'000));
        return Fd{::fcntl(low.get(), F_DUPFD_CLOEXEC, first)};
    }

private:
    rlimit before_{};
};

enum class Established { yes, no };

// Begins a connection, and waits for as long as one over a loopback can take at the most.
Established begin(const Fd& socket, const SocketAddress& there) {
    if (::connect(socket.get(), there.get(), there.size) == 0) return Established::yes;
    if (errno != EINPROGRESS) throw_errno("fill an accept queue", errno);
    pollfd writable{socket.get(), POLLOUT, 0};
    constexpr int patience = 20;  // ms
    return ::poll(&writable, 1, patience) == 1 ? Established::yes : Established::no;
}

class FullAcceptQueue final : public NodeFault {
public:
    FullAcceptQueue(const FillAcceptQueue& plan, const NodeSurroundings& node) : node_{node} {
        const Port port = service_port(node, plan.port, "fill its accept queue");
        const NamespaceGuard inside{node.namespaces.network()};
        const auto listeners = required_listeners(node, port, "fill its accept queue");
        stop_accepting();
        try {
            for (const SocketAddress& listener : listeners) fill(listener);
        } catch (...) {
            go_on();
            throw;
        }
        before_ = kernel_counter(overflows);
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::int64_t refused = kernel_counter(overflows) - before_;
        return {refused, refused,
                fmt::format("{}: {} ({} since the queue held {} connections)", node_.name, refused,
                            overflows, fillers_.size())};
    }
    void heal() override {
        for (const Fd& filler : fillers_) make_abortive(filler.get());
        fillers_.clear();
        go_on();
    }

private:
    static constexpr auto overflows = "TcpExtListenOverflows";

    void stop_accepting() {
        if (node_.stub != nullptr) {
            node_.stub->set_accepting(false);
            return;
        }
        stop_and_wait(running_program(node_, "stop it"));
    }
    void go_on() {
        if (node_.stub != nullptr) {
            node_.stub->set_accepting(true);
        } else if (node_.program != nullptr) {
            node_.program->signal(SIGCONT);
        }
    }
    // The one that is not established is taken back: it would knock again.
    void fill(const SocketAddress& listener) {
        const ManyDescriptors allowed;
        for (;;) {
            const Fd low{
                ::socket(listener.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
            Fd socket = low ? allowed.moved(low) : Fd{};
            if (!socket) {
                throw Error{fmt::format("{}: fill its accept queue: after {} connections: {}",
                                        node_.name, fillers_.size(), errno_name(errno)),
                            "give it a smaller one: `backlog` of a stub, net.core.somaxconn of any "
                            "node"};
            }
            const Established outcome = begin(socket, listener);
            if (outcome == Established::no) {
                make_abortive(socket.get());
                return;
            }
            fillers_.push_back(std::move(socket));
        }
    }

    NodeSurroundings node_;
    std::vector<Fd> fillers_;
    std::int64_t before_ = 0;
};

class NoPorts final : public NodeFault {
public:
    explicit NoPorts(const NodeSurroundings& node) : node_{node} {
        const NamespaceGuard inside{node.namespaces.network()};
        before_ = read_sysctl(range);
        const int lowest = std::stoi(before_);
        const int highest = std::stoi(before_.substr(before_.find_first_of("\t ") + 1));
        // connect() takes a port that others use, too, where they go elsewhere; not one that is
        // bound for good. There is a pair of those.
        for (int port = lowest; port + 1 <= highest && sockets_.empty(); port += 2) {
            occupy(port);
            if (!sockets_.empty()) write_sysctl(range, fmt::format("{} {}", port, port + 1));
        }
        if (sockets_.empty()) throw Error{node.name + ": no two ephemeral ports are free"};
        fired_ = finds_none();
    }
    NodeWitness witness() override {
        return {1, fired_ ? 1 : 0,
                fmt::format("{}: a connect() there {}", node_.name,
                            fired_ ? "got EADDRNOTAVAIL" : "found a port")};
    }
    void heal() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        write_sysctl(range, before_);
        sockets_.clear();
    }

private:
    static constexpr auto range = "net.ipv4.ip_local_port_range";

    void occupy(int first) {
        std::vector<Fd> sockets;
        for (const int family : {AF_INET, AF_INET6}) {
            for (const int port : {first, first + 1}) {
                Fd socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
                if (!socket && family == AF_INET6) continue;
                const int on = 1;
                ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
                const auto here =
                    numeric_address({family == AF_INET ? "0.0.0.0" : "::", std::to_string(port)});
                if (::bind(socket.get(), here->get(), here->size) != 0) return;
                sockets.push_back(std::move(socket));
            }
        }
        sockets_ = std::move(sockets);
    }
    static bool finds_none() {
        const Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        const auto discard = numeric_address({"127.0.0.1", "9"});
        return ::connect(socket.get(), discard->get(), discard->size) != 0 &&
               errno == EADDRNOTAVAIL;
    }

    NodeSurroundings node_;
    std::string before_;
    std::vector<Fd> sockets_;
    bool fired_ = false;
};

// As the kernel writes it: words apart by a tab.
std::string normal(std::string_view value) {
    std::string text;
    for (const auto word : words_of(value)) {
        if (!text.empty()) text += ' ';
        text += word;
    }
    return text;
}

class ChangedSysctl final : public NodeFault {
public:
    ChangedSysctl(SetSysctl plan, const NodeSurroundings& node)
        : node_{node}, plan_{std::move(plan)} {
        const NamespaceGuard inside{node.namespaces.network()};
        before_ = read_sysctl(plan_.name);
        write_sysctl(plan_.name, plan_.value);
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::string now = normal(read_sysctl(plan_.name));
        return {
            1, now == normal(plan_.value) ? 1 : 0,
            fmt::format("{}: {} is {}, and was {}", node_.name, plan_.name, now, normal(before_))};
    }
    void heal() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        write_sysctl(plan_.name, before_);
    }

private:
    NodeSurroundings node_;
    SetSysctl plan_;
    std::string before_;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const FillAcceptQueue& plan, const NodeSurroundings& node) {
    return std::make_unique<FullAcceptQueue>(plan, node);
}
std::unique_ptr<NodeFault> arm(const OccupyPorts& /*plan*/, const NodeSurroundings& node) {
    return std::make_unique<NoPorts>(node);
}
std::unique_ptr<NodeFault> arm(const SetSysctl& plan, const NodeSurroundings& node) {
    return std::make_unique<ChangedSysctl>(plan, node);
}

}  // namespace etimedout
