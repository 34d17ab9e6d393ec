// Topology: names, addresses and order, all of which follow from the scenario's text alone.
#include "simulator/world/spec.hh"

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace etimedout {

namespace {

bool speaks_v4(const LinkSpec& link) { return link.ip != IpVersion::v6; }
bool speaks_v6(const LinkSpec& link) { return link.ip != IpVersion::v4; }

// Rather than an address.
bool is_name(const std::string& host) {
    in_addr v4{};
    in6_addr v6{};
    return ::inet_pton(AF_INET, host.c_str(), &v4) != 1 &&
           ::inet_pton(AF_INET6, host.c_str(), &v6) != 1;
}

// Lines of a hosts file; the first address a name gets, per IP version, is the one it keeps.
class HostsFile {
public:
    void add(const std::string& address, const std::string& name) {
        const bool v6 = address.find(':') != std::string::npos;
        if (!(v6 ? taken6_ : taken4_).insert(name).second) return;
        text_ += fmt::format("{} {}\n", address, name);
    }
    bool knows(const std::string& name) const {
        return taken4_.count(name) != 0 || taken6_.count(name) != 0;
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::set<std::string> taken4_;
    std::set<std::string> taken6_;
};

}  // namespace

std::string external_host(const std::string& external) {
    std::string host = external.substr(0, external.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

std::uint16_t external_port(const std::string& external) {
    return static_cast<std::uint16_t>(std::stoi(external.substr(external.rfind(':') + 1)));
}

const NodeSpec* Topology::node(std::string_view name) const {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const NamedNode& node) { return node.name == name; });
    return found != nodes.end() ? &found->spec : nullptr;
}

const LinkSpec* Topology::link(std::string_view name) const {
    const auto found = std::find_if(links.begin(), links.end(),
                                    [&](const NamedLink& link) { return link.name == name; });
    return found != links.end() ? &found->spec : nullptr;
}

std::size_t Topology::link_index(std::string_view name) const {
    const auto found = std::find_if(links.begin(), links.end(),
                                    [&](const NamedLink& link) { return link.name == name; });
    if (found == links.end()) throw std::out_of_range{fmt::format("no link is called {}", name)};
    return static_cast<std::size_t>(found - links.begin());
}

std::string Topology::host_of(std::string_view link) const {
    const NamedLink& wanted = links.at(link_index(link));
    for (const NamedLink& other : links) {
        if (other.name == wanted.name) break;
        if (other.spec.from == wanted.spec.from && other.spec.to == wanted.spec.to) {
            return wanted.name;
        }
    }
    return wanted.spec.to;
}

std::string Topology::hosts_file(std::string_view node) const {
    HostsFile hosts;
    hosts.add("127.0.0.1", "localhost");
    hosts.add("::1", "localhost");
    const auto each_link = [&](auto&& visit) {
        for (std::size_t i = 0; i < links.size(); ++i) {
            visit(links[i], LinkAddresses::of(i));
        }
    };
    const auto add_far = [&](const LinkSpec& link, const LinkAddresses& at,
                             const std::string& name) {
        if (speaks_v4(link)) hosts.add(at.far, name);
        if (speaks_v6(link)) hosts.add(at.far6, name);
    };
    const auto add_near = [&](const LinkSpec& link, const LinkAddresses& at,
                              const std::string& name) {
        if (speaks_v4(link)) hosts.add(at.near, name);
        if (speaks_v6(link)) hosts.add(at.near6, name);
    };
    // Itself: where it is called, so that a program that binds to its own name can be reached.
    const std::string self{node};
    each_link([&](const NamedLink& link, const LinkAddresses& at) {
        if (link.spec.to == node) add_far(link.spec, at, self);
    });
    each_link([&](const NamedLink& link, const LinkAddresses& at) {
        if (link.spec.from == node) add_near(link.spec, at, self);
    });
    if (!hosts.knows(self)) hosts.add("127.0.0.1", self);
    each_link([&](const NamedLink& link, const LinkAddresses& at) {
        if (link.spec.from != node) return;
        add_far(link.spec, at, host_of(link.name));
        add_far(link.spec, at, link.name);
    });
    // Programs that know a system outside by its own name reach what stands for it here.
    each_link([&](const NamedLink& link, const LinkAddresses& at) {
        const NodeSpec* callee = this->node(link.spec.to);
        if (link.spec.from != node || callee == nullptr || !callee->external) return;
        const std::string host = external_host(*callee->external);
        if (is_name(host) && host != "localhost") add_far(link.spec, at, host);
    });
    // Its callers last: where two nodes call each other, a name means the way to call it.
    each_link([&](const NamedLink& link, const LinkAddresses& at) {
        if (link.spec.to == node) add_near(link.spec, at, link.spec.from);
    });
    return hosts.text();
}

std::optional<std::string> Topology::resolv_conf(std::string_view node) const {
    const NodeSpec* spec = this->node(node);
    if (spec == nullptr) return std::nullopt;
    std::vector<std::string> servers = spec->names.nameservers;
    if (servers.empty()) {
        for (const NamedLink& link : links) {
            const NodeSpec* callee = this->node(link.spec.to);
            if (link.spec.from != node || callee == nullptr || !callee->resolver) continue;
            if (std::find(servers.begin(), servers.end(), link.spec.to) == servers.end()) {
                servers.push_back(link.spec.to);
            }
        }
    }
    if (servers.empty()) return std::nullopt;
    std::string text;
    for (const std::string& server : servers) {
        if (server == node) {
            text += "nameserver 127.0.0.1\n";
            continue;
        }
        for (std::size_t i = 0; i < links.size(); ++i) {
            if (links[i].spec.from != node || links[i].spec.to != server) continue;
            const LinkAddresses at = LinkAddresses::of(i);
            text += fmt::format("nameserver {}\n", speaks_v4(links[i].spec) ? at.far : at.far6);
            break;
        }
    }
    const NameServices& names = spec->names;
    if (!names.search.empty()) text += fmt::format("search {}\n", fmt::join(names.search, " "));
    // glibc's own, written down where the scenario says nothing (resolv.conf(5)).
    text += fmt::format(
        "options timeout:{} attempts:{}",
        std::chrono::duration_cast<std::chrono::seconds>(names.timeout.value_or(5s)).count(),
        names.attempts.value_or(2));
    for (const std::string& option : names.options) text += fmt::format(" {}", option);
    return text + "\n";
}

std::string Topology::addresses_of(std::string_view caller, std::string_view callee) const {
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < links.size(); ++i) {
        if (links[i].spec.from != caller || links[i].spec.to != callee) continue;
        const LinkAddresses at = LinkAddresses::of(i);
        if (speaks_v4(links[i].spec)) addresses.push_back(at.near);
        if (speaks_v6(links[i].spec)) addresses.push_back(at.near6);
    }
    return fmt::format("{}", fmt::join(addresses, ","));
}

std::vector<std::string> Topology::start_order() const {
    std::vector<std::string> order;
    std::set<std::string, std::less<>> visited;
    // Depth first. A node that is being visited already closes a cycle: skipping it cuts the cycle
    // there, and as visits begin in the order of declaration, that is the node declared first.
    const auto visit = [&](const auto& self, const std::string& name) -> void {
        const NodeSpec* spec = node(name);
        if (spec == nullptr || !visited.insert(name).second) return;
        for (const NamedLink& link : links) {
            if (link.spec.from == name) self(self, link.spec.to);
        }
        for (const std::string& before : spec->after) self(self, before);
        order.push_back(name);
    };
    for (const NamedNode& each : nodes) visit(visit, each.name);
    return order;
}

}  // namespace etimedout
