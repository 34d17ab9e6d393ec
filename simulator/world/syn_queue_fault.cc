// A listener without room for another half-open connection.
#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/world/node_fault.hh"
#include "simulator/world/syn_flood.hh"
#include "simulator/world/tcp_table.hh"

namespace etimedout {

namespace {

std::int64_t refused_syns() {
    return kernel_counter("TcpExtTCPReqQFullDrop") + kernel_counter("TcpExtTCPReqQFullDoCookies");
}

// What knocks, and is renewed, until it is over; the last turn finds nothing to do.
struct Crowd {
    explicit Crowd(int node) : flood{std::in_place, node} {}

    std::mutex mutex{};
    bool over = false;
    std::optional<SynFlood> flood;
    struct Queue {
        SocketAddress listener{};
        std::vector<SynFlood::Member> members{};
    };
    std::vector<Queue> queues{};
};

class FullSynQueue final : public NodeFault {
public:
    FullSynQueue(const FillSynQueue& plan, const NodeSurroundings& node) : node_{node} {
        const Port port = service_port(node, plan.port, "fill its queue of half-open connections");
        {
            const NamespaceGuard inside{node.namespaces.network()};
            const auto listeners =
                required_listeners(node, port, "fill its queue of half-open connections");
            change("net.ipv4.tcp_syncookies", plan.cookies == SynCookies::on ? "1" : "0");
            // Its last quarter is for peers that were seen before, and is not what is filled here.
            change("net.ipv4.tcp_max_syn_backlog", "1000000");
            crowd_ = std::make_shared<Crowd>(node.namespaces.network());
            for (const SocketAddress& listener : listeners) crowd_->queues.push_back({listener});
        }
        try {
            std::size_t all = 0;
            for (Crowd::Queue& queue : crowd_->queues) all += fill(queue);
            if (all == 0) {
                throw Error{
                    fmt::format("{}: nobody outside reaches port {}", node.name, port.number),
                    "have it listen on all its addresses"};
            }
            const NamespaceGuard inside{node.namespaces.network()};
            before_ = refused_syns();
        } catch (...) {
            put_back();
            throw;
        }
        renew_later(crowd_, node.timers, node.clock, life());
    }
    NodeWitness witness() override {
        const NamespaceGuard inside{node_.namespaces.network()};
        const std::int64_t refused = refused_syns() - before_;
        std::size_t half_open = 0;
        for (const Crowd::Queue& queue : crowd_->queues) half_open += queue.members.size();
        return {refused, refused,
                fmt::format("{}: {} (TcpExtTCPReqQFullDrop and …DoCookies, since {} connections "
                            "were half open)",
                            node_.name, refused, half_open)};
    }
    void heal() override {
        const std::lock_guard lock{crowd_->mutex};
        crowd_->over = true;
        for (const Crowd::Queue& queue : crowd_->queues) {
            for (const auto& member : queue.members)
                crowd_->flood->take_back(queue.listener, member);
        }
        crowd_->flood.reset();
        put_back();
    }

private:
    void change(const std::string& name, const std::string& value) {
        settings_.emplace_back(name, read_sysctl(name));
        write_sysctl(name, value);
    }
    void put_back() {
        const NamespaceGuard inside{node_.namespaces.network()};
        for (const auto& [name, value] : settings_) write_sysctl(name, value);
    }

    // Knocks until one is refused; how many were let in. None: nobody listens there to outside.
    std::size_t fill(Crowd::Queue& queue) const {
        const NamespaceGuard inside{node_.namespaces.network()};
        constexpr std::uint16_t most = 60'000;
        constexpr std::uint16_t at_once = 16;
        const std::int64_t refused = refused_syns();
        const std::size_t before = half_open(queue.listener);
        std::uint16_t number = 0;
        while (number < most && refused_syns() == refused) {
            for (std::uint16_t i = 0; i < at_once; ++i) {
                crowd_->flood->knock(queue.listener, {number});
                queue.members.push_back({number++});
            }
            if (half_open(queue.listener) == before) break;
        }
        const std::size_t let_in = half_open(queue.listener) - before;
        queue.members.resize(std::min(queue.members.size(), let_in));
        return let_in;
    }
    static std::size_t half_open(const SocketAddress& listener) {
        const auto sockets = tcp_sockets();
        return static_cast<std::size_t>(
            std::count_if(sockets.begin(), sockets.end(), [&](const TcpSocket& socket) {
                return socket.state == TcpState::syn_received &&
                       socket.own.port() == listener.port() &&
                       socket.own.family() == listener.family();
            }));
    }

    // The kernel gives up on one after its SYN-ACK was sent again `tcp_synack_retries` times, or
    // only twice when most of the room is taken (reqsk_timer_handler): 1 + 2 + 4 s after its SYN.
    Duration life() const {
        const NamespaceGuard inside{node_.namespaces.network()};
        const int retries = std::min(std::stoi(read_sysctl("net.ipv4.tcp_synack_retries")), 2);
        // 1, 3 or 7 s, of which some are left.
        return ((2 << retries) - 1) * Duration{600ms};
    }
    // Each goes, and another comes at the same moment: there is never room for a third.
    static void renew_later(const std::shared_ptr<Crowd>& crowd, Timers& timers,
                            const WorldClock& clock, Duration life) {
        timers.at(clock.now() + life, [crowd, &timers, &clock, life] {
            {
                const std::lock_guard lock{crowd->mutex};
                if (crowd->over) return;
                for (Crowd::Queue& queue : crowd->queues) {
                    for (SynFlood::Member& member : queue.members) {
                        crowd->flood->take_back(queue.listener, member);
                        ++member.turn;
                        crowd->flood->knock(queue.listener, member);
                    }
                }
            }
            renew_later(crowd, timers, clock, life);
        });
    }

    NodeSurroundings node_;
    std::vector<std::pair<std::string, std::string>> settings_{};
    std::shared_ptr<Crowd> crowd_{};
    std::int64_t before_ = 0;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const FillSynQueue& plan, const NodeSurroundings& node) {
    return std::make_unique<FullSynQueue>(plan, node);
}

}  // namespace etimedout
