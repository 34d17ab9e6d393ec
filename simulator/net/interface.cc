// Interfaces: veth pairs between namespaces, their addresses, neighbours and routes.
#include "simulator/net/interface.hh"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "simulator/base/fd.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/netlink.hh"
#include "simulator/net/node_pins.hh"

namespace etimedout {

namespace {

// RFC 2863's ifOperStatus, IF_OPER_UP of linux/if.h, which clashes with net/if.h.
constexpr std::uint8_t operational_up = 6;

struct IpAddress {
    unsigned char family = AF_INET;
    std::array<std::byte, 16> bytes{};
    std::size_t size = 4;
    std::span<const std::byte> view() const { return std::span{bytes}.first(size); }
};

IpAddress ip_address(const std::string& text) {
    IpAddress address;
    if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
    address.family = AF_INET6;
    address.size = 16;
    if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
    throw Error{fmt::format("`{}` is not an IP address", text)};
}

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

void describe_end(NetlinkMessage& message, const VethEnd& end, std::int64_t mtu) {
    message.put_text(IFLA_IFNAME, end.name);
    message.put(IFLA_ADDRESS, end.mac);
    message.put(IFLA_MTU, static_cast<std::uint32_t>(mtu));
    message.put(IFLA_TXQLEN, std::uint32_t{1000});
    message.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.network_namespace));
}

void switch_feature_off(int socket, const std::string& interface, std::uint32_t command) {
    ethtool_value value{.cmd = command, .data = 0};
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    void* const data = &value;
    request.ifr_data = static_cast<char*>(data);
    const int result = ::ioctl(socket, SIOCETHTOOL, &request);
    // A kernel that lacks an offload has nothing to switch off.
    if (result < 0 && errno == EOPNOTSUPP) return;
    checked(fmt::format("switch an offload of interface {} off", interface), result);
}

void switch_offloads_off(const VethEnd& end) {
    const NamespaceGuard inside{end.network_namespace};
    const Fd socket{checked("open a socket for ethtool requests",
                            ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
    for (const int command : {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM}) {
        switch_feature_off(socket.get(), end.name, static_cast<std::uint32_t>(command));
    }
}

unsigned index_of(NetlinkSocket& kernel, const std::string& name) {
    unsigned index = 0;
    NetlinkMessage message{RTM_GETLINK, NLM_F_ACK};
    message.header(ifinfomsg{});
    message.put_text(IFLA_IFNAME, name);
    kernel.collect(message, fmt::format("look up interface {}", name), [&](const nlmsghdr& answer) {
        index = static_cast<unsigned>(static_cast<const ifinfomsg*>(payload_of(answer))->ifi_index);
    });
    return index;
}

void set_flags(NetlinkSocket& kernel, const std::string& name, unsigned flags, unsigned change) {
    NetlinkMessage message{RTM_NEWLINK, 0};
    message.header(ifinfomsg{.ifi_family = AF_UNSPEC,
                             .ifi_index = static_cast<int>(index_of(kernel, name)),
                             .ifi_flags = flags,
                             .ifi_change = change});
    kernel.request(message,
                   fmt::format("set interface {} {}", name, (flags & IFF_UP) != 0 ? "up" : "down"));
}

void add_address(NetlinkSocket& kernel, unsigned index, const InterfaceAddress& address) {
    const IpAddress ip = ip_address(address.address);
    NetlinkMessage message{RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE};
    message.header(ifaddrmsg{.ifa_family = ip.family,
                             .ifa_prefixlen = static_cast<unsigned char>(address.prefix),
                             .ifa_flags = IFA_F_NODAD,
                             .ifa_scope = RT_SCOPE_UNIVERSE,
                             .ifa_index = index});
    message.put_bytes(IFA_LOCAL, ip.view());
    message.put_bytes(IFA_ADDRESS, ip.view());
    kernel.request(message, fmt::format("give an interface the address {}", address.address));
}

void add_neighbour(NetlinkSocket& kernel, unsigned index, const Neighbour& neighbour) {
    const IpAddress ip = ip_address(neighbour.address);
    NetlinkMessage message{RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE};
    message.header(ndmsg{.ndm_family = ip.family,
                         .ndm_ifindex = static_cast<int>(index),
                         .ndm_state = NUD_PERMANENT});
    message.put_bytes(NDA_DST, ip.view());
    message.put(NDA_LLADDR, neighbour.mac);
    kernel.request(message, fmt::format("add the neighbour {}", neighbour.address));
}

void add_route(NetlinkSocket& kernel, unsigned index, const Route& route) {
    const IpAddress to = ip_address(route.to.address);
    NetlinkMessage message{RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE};
    message.header(rtmsg{.rtm_family = to.family,
                         .rtm_dst_len = static_cast<unsigned char>(route.to.prefix),
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = RT_SCOPE_UNIVERSE,
                         .rtm_type = RTN_UNICAST});
    message.put_bytes(RTA_DST, to.view());
    message.put_bytes(RTA_GATEWAY, ip_address(route.via).view());
    message.put(RTA_OIF, index);
    message.put_bytes(RTA_PREFSRC, ip_address(route.source).view());
    kernel.request(message, fmt::format("add a route to {}/{} via {}", route.to.address,
                                        route.to.prefix, route.via));
}

unsigned char kernel_type(const std::optional<RouteKind>& nowhere) {
    if (!nowhere) return RTN_UNICAST;
    switch (*nowhere) {
        case RouteKind::unreachable:
            return RTN_UNREACHABLE;
        case RouteKind::prohibit:
            return RTN_PROHIBIT;
        case RouteKind::blackhole:
            return RTN_BLACKHOLE;
        case RouteKind::none:
            break;
    }
    return RTN_THROW;  // as if the table had none, and there is no other table
}

void change_host_route(NetlinkSocket& kernel, int type, int flags, const HostRoute& route) {
    const IpAddress to = ip_address(route.to);
    constexpr unsigned char bits = 8;
    NetlinkMessage message{type, flags};
    const bool on_the_wire = !route.nowhere && route.via.empty();
    message.header(rtmsg{.rtm_family = to.family,
                         .rtm_dst_len = static_cast<unsigned char>(to.size * bits),
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = static_cast<unsigned char>(on_the_wire && to.family == AF_INET
                                                                     ? RT_SCOPE_LINK
                                                                     : RT_SCOPE_UNIVERSE),
                         .rtm_type = kernel_type(route.nowhere)});
    message.put_bytes(RTA_DST, to.view());
    if (!route.interface.empty()) message.put(RTA_OIF, index_of(kernel, route.interface));
    if (!route.via.empty()) message.put_bytes(RTA_GATEWAY, ip_address(route.via).view());
    if (route.mtu) {
        message.nest(RTA_METRICS,
                     [&] { message.put(RTAX_MTU, static_cast<std::uint32_t>(*route.mtu)); });
    }
    kernel.request(message, fmt::format("{} the route to {}",
                                        type == RTM_NEWROUTE ? "add" : "remove", route.to));
}

// An IPv6 address receives when a work queue has made its local route, even one that is not
// tentative. IPv4 addresses have theirs at once.
bool receives(NetlinkSocket& kernel, const std::string& address) {
    const IpAddress ip = ip_address(address);
    if (ip.family != AF_INET6) return true;
    bool found = false;
    NetlinkMessage message{RTM_GETROUTE, NLM_F_DUMP};
    message.header(rtmsg{.rtm_family = AF_INET6});
    kernel.collect(message, "list IPv6 routes", [&](const nlmsghdr& answer) {
        const auto* head = static_cast<const rtmsg*>(payload_of(answer));
        if (head->rtm_type != RTN_LOCAL) return;
        const auto to = attributes_of(answer, sizeof(rtmsg)).find(RTA_DST);
        found |= to && std::ranges::equal(*to, ip.view());
    });
    return found;
}

InterfaceFacts facts_of(NetlinkSocket& kernel, const std::string& name) {
    InterfaceFacts facts;
    NetlinkMessage message{RTM_GETLINK, NLM_F_ACK};
    message.header(ifinfomsg{});
    message.put_text(IFLA_IFNAME, name);
    kernel.collect(message, fmt::format("look up interface {}", name), [&](const nlmsghdr& answer) {
        facts.index =
            static_cast<unsigned>(static_cast<const ifinfomsg*>(payload_of(answer))->ifi_index);
        const auto attributes = attributes_of(answer, sizeof(ifinfomsg));
        facts.carrier_changes = attributes.value<std::uint32_t>(IFLA_CARRIER_CHANGES).value_or(0);
        facts.sending = attributes.value<std::uint8_t>(IFLA_OPERSTATE) == operational_up;
    });
    return facts;
}

}  // namespace

VethPair::VethPair(VethEnd one, VethEnd other, std::int64_t mtu) : one_{std::move(one)} {
    NetlinkSocket kernel{one_.network_namespace};
    NetlinkMessage message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
    message.header(ifinfomsg{});
    describe_end(message, one_, mtu);
    message.nest(IFLA_LINKINFO, [&] {
        message.put_text(IFLA_INFO_KIND, "veth");
        message.nest(IFLA_INFO_DATA, [&] {
            message.nest_behind(VETH_INFO_PEER, ifinfomsg{},
                                [&] { describe_end(message, other, mtu); });
        });
    });
    if (const int error = kernel.try_request(message, "make a veth pair"); error != 0) {
        throw NetlinkError{
            fmt::format("make the veth pair {} - {}", one_.name, other.name),
            error,
            {},
            error == EOPNOTSUPP
                ? "this kernel has no veth: run with --time virtual, or modprobe veth"
                : ""};
    }
    switch_offloads_off(one_);
    switch_offloads_off(other);
}

VethPair::~VethPair() {
    try {
        NetlinkSocket kernel{one_.network_namespace};
        NetlinkMessage message{RTM_DELLINK, 0};
        message.header(ifinfomsg{});
        message.put_text(IFLA_IFNAME, one_.name);
        // Not there any more is as good: the other end's namespace may have gone first.
        kernel.try_request(message, "remove a veth pair");
    } catch (const std::exception& failure) {
        // The namespaces reclaim it.
        std::fprintf(stderr, "etimedout: remove interface %s: %s\n", one_.name.c_str(),
                     failure.what());
    }
}

void configure_interface(int network_namespace, const InterfacePlan& plan) {
    const bool any_v6 = std::ranges::any_of(
        plan.addresses, [](const InterfaceAddress& address) { return is_v6(address.address); });
    NetlinkSocket kernel{network_namespace};
    {
        const NamespaceGuard inside{network_namespace};
        pin_interface(plan.name, any_v6 ? InterfaceIpv6::addresses_only : InterfaceIpv6::none);
    }
    // Without ARP and multicast there are no reports of multicast groups: a capture holds only
    // what the scenario caused. Neighbours are permanent anyway.
    set_flags(kernel, plan.name, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP | IFF_MULTICAST);
    const unsigned index = index_of(kernel, plan.name);
    for (const auto& address : plan.addresses) add_address(kernel, index, address);
    for (const auto& neighbour : plan.neighbours) add_neighbour(kernel, index, neighbour);
    for (const auto& route : plan.routes) add_route(kernel, index, route);
}

void set_interface(int network_namespace, const std::string& name, InterfaceState state) {
    NetlinkSocket kernel{network_namespace};
    set_flags(kernel, name, state == InterfaceState::up ? unsigned{IFF_UP} : 0U, IFF_UP);
}

InterfaceFacts interface_facts(int network_namespace, const std::string& name) {
    NetlinkSocket kernel{network_namespace};
    return facts_of(kernel, name);
}

void wait_until_working(int network_namespace, const InterfacePlan& plan) {
    NetlinkSocket kernel{network_namespace};
    const auto works = [&] {
        // Since Linux 6.10 asking is enough: the kernel then looks at the carrier first.
        return facts_of(kernel, plan.name).sending &&
               std::ranges::all_of(plan.addresses, [&](const InterfaceAddress& address) {
                   return receives(kernel, address.address);
               });
    };
    constexpr int turns = 1000;
    for (int turn = 0; turn < turns; ++turn) {
        if (works()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    throw Error{fmt::format("interface {} does not work after five seconds", plan.name),
                "is its other end up?"};
}

void bring_up_loopback(int network_namespace) {
    set_interface(network_namespace, "lo", InterfaceState::up);
}

void add_host_route(int network_namespace, const HostRoute& route) {
    NetlinkSocket kernel{network_namespace};
    change_host_route(kernel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

void remove_host_route(int network_namespace, const HostRoute& route) {
    NetlinkSocket kernel{network_namespace};
    change_host_route(kernel, RTM_DELROUTE, 0, route);
}

void ask_for_neighbours(int network_namespace, const std::string& interface) {
    // A change of this flag makes the kernel forget the interface's neighbours (arp_netdev_event).
    NetlinkSocket kernel{network_namespace};
    set_flags(kernel, interface, IFF_UP, IFF_UP | IFF_NOARP);
}

void know_neighbours(int network_namespace, const std::string& interface,
                     const std::vector<Neighbour>& neighbours) {
    NetlinkSocket kernel{network_namespace};
    set_flags(kernel, interface, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP);
    const unsigned index = index_of(kernel, interface);
    for (const auto& neighbour : neighbours) add_neighbour(kernel, index, neighbour);
}

std::string neighbour_state(int network_namespace, const std::string& address) {
    const IpAddress ip = ip_address(address);
    constexpr std::array<std::pair<std::uint16_t, std::string_view>, 8> words{
        {{NUD_INCOMPLETE, "INCOMPLETE"},
         {NUD_REACHABLE, "REACHABLE"},
         {NUD_STALE, "STALE"},
         {NUD_DELAY, "DELAY"},
         {NUD_PROBE, "PROBE"},
         {NUD_FAILED, "FAILED"},
         {NUD_NOARP, "NOARP"},
         {NUD_PERMANENT, "PERMANENT"}}};
    std::string state;
    NetlinkSocket kernel{network_namespace};
    NetlinkMessage message{RTM_GETNEIGH, NLM_F_DUMP};
    message.header(ndmsg{.ndm_family = ip.family});
    kernel.collect(message, "list neighbours", [&](const nlmsghdr& answer) {
        const auto* head = static_cast<const ndmsg*>(payload_of(answer));
        const auto to = attributes_of(answer, sizeof(ndmsg)).find(NDA_DST);
        if (!to || !std::ranges::equal(*to, ip.view())) return;
        for (const auto& [bit, word] : words) {
            if (head->ndm_state == bit) state = word;
        }
    });
    return state;
}

}  // namespace etimedout
