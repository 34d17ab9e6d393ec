// Resolvers: servers of DNS of the tool's own, the names they know, and which nodes ask them.
#include "harness/scenario/resolvers.hh"

#include <algorithm>

#include "simulator/dns/zone.hh"

namespace etimedout {

namespace {

constexpr std::uint16_t port_of_dns = 53;
// MAXNS of resolv.h: glibc reads no more, whatever resolv.conf says.
constexpr std::size_t most_nameservers = 3;

bool is_whole_seconds(Duration time) { return time % 1s == Duration{}; }

bool check_seconds(Reading& reading, const YamlNode& map, std::string_view key,
                   const std::optional<Duration>& time) {
    if (!time || is_whole_seconds(*time)) return true;
    reading.error(map.find(key)->at, fmt::format("`{}` is counted in whole seconds", key),
                  "write 1s, 2s, …");
    return false;
}

// An address, or a list of them, is short for `a` and `aaaa`.
bool read_addresses(Reading& reading, const YamlNode& node, DnsRecordSet& out) {
    const auto add = [&](const YamlNode& item) {
        if (!want_scalar(reading, "records", item, "an address")) return false;
        (item.text.find(':') == std::string::npos ? out.a : out.aaaa).push_back(item.text);
        return true;
    };
    if (!node.is_list()) return add(node);
    return std::all_of(node.items.begin(), node.items.end(), add);
}

bool read_record_set(Reading& reading, const YamlPair& pair, DnsRecordSet& out) {
    const YamlNode& node = pair.value;
    const bool good = node.is_map()
                          ? Value<DnsRecordSet>::read(reading, pair.key.text, node, {}, out)
                          : read_addresses(reading, node, out);
    if (!good) return false;
    if (const std::string wrong = wrong_with_records(out); !wrong.empty()) {
        reading.error(node.at, fmt::format("the records of `{}`: {}", pair.key.text, wrong),
                      "write an address, a list of addresses, or {a: […], aaaa: […], cname: NAME, "
                      "srv: [\"0 5 8080 host.example\"]}");
        return false;
    }
    return check_seconds(reading, node, "ttl", out.ttl);
}

const Table<ResolverSpec>& resolver_table() {
    static const Table<ResolverSpec> table{
        "a resolver",
        {custom_key<ResolverSpec>("records", records_form(), "the names it knows",
                                  [](Reading& reading, const YamlNode& node, ResolverSpec& out) {
                                      return read_records(reading, node, out.records);
                                  }),
         key<ResolverSpec>("ttl", &ResolverSpec::ttl, "how long callers may keep its records",
                           {{}, 86400e9 * 365}),
         key<ResolverSpec>("negative_ttl", &ResolverSpec::negative_ttl,
                           "how long callers may keep that there is no such name or record",
                           {{}, 86400e9}),
         key<ResolverSpec>("unknown", &ResolverSpec::unknown, "what it says of all other names")}};
    return table;
}

NodeSpec* spec_of(Reading& reading, std::string_view name) {
    for (NamedNode& node : reading.topology.nodes) {
        if (node.name == name) return &node.spec;
    }
    return nullptr;
}

// A resolver listens on port 53, and links to it lead there.
void settle_links(Reading& reading, const YamlNode& root) {
    const YamlNode* links = root.find("links");
    for (NamedLink& link : reading.topology.links) {
        const NodeSpec* callee = reading.topology.node(link.spec.to);
        if (callee == nullptr || !callee->resolver) continue;
        if (!link.spec.port) link.spec.port = Port{port_of_dns};
        if (link.spec.port->number == port_of_dns) continue;
        const YamlNode* written = links != nullptr ? links->find(link.name) : nullptr;
        reading.error(written != nullptr ? written->at : root.at,
                      fmt::format("the resolver `{}` listens on port {}, and the link `{}` leads "
                                  "to {}",
                                  link.spec.to, port_of_dns, link.name, link.spec.port->number),
                      fmt::format("write {} -> {}", link.spec.from, link.spec.to));
    }
}

bool calls(const Topology& topology, std::string_view from, std::string_view to) {
    return std::any_of(topology.links.begin(), topology.links.end(), [&](const NamedLink& link) {
        return link.spec.from == from && link.spec.to == to;
    });
}

void check_nameservers(Reading& reading, const YamlPair& node, const YamlNode& written) {
    const YamlNode* list = written.find("nameservers");
    if (list == nullptr || !list->is_list()) return;
    if (list->items.size() > most_nameservers) {
        reading.error(list->at,
                      fmt::format("more than {} name servers: resolvers of programs read no more "
                                  "(MAXNS of resolv.conf(5))",
                                  most_nameservers),
                      "name three at the most");
    }
    for (const YamlNode& item : list->items) {
        if (!reading.check_name(item, {NameKind::node}, "node")) continue;
        if (item.text == node.key.text || calls(reading.topology, node.key.text, item.text)) {
            continue;
        }
        reading.error(
            item.at,
            fmt::format("`{}` has no link to `{}`, which it is to ask", node.key.text, item.text),
            fmt::format("add a link such as {} -> {}:53", node.key.text, item.text));
    }
}

}  // namespace

void declare_resolvers(Reading& reading, const YamlNode& root) {
    const YamlNode* resolvers = root.find("resolvers");
    if (resolvers == nullptr || resolvers->kind == YamlKind::null) return;
    if (!want_map(reading, "resolvers", *resolvers)) return;
    for (const YamlPair& pair : resolvers->pairs) {
        if (!reading.declare(pair.key, NameKind::node)) continue;
        NodeSpec spec;
        spec.resolver.emplace();  // read later; what it is, is known from here
        reading.topology.nodes.push_back({pair.key.text, std::move(spec)});
    }
}

bool check_resolver(Reading& reading, const YamlNode& name) {
    std::vector<std::string_view> known;
    for (const NamedNode& node : reading.topology.nodes) {
        if (node.spec.resolver) known.push_back(node.name);
    }
    if (!want_scalar(reading, "resolver", name, "a resolver")) return false;
    if (std::find(known.begin(), known.end(), name.text) != known.end()) return true;
    reading.error(name.at, fmt::format("no resolver is called {}", quote(name.text)),
                  known.empty() ? "declare it: resolvers: {dns: {records: {…}}}"
                                : suggest(name.text, known, "resolvers"));
    return false;
}

bool read_records(Reading& reading, const YamlNode& node, DnsRecords& out) {
    if (!want_map(reading, "records", node)) return false;
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        if (const std::string wrong = wrong_with_name(pair.key.text); !wrong.empty()) {
            reading.error(pair.key.at, wrong, "write a name such as api.example");
            good = false;
            continue;
        }
        DnsRecordSet set;
        if (!read_record_set(reading, pair, set)) {
            good = false;
            continue;
        }
        out.insert_or_assign(canonical_name(pair.key.text), std::move(set));
    }
    return good;
}

void read_resolvers(Reading& reading, const YamlNode& root) {
    const YamlNode* resolvers = root.find("resolvers");
    if (resolvers == nullptr || !resolvers->is_map()) return;
    for (const YamlPair& pair : resolvers->pairs) {
        NodeSpec* spec = spec_of(reading, pair.key.text);
        if (spec == nullptr || pair.value.kind == YamlKind::null) continue;
        if (!want_map(reading, pair.key.text, pair.value)) continue;
        ResolverSpec read;
        if (!read_map(reading, pair.value, resolver_table(), read, "a resolver")) continue;
        if (!check_seconds(reading, pair.value, "ttl", read.ttl)) continue;
        if (!check_seconds(reading, pair.value, "negative_ttl", read.negative_ttl)) continue;
        spec->resolver = std::move(read);
    }
}

void check_resolvers(Reading& reading, const YamlNode& root) {
    settle_links(reading, root);
    const YamlNode* nodes = root.find("nodes");
    if (nodes == nullptr || !nodes->is_map()) return;
    for (const YamlPair& pair : nodes->pairs) {
        const YamlNode* written = pair.value.is_map() ? pair.value.find("resolv_conf") : nullptr;
        if (written == nullptr || !written->is_map()) continue;
        check_nameservers(reading, pair, *written);
        const NodeSpec* spec = spec_of(reading, pair.key.text);
        if (spec != nullptr) check_seconds(reading, *written, "timeout", spec->names.timeout);
    }
}

Form records_form() {
    Form address = text_like("address", "10.1.0.2");
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(address);
    Form one;
    one.kind = Form::Kind::either;
    one.name = "an address, a list of them, or a map";
    one.example = "10.1.0.2";
    one.of = {address, list, Value<DnsRecordSet>::form({})};
    Form map;
    map.kind = Form::Kind::map;
    map.name = "records";
    map.example = "{api.example: 10.1.0.2}";
    map.of.push_back(std::move(one));
    return map;
}

Form resolver_form() { return resolver_table().form(); }

}  // namespace etimedout
