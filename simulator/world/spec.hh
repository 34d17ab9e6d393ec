// What a world is made of: nodes and links, as a scenario describes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/dns/spec.hh"
#include "simulator/net/link_spec.hh"
#include "simulator/node/process_spec.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

struct NodeSpec {
    std::optional<ProcessSpec> process{};
    std::optional<StubSpec> stub{};
    std::optional<ResolverSpec> resolver{};
    NameServices names{};                   // key `resolv_conf`
    std::optional<std::string> external{};  // host:port of a system outside; real time only
    std::vector<std::string> after{};       // nodes that must be ready before
    std::map<std::string, std::string> sysctl{};
    std::optional<std::string> like{};  // kernel habits of an older release, "linux-6.1"
    bool operator==(const NodeSpec&) const = default;
};

// Of "host:port", as `external` has it.
std::string external_host(const std::string& external);
std::uint16_t external_port(const std::string& external);

// Names in the order the scenario declares them: addresses and interface order follow from it.
struct NamedNode {
    std::string name;
    NodeSpec spec;
    bool operator==(const NamedNode&) const = default;
};
struct NamedLink {
    std::string name;
    LinkSpec spec;
    bool operator==(const NamedLink&) const = default;
};

struct Topology {
    std::vector<NamedNode> nodes{};
    std::vector<NamedLink> links{};
    bool operator==(const Topology&) const = default;

    const NodeSpec* node(std::string_view name) const;
    const LinkSpec* link(std::string_view name) const;
    std::size_t link_index(std::string_view name) const;  // throws std::out_of_range
    // The name under which `link`'s callee is known at its caller: the node's own, or the link's
    // where an earlier link between the same two nodes has taken that.
    std::string host_of(std::string_view link) const;
    // Lines of /etc/hosts for one node: itself, its peers over each link, and the links' names.
    std::string hosts_file(std::string_view node) const;
    // The text of a node's resolv.conf; nothing where it has nobody to ask.
    std::optional<std::string> resolv_conf(std::string_view node) const;
    // The addresses at which `callee` sees `caller`, with commas between them; empty: no link.
    std::string addresses_of(std::string_view caller, std::string_view callee) const;
    // Nodes such that every callee, and everything in `after`, comes before its caller.
    // A cycle (two nodes that call each other) is cut at the node declared first.
    std::vector<std::string> start_order() const;
};

}  // namespace etimedout
