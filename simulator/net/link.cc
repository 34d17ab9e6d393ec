// Link: two nodes, a hidden router between them, its physics and its faults.
#include "simulator/net/link.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/net/diversion.hh"
#include "simulator/net/firewall_engine.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/net/probe.hh"
#include "simulator/net/shaper.hh"

namespace etimedout {

namespace {

// Locally administered, the same in every run: 02, the link's number, the place along the link.
MacAddress mac_of(std::size_t index, std::uint8_t place) {
    const std::size_t number = index + 1;
    return {0x02,
            0x00,
            0x00,
            static_cast<std::uint8_t>(number >> 8U),
            static_cast<std::uint8_t>(number & 0xffU),
            place};
}
constexpr std::uint8_t near_place = 1;
constexpr std::uint8_t near_router_place = 2;
constexpr std::uint8_t far_router_place = 3;
constexpr std::uint8_t far_place = 4;
constexpr std::uint8_t middle_router_place = 5;
constexpr std::uint8_t middle_proxy_place = 6;

constexpr unsigned prefix_v4 = 24;
constexpr unsigned prefix_v6 = 64;

// The network an address of a link is in: its last part is the host's.
std::string network_of(const std::string& address) {
    const bool v6 = address.find(':') != std::string::npos;
    return v6 ? address.substr(0, address.rfind(':') + 1)
              : address.substr(0, address.rfind('.') + 1) + "0";
}

bool selective(const Selectors& selectors) {
    return selectors.phase || selectors.port || selectors.source || selectors.first ||
           selectors.nth || selectors.probability;
}

void check_unit(const std::string& id, std::optional<CountedUnit> unit) {
    if (!unit || *unit == CountedUnit::connections) return;
    throw Error{fmt::format("fault {}: a router sees connections, not requests", id),
                "count connections, or use a fault of the stream or message layer"};
}

std::optional<ConnectionSelector> connections_of(const ArmedFault& armed) {
    const Selectors& selectors = armed.selectors;
    const int given =
        (selectors.first ? 1 : 0) + (selectors.nth ? 1 : 0) + (selectors.probability ? 1 : 0);
    if (given > 1) {
        throw Error{
            fmt::format("fault {}: first, nth and probability exclude each other", armed.id),
            "keep one of them"};
    }
    if (selectors.first) {
        check_unit(armed.id, selectors.first->unit);
        return FirstConnections{selectors.first->number};
    }
    if (selectors.nth) {
        check_unit(armed.id, selectors.nth->unit);
        return NthConnection{selectors.nth->number};
    }
    if (selectors.probability) {
        check_unit(armed.id, selectors.probability->unit);
        return SomeConnections{selectors.probability->probability};
    }
    return std::nullopt;
}

FirewallRule rule_of(const ArmedFault& armed, unsigned slot, FirewallAction action) {
    return {.fault = armed.id,
            .slot = slot,
            .action = action,
            .direction = direction_of(armed),
            .phase = armed.selectors.phase,
            .port = armed.selectors.port,
            .source = armed.selectors.source,
            .connections = connections_of(armed)};
}

bool goes(Direction direction, Direction way) {
    return direction == Direction::both || direction == way;
}

constexpr std::array ways{Direction::up, Direction::down};

}  // namespace

Link::Link(LinkPlan plan)
    : plan_{std::move(plan)},
      addresses_{LinkAddresses::of(plan_.index)},
      router_{new_network_namespace()} {
    if (same_namespace(plan_.near_namespace, plan_.far_namespace)) {
        throw Error{fmt::format("link {}: both its ends are one node", plan_.name),
                    "a node reaches itself by its loopback; a link needs two nodes"};
    }
    if (plan_.spec.proxied) proxy_ = new_network_namespace();
    for (const int hop : {router_.get(), proxy_namespace()}) {
        if (hop < 0) continue;
        const NamespaceGuard inside{hop};
        pin_router_defaults();
    }
    build_cables();
    if (proxy_) build_proxy();
    build_physics();
}

Link::~Link() = default;

// ------------------------------------------------------------------ what it is made of

InterfacePlan Link::node_interface(Direction end) const {
    // `down` is where packets going down arrive: the caller.
    const bool near = end == Direction::down;
    const std::size_t number = plan_.index + 1;
    InterfacePlan plan{.name = fmt::format("{}{}", near ? "out" : "in", number)};
    const MacAddress router = mac_of(plan_.index, near ? near_router_place : far_router_place);
    const auto add = [&](const std::string& own, const std::string& gateway,
                         const std::string& peer, unsigned prefix) {
        plan.addresses.push_back({own, prefix});
        plan.neighbours.push_back({gateway, router});
        plan.routes.push_back({{network_of(peer), prefix}, gateway, own});
    };
    const LinkAddresses& a = addresses_;
    if (plan_.spec.ip != IpVersion::v6) {
        near ? add(a.near, a.near_router, a.far, prefix_v4)
             : add(a.far, a.far_router, a.near, prefix_v4);
    }
    if (plan_.spec.ip != IpVersion::v4) {
        near ? add(a.near6, a.near_router6, a.far6, prefix_v6)
             : add(a.far6, a.far_router6, a.near6, prefix_v6);
    }
    return plan;
}

void Link::build_cables() {
    const InterfacePlan caller = node_interface(Direction::down);
    const InterfacePlan callee = node_interface(Direction::up);
    const std::size_t i = plan_.index;
    near_cable_.emplace(VethEnd{plan_.near_namespace, caller.name, mac_of(i, near_place)},
                        VethEnd{router_.get(), near_interface(), mac_of(i, near_router_place)},
                        plan_.spec.mtu);
    far_cable_.emplace(
        VethEnd{far_interface_namespace(), far_interface(), mac_of(i, far_router_place)},
        VethEnd{plan_.far_namespace, callee.name, mac_of(i, far_place)}, plan_.spec.mtu);

    InterfacePlan near{.name = near_interface()};
    InterfacePlan far{.name = far_interface()};
    const LinkAddresses& a = addresses_;
    if (plan_.spec.ip != IpVersion::v6) {
        near.addresses.push_back({a.near_router, prefix_v4});
        near.neighbours.push_back({a.near, mac_of(i, near_place)});
        far.addresses.push_back({a.far_router, prefix_v4});
        far.neighbours.push_back({a.far, mac_of(i, far_place)});
    }
    if (plan_.spec.ip != IpVersion::v4) {
        near.addresses.push_back({a.near_router6, prefix_v6});
        near.neighbours.push_back({a.near6, mac_of(i, near_place)});
        far.addresses.push_back({a.far_router6, prefix_v6});
        far.neighbours.push_back({a.far6, mac_of(i, far_place)});
    }
    configure_interface(router_.get(), near);
    configure_interface(far_interface_namespace(), far);
    configure_interface(plan_.near_namespace, caller);
    configure_interface(plan_.far_namespace, callee);
    wait_until_working(plan_.near_namespace, caller);
    wait_until_working(router_.get(), near);
    wait_until_working(far_interface_namespace(), far);
    wait_until_working(plan_.far_namespace, callee);
}

// The cable between router and proxy, and the ways to the two ends over it.
void Link::build_proxy() {
    const std::size_t i = plan_.index;
    const MacAddress router = mac_of(i, middle_router_place);
    const MacAddress proxy = mac_of(i, middle_proxy_place);
    middle_cable_.emplace(VethEnd{router_.get(), far_interface(), router},
                          VethEnd{proxy_.get(), near_interface(), proxy}, plan_.spec.mtu);
    InterfacePlan up{.name = far_interface()};
    InterfacePlan down{.name = near_interface()};
    const auto join = [&](const std::string& at_router, const std::string& at_proxy,
                          const std::string& near, const std::string& far, unsigned prefix) {
        up.addresses.push_back({at_router, prefix});
        up.neighbours.push_back({at_proxy, proxy});
        up.routes.push_back({{network_of(far), prefix}, at_proxy, at_router});
        down.addresses.push_back({at_proxy, prefix});
        down.neighbours.push_back({at_router, router});
        down.routes.push_back({{network_of(near), prefix}, at_router, at_proxy});
    };
    const LinkAddresses& a = addresses_;
    if (plan_.spec.ip != IpVersion::v6) {
        join(a.middle_router, a.middle_proxy, a.near, a.far, prefix_v4);
    }
    if (plan_.spec.ip != IpVersion::v4) {
        join(a.middle_router6, a.middle_proxy6, a.near6, a.far6, prefix_v6);
    }
    configure_interface(router_.get(), up);
    configure_interface(proxy_.get(), down);
    wait_until_working(router_.get(), up);
    wait_until_working(proxy_.get(), down);
    if (!plan_.backend) plan_.backend = required_firewall();
    divert(proxy_.get(), *plan_.backend,
           {.port = plan_.spec.port, .listener = diversion_port, .ip = plan_.spec.ip});
}

void Link::build_physics() {
    const PacketPlan base{.delay = plan_.spec.latency, .rate = plan_.spec.rate};
    const auto shape = [&](std::unique_ptr<Shaper>& shaper, const std::string& interface,
                           std::string_view direction) {
        shaper = std::make_unique<Shaper>(
            Shaper::Plan{.network_namespace = router_.get(),
                         .interface = interface,
                         .base = base,
                         .seed = plan_.seed,
                         .stream = fmt::format("{}/{}", plan_.name, direction)});
    };
    try {
        shape(up_, far_interface(), "up");
        shape(down_, near_interface(), "down");
    } catch (const NetlinkError& failure) {
        const int error = failure.code().value();
        if (error != ENOENT && error != EOPNOTSUPP) throw;
        up_.reset();
        down_.reset();
        shortfall_ = fmt::format("{}; {}", failure.what(), failure.advice());
    }
}

Shaper& Link::shaper(Direction direction) {
    auto& wanted = direction == Direction::up ? up_ : down_;
    if (!wanted) {
        throw Error{fmt::format("link {} cannot shape packets: {}", plan_.name, shortfall_),
                    "run with --time virtual, where netem is built in"};
    }
    return *wanted;
}

QdiscStats Link::stats(Direction direction) {
    const std::lock_guard lock{mutex_};
    auto& wanted = direction == Direction::up ? up_ : down_;
    return wanted ? wanted->stats() : QdiscStats{};
}

Firewall& Link::firewall() {
    if (!firewall_) {
        if (!plan_.backend) plan_.backend = required_firewall();
        firewall_ = std::make_unique<Firewall>(router_.get(), *plan_.backend, plan_.spec.ip);
    }
    return *firewall_;
}

std::vector<BandRule> Link::bands() const {
    std::vector<BandRule> all;
    const auto add = [&](const std::unique_ptr<Shaper>& shaper, Direction direction) {
        if (!shaper) return;
        for (const auto& band : shaper->bands()) all.push_back({direction, band});
    };
    add(up_, Direction::up);
    add(down_, Direction::down);
    return all;
}

// ------------------------------------------------------------------ arming and healing

Marks Link::free_mark() const {
    Marks used = 0;
    for (const auto& [id, engaged] : armed_) {
        if (const auto* packets = std::get_if<PacketFault>(&engaged)) {
            used |= packets->mark.value_or(0);
        }
    }
    // The shapers run out of bands long before the marks run out of bits.
    Marks mark = 1;
    while ((used & mark) != 0) mark <<= 1U;
    return mark;
}

Link::Engaged Link::arm_packets(const ArmedFault& armed, const PacketPlan& plan) {
    PacketFault fault{.plan = plan, .direction = direction_of(armed)};
    if (selective(armed.selectors)) fault.mark = free_mark();
    try {
        for (const Direction way : ways) {
            if (goes(fault.direction, way)) shaper(way).arm(armed.id, plan, fault.mark);
        }
        if (fault.mark) {
            const unsigned slot = next_slot_++;
            firewall().arm(rule_of(armed, slot, *fault.mark), bands());
            fault.slot = slot;
        }
    } catch (...) {
        for (const Direction way : ways) {
            auto& wanted = way == Direction::up ? up_ : down_;
            if (wanted && wanted->has(armed.id)) wanted->heal(armed.id);
        }
        throw;
    }
    return fault;
}

Link::Engaged Link::arm_refusal(const ArmedFault& armed, const FirewallPlan& plan) {
    const unsigned slot = next_slot_++;
    firewall().arm(rule_of(armed, slot, plan.refusal), bands());
    return RefusalFault{slot};
}

Link::Engaged Link::arm_state(const ArmedFault& armed, const RouterPlan& plan) {
    RouterSurroundings around{
        .fault = armed.id,
        .slot = next_slot_++,
        .spec = plan_.spec,
        .addresses = addresses_,
        .caller = plan_.near_namespace,
        .caller_interface = node_interface(Direction::down),
        .router = router_.get(),
        .far = far_interface_namespace(),
        .callee_mac = mac_of(plan_.index, far_place),
        .direction = direction_of(armed),
        .firewall = [this]() -> Firewall& { return firewall(); },
    };
    if (const auto* forget = std::get_if<ForgetFlows>(&plan)) {
        return forget_flows(*forget, around,
                            rule_of(armed, around.slot, UnknownPackets{forget->with}));
    }
    return arm_at_router(plan, around);
}

void Link::arm(const ArmedFault& armed) {
    const std::lock_guard lock{mutex_};
    if (armed_.contains(armed.id)) {
        throw Error{fmt::format("fault {} is armed already", armed.id), "heal it first"};
    }
    const Decision decision = decision_of(armed.fault);
    std::optional<Engaged> engaged;
    if (const auto* packets = std::get_if<PacketPlan>(&decision)) {
        engaged = arm_packets(armed, *packets);
    } else if (const auto* refusal = std::get_if<FirewallPlan>(&decision)) {
        engaged = arm_refusal(armed, *refusal);
    } else if (const auto* state = std::get_if<RouterPlan>(&decision)) {
        engaged = arm_state(armed, *state);
    } else if (std::holds_alternative<CarrierPlan>(decision)) {
        engaged = CarrierFault{
            interface_facts(far_interface_namespace(), far_interface()).carrier_changes};
        apply_carrier(Carrier::lost);
    } else {
        throw Error{fmt::format("fault {}: {} is not a fault of the network", armed.id,
                                kind_of(armed.fault)),
                    "it acts where the link is answered: in a stub or a proxy"};
    }
    healed_.erase(armed.id);
    armed_.emplace(armed.id, *engaged);
}

void Link::disarm_packets(const std::string& id, const PacketFault& fault) {
    for (const Direction way : ways) {
        if (goes(fault.direction, way)) shaper(way).heal(id);
    }
    if (fault.slot) firewall().heal(*fault.slot, bands());
}

void Link::heal(const std::string& id) {
    const std::lock_guard lock{mutex_};
    const auto found = armed_.find(id);
    if (found == armed_.end()) {
        throw Error{fmt::format("no fault {} is armed on link {}", id, plan_.name)};
    }
    const Engaged engaged = found->second;
    Witness last = read_witness(id, engaged);
    if (const auto* packets = std::get_if<PacketFault>(&engaged)) {
        disarm_packets(id, *packets);
    } else if (const auto* refusal = std::get_if<RefusalFault>(&engaged)) {
        firewall().heal(refusal->slot, bands());
    } else if (const auto* state = std::get_if<StateFault>(&engaged)) {
        (*state)->heal();
    }
    armed_.erase(found);
    healed_[id] = std::move(last);
    if (std::holds_alternative<CarrierFault>(engaged)) {
        const bool another = std::ranges::any_of(armed_, [](const auto& entry) {
            return std::holds_alternative<CarrierFault>(entry.second);
        });
        if (!another) apply_carrier(Carrier::present);
    }
}

void Link::set_carrier(Carrier carrier) {
    const std::lock_guard lock{mutex_};
    apply_carrier(carrier);
}

void Link::apply_carrier(Carrier carrier) {
    const InterfacePlan callee = node_interface(Direction::up);
    if (carrier == Carrier::lost) {
        set_interface(plan_.far_namespace, callee.name, InterfaceState::down);
    } else {
        // Neighbours and routes went with the carrier.
        configure_interface(plan_.far_namespace, callee);
        wait_until_working(plan_.far_namespace, callee);
        wait_until_working(far_interface_namespace(), {.name = far_interface()});
    }
}

// ------------------------------------------------------------------ witnesses

Witness Link::packet_witness(const std::string& id, const PacketFault& fault) {
    ShapedPackets sum;
    Witness witness;
    for (const Direction way : ways) {
        if (!goes(fault.direction, way)) continue;
        const ShapedPackets part = shaper(way).seen(id);
        sum.seen += part.seen;
        sum.dropped += part.dropped;
        sum.overtook += part.overtook;
        witness.evidence +=
            fmt::format("{}netem {}: {} packets, {} dropped", witness.evidence.empty() ? "" : "; ",
                        word_of(way), part.seen, part.dropped);
        if (part.overtook > 0) witness.evidence += fmt::format(", {} overtook", part.overtook);
    }
    witness.matched = fault.slot ? firewall().counters(*fault.slot).matched : sum.seen;
    if (fault.plan.loss.value > 0 || fault.plan.bursts) {
        witness.fired = sum.dropped;
    } else if (fault.plan.reorder.value > 0) {
        witness.fired = sum.overtook;
    } else {
        witness.fired = sum.seen;
    }
    return witness;
}

Witness Link::read_witness(const std::string& id, const Engaged& engaged) {
    if (const auto* packets = std::get_if<PacketFault>(&engaged)) {
        return packet_witness(id, *packets);
    }
    if (const auto* refusal = std::get_if<RefusalFault>(&engaged)) {
        const FirewallCounters counters = firewall().counters(refusal->slot);
        return {counters.matched, counters.fired,
                fmt::format("{} rule: {} packets matched, {} refused",
                            word_of(firewall().backend()), counters.matched, counters.fired)};
    }
    if (const auto* state = std::get_if<StateFault>(&engaged)) return (*state)->witness();
    const std::uint32_t changes =
        interface_facts(far_interface_namespace(), far_interface()).carrier_changes -
        std::get<CarrierFault>(engaged).changes_before;
    return {changes, changes, fmt::format("carrier of the callee's end changed {} times", changes)};
}

Witness Link::witness(const std::string& id) {
    const std::lock_guard lock{mutex_};
    if (const auto found = armed_.find(id); found != armed_.end()) {
        return read_witness(id, found->second);
    }
    if (const auto found = healed_.find(id); found != healed_.end()) return found->second;
    throw Error{fmt::format("link {} never had a fault {}", plan_.name, id)};
}

}  // namespace etimedout
