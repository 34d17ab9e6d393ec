// Link: two nodes, a hidden router between them, its physics and its faults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/faults/all_faults.hh"
#include "simulator/net/firewall.hh"
#include "simulator/net/interface.hh"
#include "simulator/net/link_spec.hh"
#include "simulator/net/packet_band.hh"
#include "simulator/net/router_faults.hh"
#include "simulator/net/witness.hh"

namespace etimedout {

class Firewall;
class Shaper;
struct QdiscStats;

struct LinkPlan {
    std::string name{};
    std::size_t index = 0;  // addresses, hardware addresses and interface names follow from it
    LinkSpec spec{};
    int near_namespace = -1;  // of the caller's node; both must stay open while the link lives
    int far_namespace = -1;
    std::uint64_t seed = 0;
    // Nothing: probed when the first fault needs it.
    std::optional<FirewallBackend> backend{};
};

enum class Carrier { lost, present };

// Interfaces: `out<N>` in the caller's node and `near` in the router are one cable, `far` in the
// router and `in<N>` in the callee's the other; N is the index + 1. A proxied link has one more
// namespace between router and callee, the proxy's, with interfaces of the same names: there
// connections are brought to a transparent listener, everything else is forwarded. So packet and
// firewall faults act between the caller and the proxy. Safe to use from several
// threads. Everything is gone with the object, or with its namespaces.
//
// A capture on `near` holds exactly what the caller sent and received, with the times at its end
// of the link, and one on `far` what the callee did: packets going up are delayed, lost and so on
// as they leave by `far`, packets going down as they leave by `near`, and the kernel shows what
// leaves to a capture when it has passed the qdisc (dev_queue_xmit_nit in dev_hard_start_xmit).
class Link {
public:
    // Throws Error when the kernel refuses. Where it lacks netem or prio the link is as fast as
    // the kernel; shortfall() then says so.
    explicit Link(LinkPlan plan);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // Packet, firewall, router and carrier decisions; a `source` must be an address already. Throws
    // Error, and changes nothing, when the fault cannot be armed. A carrier fault takes the carrier
    // away; flapping is for the caller, with set_carrier().
    void arm(const ArmedFault& armed);
    void heal(const std::string& fault);
    // Of an armed fault now, of a healed one as it was at the end.
    Witness witness(const std::string& fault);
    // The cable at the callee's end: its interface is set down, so that the router's sees no
    // carrier, while captures in the router go on.
    void set_carrier(Carrier carrier);

    const std::string& name() const { return plan_.name; }
    const LinkAddresses& addresses() const { return addresses_; }
    int router_namespace() const { return router_.get(); }
    // Where `far` is the interface that leads to the callee: the proxy's, or else the router's.
    int far_interface_namespace() const { return proxy_ ? proxy_.get() : router_.get(); }
    // Where the proxy's listener must be opened, at `diversion_port`; -1: the link has none.
    int proxy_namespace() const { return proxy_ ? proxy_.get() : -1; }
    static constexpr std::uint16_t diversion_port = 15001;
    std::string near_interface() const { return std::string{near_interface_name}; }
    std::string far_interface() const { return std::string{far_interface_name}; }
    // Why the link has no latency and rate of its own; empty when it has them.
    const std::string& shortfall() const { return shortfall_; }
    // Of one direction, up or down, since the link was made; zeros where there is a shortfall.
    QdiscStats stats(Direction direction);

private:
    struct PacketFault {
        PacketPlan plan;
        Direction direction;
        std::optional<Marks> mark;
        std::optional<unsigned> slot;  // of its marking rule
    };
    struct RefusalFault {
        unsigned slot;
    };
    struct CarrierFault {
        std::uint32_t changes_before;
    };
    using StateFault = std::shared_ptr<RouterFault>;
    using Engaged = std::variant<PacketFault, RefusalFault, CarrierFault, StateFault>;

    void build_cables();
    void build_proxy();
    void build_physics();
    InterfacePlan node_interface(Direction end) const;
    Firewall& firewall();
    Shaper& shaper(Direction direction);
    std::vector<BandRule> bands() const;
    Marks free_mark() const;
    Engaged arm_packets(const ArmedFault& armed, const PacketPlan& plan);
    Engaged arm_refusal(const ArmedFault& armed, const FirewallPlan& plan);
    Engaged arm_state(const ArmedFault& armed, const RouterPlan& plan);
    void disarm_packets(const std::string& id, const PacketFault& fault);
    Witness read_witness(const std::string& id, const Engaged& engaged);
    Witness packet_witness(const std::string& id, const PacketFault& fault);
    void apply_carrier(Carrier carrier);

    LinkPlan plan_;
    LinkAddresses addresses_;
    Fd router_;
    Fd proxy_;  // empty for a link without one
    std::optional<VethPair> near_cable_;
    std::optional<VethPair> middle_cable_;
    std::optional<VethPair> far_cable_;
    std::unique_ptr<Shaper> up_;    // on `far`
    std::unique_ptr<Shaper> down_;  // on `near`
    std::unique_ptr<Firewall> firewall_;
    std::string shortfall_;
    std::mutex mutex_;
    unsigned next_slot_ = 1;
    std::map<std::string, Engaged> armed_{};
    std::map<std::string, Witness> healed_{};
};

}  // namespace etimedout
