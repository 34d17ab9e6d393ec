// Diversion: brings the TCP connections that pass a namespace to a transparent listener in it.
#include "simulator/net/diversion.hh"

#include <array>

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <net/if.h>
#include <sys/socket.h>

#include "simulator/net/firewall_engine.hh"
#include "simulator/net/interface.hh"
#include "simulator/net/netlink.hh"
#include "simulator/net/nft.hh"

namespace etimedout {

namespace {

// Of the packets that are for a socket here, whatever their address says.
constexpr std::uint32_t local_mark = 0x10000;
constexpr std::uint8_t local_table = 100;
// Before the main table (32766), behind the table of real local addresses (0).
constexpr std::uint32_t rule_priority = 100;

std::string port_match(const DiversionPlan& plan, std::string_view words) {
    return plan.port ? fmt::format(" {} {}", words, plan.port->number) : std::string{};
}

// ip rule add fwmark MARK lookup TABLE
void add_rule(NetlinkSocket& kernel, std::uint8_t family) {
    NetlinkMessage message{RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL};
    message.header(fib_rule_hdr{.family = family, .table = local_table, .action = FR_ACT_TO_TBL});
    message.put(FRA_PRIORITY, rule_priority);
    message.put(FRA_FWMARK, local_mark);
    kernel.request(message, "add a routing rule for diverted packets");
}

// ip route add local default dev lo table TABLE
void add_local_route(NetlinkSocket& kernel, std::uint8_t family, unsigned loopback) {
    NetlinkMessage message{RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL};
    message.header(rtmsg{.rtm_family = family,
                         .rtm_table = local_table,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = RT_SCOPE_HOST,
                         .rtm_type = RTN_LOCAL});
    message.put(RTA_OIF, loopback);
    kernel.request(message, "add a local route for diverted packets");
}

}  // namespace

std::string nft_diversion(const DiversionPlan& plan) {
    std::string text =
        "table inet etimedout_diversion {\n"
        "    chain divert {\n"
        "        type filter hook prerouting priority mangle; policy accept;\n";
    text += fmt::format(
        "        meta l4proto tcp socket transparent 1 meta mark set {:#x} accept\n", local_mark);
    const auto tproxy = [&](std::string_view version, std::string_view word) {
        text += fmt::format(
            "        iifname \"{}\" meta nfproto {} meta l4proto tcp{} tproxy {} to :{} "
            "meta mark set {:#x} accept\n",
            near_interface_name, version, port_match(plan, "tcp dport"), word, plan.listener,
            local_mark);
    };
    if (plan.ip != IpVersion::v6) tproxy("ipv4", "ip");
    if (plan.ip != IpVersion::v4) tproxy("ipv6", "ip6");
    return text + "    }\n}\n";
}

std::string iptables_diversion(const DiversionPlan& plan) {
    return fmt::format(
        "*mangle\n"
        "-A PREROUTING -p tcp -m socket --transparent -j MARK --set-mark {0:#x}\n"
        "-A PREROUTING -p tcp -m socket --transparent -j ACCEPT\n"
        "-A PREROUTING -i {1} -p tcp{2} -j TPROXY --on-port {3} --tproxy-mark {0:#x}\n"
        "COMMIT\n",
        local_mark, near_interface_name, port_match(plan, "--dport"), plan.listener);
}

void divert(int network_namespace, FirewallBackend backend, const DiversionPlan& plan) {
    const std::string attempt = "bring a link's connections to its proxy";
    if (backend == FirewallBackend::nftables) {
        run_nft(network_namespace, nft_diversion(plan), attempt);
    } else {
        const std::string text = iptables_diversion(plan);
        if (plan.ip != IpVersion::v6) {
            run_in_namespace(network_namespace, {"iptables-restore", "--noflush"}, text, attempt);
        }
        if (plan.ip != IpVersion::v4) {
            run_in_namespace(network_namespace, {"ip6tables-restore", "--noflush"}, text, attempt);
        }
    }
    NetlinkSocket kernel{network_namespace};
    const unsigned loopback = interface_facts(network_namespace, "lo").index;
    const auto route = [&](std::uint8_t family) {
        add_rule(kernel, family);
        add_local_route(kernel, family, loopback);
    };
    if (plan.ip != IpVersion::v6) route(AF_INET);
    if (plan.ip != IpVersion::v4) route(AF_INET6);
}

}  // namespace etimedout
