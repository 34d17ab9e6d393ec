// RouterFault: what is wrong with the way between two nodes, in a router's state or in routes.
#include "simulator/net/router_faults.hh"

#include <array>
#include <chrono>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "simulator/base/fd.hh"
#include "simulator/net/firewall_engine.hh"
#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/nft.hh"
#include "simulator/net/node_pins.hh"

namespace etimedout {

namespace {

bool has_v4(IpVersion version) { return version != IpVersion::v6; }
bool has_v6(IpVersion version) { return version != IpVersion::v4; }

// Values of a namespace's settings, put back when they go.
class ChangedSettings {
public:
    explicit ChangedSettings(int network_namespace) : network_namespace_{network_namespace} {}
    void change(const std::string& name, const std::string& value) {
        const NamespaceGuard inside{network_namespace_};
        std::string before = read_sysctl(name);
        write_sysctl(name, value);
        before_.emplace_back(name, std::move(before));
    }
    void put_back() {
        const NamespaceGuard inside{network_namespace_};
        for (const auto& [name, value] : before_) write_sysctl(name, value);
        before_.clear();
    }

private:
    int network_namespace_;
    std::vector<std::pair<std::string, std::string>> before_{};
};

// A connection that is tracked from its SYN on stays known for as long as the timeout says;
// whatever else comes by is invalid, since `loose` would take it for the middle of one
// (nf_conntrack-sysctl).
class ForgetfulRouter final : public RouterFault {
public:
    ForgetfulRouter(const ForgetFlows& plan, const RouterSurroundings& around,
                    const FirewallRule& rule)
        : firewall_{around.firewall()}, slot_{rule.slot}, settings_{around.router} {
        const auto idle = std::chrono::ceil<std::chrono::seconds>(plan.idle).count();
        settings_.change("net.netfilter.nf_conntrack_tcp_timeout_established",
                         std::to_string(idle));
        settings_.change("net.netfilter.nf_conntrack_tcp_loose", "0");
        // Otherwise what lies outside the window is invalid too, as after a loss.
        settings_.change("net.netfilter.nf_conntrack_tcp_be_liberal", "1");
        try {
            firewall_.arm(rule, {});
        } catch (...) {
            settings_.put_back();
            throw;
        }
    }
    Witness witness() override {
        const FirewallCounters counters = firewall_.counters(slot_);
        return {counters.matched, counters.fired,
                fmt::format("{} rule: {} packets matched, {} of unknown connections",
                            word_of(firewall_.backend()), counters.matched, counters.fired)};
    }
    void heal() override {
        firewall_.heal(slot_, {});
        settings_.put_back();
    }

private:
    Firewall& firewall_;
    unsigned slot_;
    ChangedSettings settings_;
};

// The next hop takes less than the router's interfaces do, as a tunnel does, and whoever sends too
// much never hears of it.
class BlackHoleRouter final : public RouterFault {
public:
    BlackHoleRouter(const ShrinkMtu& plan, const RouterSurroundings& around) : around_{around} {
        constexpr std::int64_t smallest_v6 = 1280;  // RFC 8200 section 5
        if (has_v6(around.spec.ip) && plan.mtu < smallest_v6) {
            throw Error{fmt::format("fault {}: IPv6 has no MTU of {}", around.fault, plan.mtu),
                        "write 1280 or more, or give the link `ip: v4`"};
        }
        const LinkAddresses& a = around.addresses;
        const bool proxied = around.spec.proxied;
        const auto both = [&](std::string_view interface, const std::string& v4,
                              const std::string& via4, const std::string& v6,
                              const std::string& via6) {
            if (has_v4(around.spec.ip)) {
                routes_.push_back({v4, {}, std::string{interface}, via4, plan.mtu});
            }
            if (has_v6(around.spec.ip)) {
                routes_.push_back({v6, {}, std::string{interface}, via6, plan.mtu});
            }
        };
        if (around.direction != Direction::down) {
            both(far_interface_name, a.far, proxied ? a.middle_proxy : "", a.far6,
                 proxied ? a.middle_proxy6 : "");
        }
        if (around.direction != Direction::up) both(near_interface_name, a.near, "", a.near6, "");
        keep_silent();
        for (const HostRoute& route : routes_) add_host_route(around.router, route);
        before_ = too_large();
    }
    Witness witness() override {
        const std::int64_t refused = too_large() - before_;
        return {
            refused, refused,
            fmt::format("the router refused {} packets (IpFragFails, Ip6InTooBigErrors)", refused)};
    }
    void heal() override {
        for (const HostRoute& route : routes_) remove_host_route(around_.router, route);
        speak_again();
    }

private:
    std::int64_t too_large() const {
        const NamespaceGuard inside{around_.router};
        return kernel_counter("IpFragFails") + kernel_counter("Ip6InTooBigErrors");
    }
    std::string table() const { return fmt::format("etimedout_mtu_{}", around_.slot); }
    void keep_silent() const {
        const std::string attempt = fmt::format("arm fault {}", around_.fault);
        if (around_.firewall().backend() == FirewallBackend::nftables) {
            apply_nft(fmt::format("table inet {} {{\n"
                                  "    chain output {{\n"
                                  "        type filter hook output priority 0; policy accept;\n"
                                  "        icmp type destination-unreachable icmp code 4 drop\n"
                                  "        icmpv6 type packet-too-big drop\n"
                                  "    }}\n}}\n",
                                  table()),
                      attempt);
        } else {
            apply_iptables('A', attempt);
        }
    }
    void speak_again() const {
        const std::string attempt = fmt::format("heal fault {}", around_.fault);
        if (around_.firewall().backend() == FirewallBackend::nftables) {
            apply_nft(fmt::format("delete table inet {}\n", table()), attempt);
        } else {
            apply_iptables('D', attempt);
        }
    }
    void apply_nft(const std::string& text, const std::string& attempt) const {
        run_nft(around_.router, text, attempt);
    }
    void apply_iptables(char command, const std::string& attempt) const {
        const auto apply = [&](const char* tool, std::string_view match) {
            run_in_namespace(
                around_.router, {tool, "--noflush"},
                fmt::format("*filter\n-{} OUTPUT {} -j DROP\nCOMMIT\n", command, match), attempt);
        };
        apply("iptables-restore", "-p icmp --icmp-type fragmentation-needed");
        if (has_v6(around_.spec.ip)) {
            apply("ip6tables-restore", "-p icmpv6 --icmpv6-type packet-too-big");
        }
    }

    RouterSurroundings around_;
    std::vector<HostRoute> routes_{};
    std::int64_t before_ = 0;
};

class DeadNeighbourhood final : public RouterFault {
public:
    DeadNeighbourhood(const LoseNeighbour& plan, const RouterSurroundings& around) {
        const LinkAddresses& a = around.addresses;
        if (plan.which == NextHop::router) {
            asks_ = around.caller;
            interface_ = around.caller_interface.name;
            neighbours_ = around.caller_interface.neighbours;
        } else {
            asks_ = around.far;
            interface_ = far_interface_name;
            if (has_v4(around.spec.ip)) neighbours_.push_back({a.far, around.callee_mac});
            if (has_v6(around.spec.ip)) neighbours_.push_back({a.far6, around.callee_mac});
        }
        ask_for_neighbours(asks_, interface_);
    }
    Witness witness() override {
        std::int64_t asked = 0;
        std::string said;
        for (const Neighbour& neighbour : neighbours_) {
            const std::string state = neighbour_state(asks_, neighbour.address);
            if (state.empty()) continue;
            ++asked;
            said += fmt::format("{}{} is {}", said.empty() ? "" : ", ", neighbour.address, state);
        }
        return {asked, asked, "neighbours: " + (said.empty() ? "nobody asked" : said)};
    }
    void heal() override { know_neighbours(asks_, interface_, neighbours_); }

private:
    int asks_ = -1;
    std::string interface_;
    std::vector<Neighbour> neighbours_{};
};

class NoWay final : public RouterFault {
public:
    NoWay(const ChangeRoute& plan, const RouterSurroundings& around) : caller_{around.caller} {
        if (has_v4(around.spec.ip)) routes_.push_back({around.addresses.far, plan.to});
        if (has_v6(around.spec.ip)) routes_.push_back({around.addresses.far6, plan.to});
        for (const HostRoute& route : routes_) add_host_route(caller_, route);
    }
    Witness witness() override {
        Witness seen{.matched = 1};
        for (const HostRoute& route : routes_) {
            const int error = error_of_connect(route.to);
            if (error != 0) seen.fired = 1;
            seen.evidence += fmt::format("{}connect() to {}: {}", seen.evidence.empty() ? "" : ", ",
                                         route.to, error == 0 ? "works" : errno_name(error));
        }
        return seen;
    }
    void heal() override {
        for (const HostRoute& route : routes_) remove_host_route(caller_, route);
    }

private:
    // Of a datagram socket, which only looks up the way.
    int error_of_connect(const std::string& address) const {
        const NamespaceGuard inside{caller_};
        const bool v6 = address.find(':') != std::string::npos;
        const Fd socket{::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        constexpr std::uint16_t discard = 9;
        sockaddr_in to4{};
        to4.sin_family = AF_INET;
        to4.sin_port = htons(discard);
        sockaddr_in6 to6{};
        to6.sin6_family = AF_INET6;
        to6.sin6_port = htons(discard);
        ::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(),
                    v6 ? static_cast<void*>(&to6.sin6_addr) : static_cast<void*>(&to4.sin_addr));
        const auto* to =
            v6 ? reinterpret_cast<const sockaddr*>(&to6) : reinterpret_cast<const sockaddr*>(&to4);
        const socklen_t size = v6 ? sizeof to6 : sizeof to4;
        return ::connect(socket.get(), to, size) == 0 ? 0 : errno;
    }

    int caller_;
    std::vector<HostRoute> routes_{};
};

struct RouterArmer {
    const RouterSurroundings& around;

    std::shared_ptr<RouterFault> operator()(const ForgetFlows& plan) const {
        return forget_flows(
            plan, around,
            {.fault = around.fault, .slot = around.slot, .action = UnknownPackets{plan.with}});
    }
    std::shared_ptr<RouterFault> operator()(const FillFlowTable& /*plan*/) const {
        return fill_flow_table(around);
    }
    std::shared_ptr<RouterFault> operator()(const ShrinkMtu& plan) const {
        return std::make_shared<BlackHoleRouter>(plan, around);
    }
    std::shared_ptr<RouterFault> operator()(const LoseNeighbour& plan) const {
        return std::make_shared<DeadNeighbourhood>(plan, around);
    }
    std::shared_ptr<RouterFault> operator()(const ChangeRoute& plan) const {
        return std::make_shared<NoWay>(plan, around);
    }
};

}  // namespace

std::shared_ptr<RouterFault> arm_at_router(const RouterPlan& plan,
                                           const RouterSurroundings& around) {
    return std::visit(RouterArmer{around}, plan);
}

std::shared_ptr<RouterFault> forget_flows(const ForgetFlows& plan, const RouterSurroundings& around,
                                          const FirewallRule& rule) {
    return std::make_shared<ForgetfulRouter>(plan, around, rule);
}

}  // namespace etimedout
