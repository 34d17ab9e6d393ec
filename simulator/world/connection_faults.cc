// Faults of a node's own connections: forgotten without a word, or all in TIME-WAIT.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/node/process_group.hh"
#include "simulator/world/node_fault.hh"
#include "simulator/world/tcp_table.hh"

namespace etimedout {

namespace {

template <class Value>
std::optional<Value> socket_option(const Fd& socket, int level, int name) {
    Value value{};
    socklen_t size = sizeof value;
    if (::getsockopt(socket.get(), level, name, &value, &size) != 0) return std::nullopt;
    return value;
}

// Descriptors of sockets that may be the node's: those of its program, and those of this process,
// which is where stubs and calls are. Copies, so that nobody closes them meanwhile.
std::vector<Fd> descriptors_that_may_be_sockets(const NodeSurroundings& node) {
    std::vector<Fd> found;
    for (const int number : descriptors_of(::getpid())) {
        found.emplace_back(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    }
    if (node.program == nullptr || !node.program->running()) return found;
    for (const ProcessFacts& process : processes_of_group(node.program->pid())) {
        const Fd handle{static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))};
        for (const int number : descriptors_of(process.pid)) {
            found.emplace_back(
                static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), number, 0)));
        }
    }
    return found;
}

class ForgottenConnections final : public NodeFault {
public:
    explicit ForgottenConnections(const NodeSurroundings& node) : node_{node} {
        const NamespaceGuard inside{node.namespaces.network()};
        const Fd own{checked("open a socket", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
        const auto network = socket_option<std::uint64_t>(own, SOL_SOCKET, SO_NETNS_COOKIE);
        std::set<std::uint64_t> seen;  // processes may share a socket
        for (const Fd& socket : descriptors_that_may_be_sockets(node)) {
            if (!socket || !is_connection_of(socket, network)) continue;
            const auto cookie = socket_option<std::uint64_t>(socket, SOL_SOCKET, SO_COOKIE);
            if (seen.insert(cookie.value_or(0)).second) forget(socket);
        }
        before_ = kernel_counter("TcpOutRsts");
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        return {forgotten_, forgotten_,
                fmt::format("{}: {} connections forgotten; {} (TcpOutRsts) since", node_.name,
                            forgotten_, kernel_counter("TcpOutRsts") - before_)};
    }
    void heal() override {}  // they are gone

private:
    static bool is_connection_of(const Fd& socket, const std::optional<std::uint64_t>& network) {
        if (socket_option<int>(socket, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP) return false;
        if (socket_option<std::uint64_t>(socket, SOL_SOCKET, SO_NETNS_COOKIE) != network) {
            return false;
        }
        // What stays on the host does not end with a power cut elsewhere.
        const IpAddress peer = unmapped(peer_of(socket.get())).ip();
        if (peer == socket_address(in6addr_loopback, 0).ip()) return false;
        const bool v4 = peer_of(socket.get()).family() == AF_INET ||
                        unmapped(peer_of(socket.get())).family() == AF_INET;
        if (v4 && peer.bytes[12] == 127) return false;
        const auto info = socket_option<tcp_info>(socket, IPPROTO_TCP, TCP_INFO);
        return info && (info->tcpi_state == TCP_ESTABLISHED || info->tcpi_state == TCP_CLOSE_WAIT);
    }
    void forget(const Fd& socket) {
        const int on = 1;
        checked(fmt::format("{}: put a socket into repair mode", node_.name),
                ::setsockopt(socket.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on));
        // Disconnects; in this mode without a packet (tcp_disconnect).
        sockaddr nobody{};
        nobody.sa_family = AF_UNSPEC;
        checked(fmt::format("{}: forget a connection", node_.name),
                ::connect(socket.get(), &nobody, sizeof nobody));
        // The program is told ECONNABORTED then, and not EPERM, as of a socket under repair.
        const int off = TCP_REPAIR_OFF_NO_WP;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_REPAIR, &off, sizeof off);
        ++forgotten_;
    }

    NodeSurroundings node_;
    std::int64_t forgotten_ = 0;
    std::int64_t before_ = 0;
};

class TimeWait final : public NodeFault {
public:
    TimeWait(const PileUpTimeWait& plan, const NodeSurroundings& node) : node_{node} {
        if (node.callees.empty()) {
            throw Error{node.name + ": no link begins there, so nobody is called",
                        "name a node that calls others"};
        }
        const NamespaceGuard inside{node.namespaces.network()};
        before_ = read_sysctl(range);
        const int highest = std::stoi(before_.substr(before_.find_first_of("\t ") + 1));
        const auto ports = static_cast<int>(plan.ports);
        write_sysctl(range, fmt::format("{} {}", highest - ports + 1, highest));
        try {
            for (const SocketAddress& callee : node.callees) pile_up(callee, plan.ports);
        } catch (...) {
            write_sysctl(range, before_);
            throw;
        }
        sockets_ = waiting();
    }
    NodeWitness witness() override {
        return {sockets_, fired_ ? sockets_ : 0,
                fmt::format("{}: {} sockets in TIME-WAIT; a connect() there {}", node_.name,
                            sockets_, fired_ ? "got EADDRNOTAVAIL" : "found a port")};
    }
    void heal() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        write_sysctl(range, before_);
    }

private:
    static constexpr auto range = "net.ipv4.ip_local_port_range";

    // One after the other, each closed by this end first, until no port is left.
    void pile_up(const SocketAddress& callee, std::int64_t ports) {
        constexpr int patience = 10'000;  // ms
        // One that stays in FIN-WAIT-2 keeps its port for as long.
        constexpr int patience_with_its_end = 2000;
        for (std::int64_t connection = 0; connection <= ports; ++connection) {
            const Fd socket{
                checked("open a socket",
                        ::socket(callee.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
            int error = ::connect(socket.get(), callee.get(), callee.size) == 0 ? 0 : errno;
            if (error == EADDRNOTAVAIL) {
                fired_ = true;
                return;
            }
            pollfd ready{socket.get(), POLLOUT, 0};
            if (error == EINPROGRESS && ::poll(&ready, 1, patience) == 1) {
                error = socket_option<int>(socket, SOL_SOCKET, SO_ERROR).value_or(0);
            }
            if (error != 0) {
                throw Error{fmt::format("{}: leave a connection to {} behind: {}", node_.name,
                                        callee.text(), errno_name(error)),
                            "arm it while the callee can be reached"};
            }
            // With anything unread it would end by RST, which leaves nothing behind.
            ::shutdown(socket.get(), SHUT_WR);
            ready.events = POLLIN;
            std::array<char, 4096> unwanted{};
            while (::poll(&ready, 1, patience_with_its_end) == 1 &&
                   ::recv(socket.get(), unwanted.data(), unwanted.size(), 0) > 0) {
            }
        }
        throw Error{fmt::format("{}: {} connections to {} were closed, and still there is a port",
                                node_.name, ports, callee.text()),
                    "a callee that closes late gives ports back before the last is taken: have it "
                    "close when its caller does"};
    }
    static std::int64_t waiting() {
        const auto sockets = tcp_sockets();
        return std::count_if(sockets.begin(), sockets.end(), [](const TcpSocket& socket) {
            return socket.state == TcpState::time_wait;
        });
    }

    NodeSurroundings node_;
    std::string before_;
    std::int64_t sockets_ = 0;
    bool fired_ = false;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const ForgetConnections& /*plan*/, const NodeSurroundings& node) {
    return std::make_unique<ForgottenConnections>(node);
}
std::unique_ptr<NodeFault> arm(const PileUpTimeWait& plan, const NodeSurroundings& node) {
    return std::make_unique<TimeWait>(plan, node);
}

}  // namespace etimedout
