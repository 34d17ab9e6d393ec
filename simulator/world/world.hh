// World: nodes, the links between them, what runs on them, and the faults armed at them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "simulator/base/clock.hh"
#include "simulator/dns/resolver.hh"
#include "simulator/events/sink.hh"
#include "simulator/faults/all_faults.hh"
#include "simulator/net/link.hh"
#include "simulator/net/socket_lender.hh"
#include "simulator/node/node_namespaces.hh"
#include "simulator/node/program.hh"
#include "simulator/node/root_file_system.hh"
#include "simulator/node/watch_thread.hh"
#include "simulator/proxy/link_proxy.hh"
#include "simulator/proxy/stand_in.hh"
#include "simulator/stub/stub.hh"
#include "simulator/world/node_fault.hh"
#include "simulator/world/spec.hh"
#include "simulator/world/timers.hh"

namespace etimedout {

struct WorldPlan {
    Topology topology{};
    std::uint64_t seed = 1;
    std::optional<FirewallBackend> firewall{};                  // nothing: probed when first needed
    std::map<std::string, std::vector<std::string>> outside{};  // address:port of external nodes
};

// What surrounds a world; outlives it.
struct WorldContext {
    const RootFileSystem& root;
    const WorldClock& clock;
    EventSink& sink;
    SocketBorrower* outside = nullptr;  // needed where there is an external node
};

// Construction builds namespaces and links, so that captures can begin before any program does.
// Faults may be armed and healed from any thread.
class World {
public:
    World(WorldPlan plan, WorldContext context);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    // Starts stubs and programs, callees first, each ready before the next begins. Throws Error.
    void start_programs();

    const Topology& topology() const { return plan_.topology; }
    const NodeNamespaces& node(const std::string& name) const;  // throws Error
    Link& link(const std::string& name);                        // throws Error
    Program* program(const std::string& node);                  // null: none runs there

    // The records of a resolver change, which is no fault. Throws Error for another node.
    void set_records(const std::string& resolver, const DnsRecords& records);

    // `target` is the name of a link or, for a fault of the node layer, of a node, or a resolver. A
    // fault with `for` heals by itself.
    void arm(const std::string& target, const ArmedFault& fault);
    void heal(const std::string& fault);
    // Heals nothing, but puts the witness of every fault still armed into the log.
    void testify();

private:
    struct Node {
        std::string name;
        NodeNamespaces namespaces;
        std::unique_ptr<Stub> stub{};
        std::unique_ptr<Resolver> resolver{};
        std::unique_ptr<Program> program{};
        std::unique_ptr<StandIn> stand_in{};  // of an external node
    };
    struct Armed {
        std::string target;  // a link or a node
        ArmedFault fault;
        bool in_place = true;
        std::shared_ptr<NodeFault> at_node{};  // null: at a link
    };

    Node& node_named(const std::string& name);
    std::optional<Port> port_of(const std::string& node) const;
    std::vector<SocketAddress> callees_of(const std::string& node) const;
    void add_link(std::size_t index);
    void write_authority();
    std::unique_ptr<StandIn> stand_in_for(const std::string& node, const std::string& external);
    LinkProxy& proxy_of(const std::string& link);
    Resolver& resolver_of(const std::string& node);
    void arm_at_resolver(const std::string& target, const ArmedFault& fault);
    void arm_at_link(const std::string& target, const ArmedFault& fault);
    std::shared_ptr<NodeFault> arm_at(const std::string& node, const NodePlan& plan);
    void heal_in_time(const ArmedFault& fault);
    void flap(const std::string& id, CarrierPlan plan, Carrier next);
    void put(decltype(Event::what) what);
    FaultWitness witness_of(const Armed& armed);

    WorldPlan plan_;
    WorldContext context_;
    WatchThread watcher_;  // outlives the programs it reads from
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<std::string, std::unique_ptr<Link>> links_;
    std::map<std::string, std::unique_ptr<LinkProxy>> proxies_;  // of proxied links
    std::recursive_mutex mutex_;  // of armed_: a heal by timer meets one by step
    std::vector<Armed> armed_;
    Timers timers_;
    std::vector<std::thread> healers_;  // of faults that heal by themselves, and may have to wait
};

}  // namespace etimedout
