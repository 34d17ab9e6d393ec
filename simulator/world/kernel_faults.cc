// Faults of a node's kernel: a full accept queue, no ephemeral port, a setting for a while.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/node/process_group.hh"
#include "simulator/node/text.hh"
#include "simulator/proxy/address.hh"
#include "simulator/world/node_fault.hh"

namespace etimedout {

namespace {

// Of the calling thread's network namespace; 0 for one that is not there.
std::int64_t tcp_counter(std::string_view name) {
    const std::string text = read_text("/proc/thread-self/net/netstat").value_or("");
    std::vector<std::string_view> names;
    for (const auto line : split(text, '\n')) {
        if (!line.starts_with("TcpExt:")) continue;
        const auto words = words_of(line);
        if (names.empty()) {
            names.assign(words.begin(), words.end());
            continue;
        }
        const auto at = std::find(names.begin(), names.end(), name);
        if (at == names.end()) return 0;
        return decimal(words.at(static_cast<std::size_t>(at - names.begin()))).value_or(0);
    }
    return 0;
}

// Where a connection from inside reaches a listener of this port, by a line of /proc/net/tcp or
// tcp6: "N: ADDRESS:PORT REMOTE STATE …" in hexadecimal (Documentation/networking/proc_net_tcp).
// Nothing for every other line.
std::optional<SocketAddress> listener_in(std::string_view line, Port port) {
    constexpr std::string_view listening = "0A";
    const auto words = words_of(line);
    if (words.size() < 4 || words[3] != listening) return std::nullopt;
    const std::string local{words[1]};
    const auto colon = local.find(':');
    if (std::stoul(local.substr(colon + 1), {}, 16) != port.number) return std::nullopt;
    const bool any = local.find_first_not_of('0') >= colon;
    // Written as words in the machine's order.
    std::array<std::uint32_t, 4> parts{};
    for (std::size_t i = 0; i * 8 < colon; ++i) {
        parts.at(i) = static_cast<std::uint32_t>(std::stoul(local.substr(i * 8, 8), {}, 16));
    }
    if (constexpr std::size_t v4_digits = 8; colon == v4_digits) {
        return socket_address(in_addr{any ? htonl(INADDR_LOOPBACK) : parts[0]}, port.number);
    }
    in6_addr v6 = in6addr_loopback;
    if (!any) std::memcpy(&v6, parts.data(), sizeof v6);
    return socket_address(v6, port.number);
}

// Empty when nobody listens.
std::vector<SocketAddress> listeners_of(Port port) {
    std::vector<SocketAddress> found;
    for (const char* family : {"tcp", "tcp6"}) {
        const auto text = read_text(fmt::format("/proc/thread-self/net/{}", family));
        for (const auto line : split(text.value_or(""), '\n')) {
            if (const auto listener = listener_in(line, port)) found.push_back(*listener);
        }
    }
    return found;
}

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
        const auto port = plan.port ? plan.port : node.port;
        if (!port) {
            throw Error{fmt::format("{}: fill its accept queue: which port?", node.name),
                        "write `listens_on`, or a link that leads to a port"};
        }
        const NamespaceGuard inside{node.namespaces.network()};
        const auto listeners = listeners_of(*port);
        if (listeners.empty()) {
            throw Error{fmt::format("{}: fill its accept queue: nobody listens on port {}",
                                    node.name, port->number),
                        "arm it when the program is ready, or correct the port"};
        }
        stop_accepting();
        try {
            for (const SocketAddress& listener : listeners) fill(listener);
        } catch (...) {
            go_on();
            throw;
        }
        before_ = tcp_counter(overflows);
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::int64_t refused = tcp_counter(overflows) - before_;
        return {refused, refused,
                fmt::format("{}: {} (TcpExt{} since the queue held {} connections)", node_.name,
                            refused, overflows, fillers_.size())};
    }
    void heal() override {
        for (const Fd& filler : fillers_) make_abortive(filler.get());
        fillers_.clear();
        go_on();
    }

private:
    static constexpr auto overflows = "ListenOverflows";

    void stop_accepting() {
        if (node_.stub != nullptr) {
            node_.stub->set_accepting(false);
            return;
        }
        Program& program = running_program(node_, "stop it");
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
