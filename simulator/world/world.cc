// World: nodes, the links between them, what runs on them, and the faults armed at them.
#include "simulator/world/world.hh"

#include <algorithm>
#include <set>
#include <variant>

#include <fmt/format.h>

#include "simulator/net/interface.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/netlink.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/node/mounts.hh"
#include "simulator/stub/certificates.hh"
#include "simulator/world/syn_gate.hh"

namespace etimedout {

namespace {

// Every node's network has the same habits, wherever the world runs; then the scenario's own.
void set_up_network(const NodeSpec& spec) {
    pin_node_defaults();
    if (spec.like) pin_habits_of(*spec.like);
    for (const auto& [name, value] : spec.sysctl) write_sysctl(name, value);
}

// The names and addresses at which a node is called, as they stand in its certificate.
StubPlace place_of(const Topology& topology, const std::string& node, std::uint64_t seed) {
    StubPlace place{.seed = seed, .names = {node}, .addresses = {}};
    for (std::size_t index = 0; index < topology.links.size(); ++index) {
        const NamedLink& link = topology.links[index];
        if (link.spec.to != node) continue;
        const LinkAddresses addresses = LinkAddresses::of(index);
        place.names.push_back(link.name);
        if (link.spec.ip != IpVersion::v6) place.addresses.push_back(addresses.far);
        if (link.spec.ip != IpVersion::v4) place.addresses.push_back(addresses.far6);
    }
    place.names.emplace_back("localhost");
    return place;
}

std::vector<std::uint16_t> ports_of(const std::optional<Port>& port) {
    return port ? std::vector<std::uint16_t>{port->number} : std::vector<std::uint16_t>{};
}

// Faults that the link's proxy carries out; all others are the router's.
bool is_for_proxy(const ArmedFault& fault) {
    const Decision decision = decision_of(fault.fault);
    return std::holds_alternative<StreamPlan>(decision) ||
           std::holds_alternative<FlowPlan>(decision) || std::holds_alternative<DoorPlan>(decision);
}

}  // namespace

World::World(WorldPlan plan, WorldContext context)
    : plan_{std::move(plan)}, context_{context}, timers_{context.clock} {
    const NetlinkReuse reuse;
    for (const NamedNode& named : plan_.topology.nodes) {
        NodeRootPlan root;
        root.name = named.name;
        root.hosts = plan_.topology.hosts_file(named.name);
        root.resolv_conf = plan_.topology.resolv_conf(named.name);
        auto node =
            std::make_unique<Node>(Node{named.name, NodeNamespaces::create(context_.root, root)});
        bring_up_loopback(node->namespaces.network());
        run_in_node(node->namespaces, [&] { set_up_network(named.spec); });
        nodes_.push_back(std::move(node));
    }
    for (std::size_t index = 0; index < plan_.topology.links.size(); ++index) add_link(index);
}

void World::add_link(std::size_t index) {
    const NamedLink& named = plan_.topology.links[index];
    auto link = std::make_unique<Link>(LinkPlan{
        .name = named.name,
        .index = index,
        .spec = named.spec,
        .near_namespace = node(named.spec.from).network(),
        .far_namespace = node(named.spec.to).network(),
        .seed = plan_.seed,
        .backend = plan_.firewall,
    });
    if (named.spec.proxied) {
        const NamespaceGuard inside{link->proxy_namespace()};
        proxies_.emplace(
            named.name,
            std::make_unique<LinkProxy>(
                LinkProxyPlan{.link = named.name,
                              .port = Link::diversion_port,
                              .seed = plan_.seed,
                              .gate = gate_of(link->proxy_namespace(),
                                              {.ports = ports_of(named.spec.port),
                                               .interface = link->near_interface()})},
                [this, name = named.name](const std::string& fault, const std::string& client) {
                    put(FaultFired{fault, name, client});
                }));
    }
    links_.emplace(named.name, std::move(link));
}

World::~World() {
    timers_.stop();
    for (std::thread& healer : healers_) healer.join();
}

World::Node& World::node_named(const std::string& name) {
    for (const auto& node : nodes_) {
        if (node->name == name) return *node;
    }
    throw Error{fmt::format("no node is named {}", name)};
}

const NodeNamespaces& World::node(const std::string& name) const {
    for (const auto& node : nodes_) {
        if (node->name == name) return node->namespaces;
    }
    throw Error{fmt::format("no node is named {}", name)};
}

Link& World::link(const std::string& name) {
    const auto found = links_.find(name);
    if (found == links_.end()) throw Error{fmt::format("no link is named {}", name)};
    return *found->second;
}

Program* World::program(const std::string& name) { return node_named(name).program.get(); }

// The files of their own that nodes find the authority of the world's certificates in.
void World::write_authority() {
    const auto& nodes = plan_.topology.nodes;
    if (std::none_of(nodes.begin(), nodes.end(), [](const NamedNode& named) {
            return named.spec.stub && named.spec.stub->tls;
        })) {
        return;
    }
    const std::int64_t now = context_.clock.wall_begin();
    for (const auto& node : nodes_) {
        run_in_node(node->namespaces, [&] {
            write_file(authority_file, authority_pem(now), 0644);
            write_file(authority_java_file, authority_java_store(now), 0644);
        });
    }
}

void World::start_programs() {
    write_authority();
    for (const std::string& name : plan_.topology.start_order()) {
        const NodeSpec& spec = *plan_.topology.node(name);
        Node& here = node_named(name);
        if (spec.stub) {
            run_in_node(here.namespaces, [&] {
                here.stub = std::make_unique<Stub>(name, *spec.stub, context_.clock,
                                                   place_of(plan_.topology, name, plan_.seed));
            });
        }
        if (spec.resolver) {
            run_in_node(here.namespaces, [&] {
                here.resolver =
                    std::make_unique<Resolver>(name, *spec.resolver, plan_.seed, context_.clock);
            });
        }
        if (spec.external) {
            const NamespaceGuard inside{here.namespaces.network()};
            here.stand_in = stand_in_for(name, *spec.external);
        }
        if (spec.process) {
            here.program = std::make_unique<Program>(
                ProgramPlan{.node = name, .spec = *spec.process, .http_port = port_of(name)},
                ProgramWorld{.node = here.namespaces,
                             .clock = context_.clock,
                             .sink = context_.sink,
                             .watcher = watcher_});
            here.program->start();
        }
    }
}

// It is called at its own port, and at those of the links that lead to it.
std::unique_ptr<StandIn> World::stand_in_for(const std::string& node, const std::string& external) {
    StandInPlan plan{.node = node};
    for (const std::string& text : plan_.outside.at(node)) {
        plan.outside.push_back(numeric_address(split_host_port(text).value()).value());
    }
    std::set<std::uint16_t> ports{external_port(external)};
    for (const NamedLink& named : plan_.topology.links) {
        if (named.spec.to == node && named.spec.port) ports.insert(named.spec.port->number);
    }
    const int network = node_named(node).namespaces.network();
    for (const std::uint16_t port : ports) {
        const auto queue = static_cast<std::uint16_t>(plan.ports.size());
        plan.ports.emplace(port, gate_of(network, {.ports = {port}, .queue = queue}));
    }
    plan.outside_socket = [borrower = context_.outside](int family, int type) {
        return borrower->borrow(family, type);
    };
    plan.tell = [this, node](std::string line) {
        put(LogLine{node, "etimedout", std::move(line)});
    };
    return std::make_unique<StandIn>(std::move(plan));
}

// The port of the first link that leads to a node, where its readiness can be asked over HTTP.
std::optional<Port> World::port_of(const std::string& name) const {
    for (const NamedLink& named : plan_.topology.links) {
        if (named.spec.to == name && named.spec.port) return named.spec.port;
    }
    return std::nullopt;
}

std::vector<SocketAddress> World::callees_of(const std::string& name) const {
    std::vector<SocketAddress> callees;
    for (std::size_t index = 0; index < plan_.topology.links.size(); ++index) {
        const LinkSpec& spec = plan_.topology.links[index].spec;
        if (spec.from != name || !spec.port) continue;
        const LinkAddresses addresses = LinkAddresses::of(index);
        const std::string& host = spec.ip == IpVersion::v6 ? addresses.far6 : addresses.far;
        callees.push_back(numeric_address({host, std::to_string(spec.port->number)}).value());
    }
    return callees;
}

void World::put(decltype(Event::what) what) {
    context_.sink.put({context_.clock.now(), std::move(what)});
}

LinkProxy& World::proxy_of(const std::string& link) {
    const auto found = proxies_.find(link);
    if (found == proxies_.end()) {
        throw Error{fmt::format("the link {} has no proxy, which this fault needs", link),
                    "say so in its specification: proxied"};
    }
    return *found->second;
}

Resolver& World::resolver_of(const std::string& node) {
    Resolver* resolver = node_named(node).resolver.get();
    if (resolver == nullptr) {
        throw Error{fmt::format("the node {} is no resolver", node), "see `resolvers`"};
    }
    return *resolver;
}

void World::set_records(const std::string& resolver, const DnsRecords& records) {
    resolver_of(resolver).set(records);
}

// A source that is a node is all the addresses at which the resolver sees it.
void World::arm_at_resolver(const std::string& target, const ArmedFault& fault) {
    ArmedFault resolved = fault;
    if (auto& source = resolved.selectors.source; source && plan_.topology.node(*source)) {
        source = plan_.topology.addresses_of(*source, target);
    }
    resolver_of(target).arm(resolved);
}

// Whatever passes a link is its caller's: there, a source that names it selects everything.
void World::arm_at_link(const std::string& target, const ArmedFault& fault) {
    ArmedFault resolved = fault;
    if (resolved.selectors.source == plan_.topology.link(target)->from) {
        resolved.selectors.source.reset();
    }
    if (is_for_proxy(fault)) {
        proxy_of(target).arm(resolved);
        return;
    }
    link(target).arm(resolved);
    if (const Decision decision = decision_of(fault.fault);
        const auto* carrier = std::get_if<CarrierPlan>(&decision)) {
        if (carrier->up > Duration{}) flap(fault.id, *carrier, Carrier::present);
    }
}

std::shared_ptr<NodeFault> World::arm_at(const std::string& node, const NodePlan& plan) {
    Node& here = node_named(node);
    return arm_at_node(plan, {.name = node,
                              .namespaces = here.namespaces,
                              .program = here.program.get(),
                              .stub = here.stub.get(),
                              .port = port_of(node),
                              .callees = callees_of(node),
                              .timers = timers_,
                              .clock = context_.clock});
}

void World::arm(const std::string& target, const ArmedFault& fault) {
    const std::lock_guard lock{mutex_};
    Armed armed{.target = target, .fault = fault};
    const Decision decision = decision_of(fault.fault);
    if (const auto* plan = std::get_if<NodePlan>(&decision)) {
        armed.at_node = arm_at(target, *plan);
    } else if (std::holds_alternative<ResolverPlan>(decision)) {
        arm_at_resolver(target, fault);
    } else {
        arm_at_link(target, fault);
    }
    armed_.push_back(std::move(armed));
    put(FaultArmed{fault.id, std::string{kind_of(fault.fault)}, target});
    heal_in_time(fault);
}

// What heals on the timers' thread keeps nothing else waiting: a program may take its time to
// start.
void World::heal_in_time(const ArmedFault& fault) {
    if (!fault.selectors.lasting) return;
    timers_.at(context_.clock.now() + *fault.selectors.lasting, [this, fault] {
        if (layer_of(fault.fault) != Layer::node) {
            heal(fault.id);
            return;
        }
        const std::lock_guard lock{mutex_};
        healers_.emplace_back([this, id = fault.id] { heal(id); });
    });
}

FaultWitness World::witness_of(const Armed& armed) {
    const std::string& id = armed.fault.id;
    if (armed.at_node) {
        const NodeWitness seen = armed.at_node->witness();
        return {id, seen.matched, seen.fired, seen.evidence};
    }
    if (layer_of(armed.fault.fault) == Layer::resolver) {
        const ResolverWitness seen = resolver_of(armed.target).witness(id);
        return {id, seen.matched, seen.fired, seen.evidence};
    }
    if (is_for_proxy(armed.fault)) {
        const LinkProxyWitness seen = proxy_of(armed.target).witness(id);
        return {id, seen.matched, seen.fired, seen.evidence};
    }
    const Witness seen = link(armed.target).witness(id);
    return {id, seen.matched, seen.fired, seen.evidence};
}

void World::heal(const std::string& fault) {
    std::unique_lock lock{mutex_};
    const auto found = std::find_if(armed_.begin(), armed_.end(), [&](const Armed& armed) {
        return armed.fault.id == fault && armed.in_place;
    });
    if (found == armed_.end()) return;  // it healed by itself before
    found->in_place = false;
    if (const auto at_node = found->at_node) {
        const FaultWitness witness = witness_of(*found);  // of a node as the fault has made it
        put(FaultHealed{fault});
        put(witness);
        lock.unlock();
        at_node->heal();
        return;
    }
    if (layer_of(found->fault.fault) == Layer::resolver) {
        resolver_of(found->target).heal(fault);
    } else if (is_for_proxy(found->fault)) {
        proxy_of(found->target).heal(fault);
    } else {
        link(found->target).heal(fault);
    }
    put(FaultHealed{fault});
    put(witness_of(*found));
}

void World::testify() {
    const std::lock_guard lock{mutex_};
    for (const Armed& armed : armed_) {
        if (armed.in_place) put(witness_of(armed));
    }
}

void World::flap(const std::string& id, CarrierPlan plan, Carrier next) {
    const Duration lasts = next == Carrier::present ? plan.down : plan.up;
    timers_.at(context_.clock.now() + lasts, [this, id, plan, next] {
        const std::lock_guard lock{mutex_};
        const auto found = std::find_if(armed_.begin(), armed_.end(), [&](const Armed& armed) {
            return armed.fault.id == id && armed.in_place;
        });
        if (found == armed_.end()) return;
        link(found->target).set_carrier(next);
        flap(id, plan, next == Carrier::present ? Carrier::lost : Carrier::present);
    });
}

}  // namespace etimedout
