// Interfaces: veth pairs between namespaces, their addresses, neighbours and routes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/faults/decision.hh"

namespace etimedout {

using MacAddress = std::array<std::uint8_t, 6>;

// One end of a pair, in the namespace it is put into when it is made.
struct VethEnd {
    int network_namespace = -1;
    std::string name{};  // at most 15 characters
    MacAddress mac{};
};

// Two interfaces joined by a cable; both gone when this is destroyed, or when either namespace
// is. One packet is one packet on it: TSO, GSO, GRO and checksum offload are off, because netem
// acts on whole super-packets otherwise, and a receiver believes what an offload never checked.
class VethPair {
public:
    VethPair(VethEnd one, VethEnd other, std::int64_t mtu);
    ~VethPair();
    VethPair(const VethPair&) = delete;
    VethPair& operator=(const VethPair&) = delete;

private:
    VethEnd one_;
};

struct InterfaceAddress {
    std::string address{};
    unsigned prefix = 24;
};

// Always there, so that a link that loses everything fails with silence and not with EHOSTUNREACH
// for want of a neighbour.
struct Neighbour {
    std::string address{};
    MacAddress mac{};
};

struct Route {
    InterfaceAddress to{};
    std::string via{};
    std::string source{};  // what a node with several links calls itself on this one
};

struct InterfacePlan {
    std::string name{};
    std::vector<InterfaceAddress> addresses{};
    std::vector<Neighbour> neighbours{};
    std::vector<Route> routes{};
};

// Sets the interface up and gives it all of the plan. May be repeated: an interface that went
// down lost its neighbours and routes. IPv6 has no autoconfiguration on it, no duplicate address
// detection and no multicast reports; without an IPv6 address in the plan it is off altogether.
void configure_interface(int network_namespace, const InterfacePlan& plan);

// Waits until an interface that is up, and whose other end is, really sends and receives: the
// kernel notices a carrier up to a second late, and drops packets until then; IPv6 addresses
// receive when a work queue has run. Throws Error after five seconds.
void wait_until_working(int network_namespace, const InterfacePlan& plan);

enum class InterfaceState { up, down };
void set_interface(int network_namespace, const std::string& name, InterfaceState state);

struct InterfaceFacts {
    unsigned index = 0;
    std::uint32_t carrier_changes = 0;  // since the interface was made
    bool sending = false;               // up, with a carrier that the kernel has noticed
};
InterfaceFacts interface_facts(int network_namespace, const std::string& name);

void bring_up_loopback(int network_namespace);

// A route to one address alone, which goes before those of its network.
struct HostRoute {
    std::string to{};
    std::optional<RouteKind> nowhere{};  // it leads nowhere, so: else over the interface
    std::string interface {};
    std::string via{};  // empty: the address is on the wire
    std::optional<std::int64_t> mtu{};
};
void add_host_route(int network_namespace, const HostRoute& route);
void remove_host_route(int network_namespace, const HostRoute& route);

// From here on the interface asks for its neighbours (ARP, or neighbour discovery), of which it has
// forgotten all.
void ask_for_neighbours(int network_namespace, const std::string& interface);
// The opposite: it knows these and asks for none.
void know_neighbours(int network_namespace, const std::string& interface,
                     const std::vector<Neighbour>& neighbours);
// Of ndmsg (rtnetlink(7)), as `ip neigh` writes it: "FAILED"; empty for one that it never asked
// for.
std::string neighbour_state(int network_namespace, const std::string& address);

}  // namespace etimedout
