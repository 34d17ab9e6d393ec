// Substitution: ${…} in every scalar of a scenario's tree.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/scenario/part.hh"
#include "harness/scenario/variables.hh"
#include "simulator/node/root_file_system.hh"

namespace etimedout {

namespace {

bool is_reference(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

// "a.b.c" cut at its dots into what stands before the first, between, and after the last.
struct Dotted {
    std::string_view first;
    std::string_view middle;
    std::string_view last;
};

Dotted cut_dots(std::string_view name) {
    const auto first = name.find('.');
    if (first == std::string_view::npos) return {name, {}, {}};
    const auto last = name.rfind('.');
    if (last == first) return {name.substr(0, first), name.substr(first + 1), {}};
    return {name.substr(0, first), name.substr(first + 1, last - first - 1), name.substr(last + 1)};
}

bool belongs_to_world(std::string_view name) {
    return name.starts_with("links.") || name.starts_with("nodes.");
}

// What a tree counts for against the limit.
std::size_t size_of(const YamlNode& node) {
    std::size_t size = sizeof node + node.text.size();
    for (const YamlNode& item : node.items) size += size_of(item);
    for (const YamlPair& pair : node.pairs) size += size_of(pair.key) + size_of(pair.value);
    return size;
}

}  // namespace

Substitution::Substitution(Reading& reading, const Declarations& vars, const MatrixRow& row,
                           const std::string& scenario_dir, const VariableLimits& limits)
    : reading_{reading}, declared_{vars}, budget_{limits.expanded} {
    // What stands for the folder is never looked at again.
    for (std::size_t i = 0; i < scenario_dir.size(); ++i) {
        if (scenario_dir.compare(i, 2, "${") == 0) scenario_dir_ += '$';
        scenario_dir_ += scenario_dir[i];
    }
    for (const auto& [name, value] : row.values) declared_.insert_or_assign(name, value);
    for (const auto& [name, value] : declared_) {
        if (value.tree) {
            structure(name, value);
        } else if (structure_of(value.text) == nullptr) {
            variable(name, value);
        }
    }
}

void Substitution::wrong(const Span& at, std::string message, std::string advice) {
    reading_.error(at, std::move(message), std::move(advice));
    spoilt_ = true;
}

// Whether a variable may be expanded now; errors for one that needs itself, and for a chain that is
// no scenario's: each level is a recursion.
bool Substitution::enter(const std::string& name, const Declared& declared) {
    const auto again = std::find(open_.begin(), open_.end(), name);
    if (again != open_.end()) {
        std::vector<std::string> cycle(again, open_.end());
        cycle.push_back(name);
        wrong(declared.at,
              fmt::format("the variable `{}` needs itself: {}", name, fmt::join(cycle, " -> ")),
              "give one of them a value of its own");
        return false;
    }
    constexpr std::size_t deepest = 200;
    if (open_.size() >= deepest) {
        wrong(declared.at, fmt::format("variables within variables, more than {} deep", deepest),
              "nest less");
        return false;
    }
    open_.push_back(name);
    return true;
}

const std::string& Substitution::variable(std::string_view name, const Declared& declared) {
    const std::string key{name};
    if (const auto known = expanded_.find(key); known != expanded_.end()) {
        spoilt_ = spoilt_ || failed_.contains(key);
        return known->second;
    }
    if (!enter(key, declared)) return expanded_[key];
    const bool before = std::exchange(spoilt_, false);
    std::string text = expand(declared.text, declared.at, Pass::first);
    open_.pop_back();
    if (spoilt_) failed_.insert(key);
    spoilt_ = spoilt_ || before;
    // A cycle found on the way has left an entry already; it stays empty.
    return expanded_.emplace(key, std::move(text)).first->second;
}

const std::pair<const std::string, Declared>* Substitution::structure_of(
    std::string_view text) const {
    for (std::size_t hops = 0; hops < declared_.size(); ++hops) {
        if (!text.starts_with("${") || !text.ends_with('}')) return nullptr;
        const auto found = declared_.find(text.substr(2, text.size() - 3));
        if (found == declared_.end()) return nullptr;
        if (found->second.tree) return &*found;
        text = found->second.text;
    }
    return nullptr;
}

const YamlNode& Substitution::structure(const std::string& name, const Declared& declared) {
    if (const auto known = structures_.find(name); known != structures_.end()) return known->second;
    if (!enter(name, declared)) {
        failed_.insert(name);
        return structures_[name];
    }
    YamlNode tree = *declared.tree;
    walk(tree, Pass::first);
    open_.pop_back();
    return structures_.emplace(name, std::move(tree)).first->second;
}

void Substitution::spend(std::size_t size, const Span& at) {
    if (size > budget_) {
        if (!exhausted_) {
            wrong(at, "variables expand to too much text", "write shorter ones");
        }
        exhausted_ = true;
        return;
    }
    budget_ -= size;
}

std::string Substitution::expand(const std::string& text, const Span& at, Pass pass) {
    std::string made;
    std::size_t done = 0;
    const auto add = [&](std::string_view part) {
        spend(part.size(), at);
        if (!exhausted_) made += part;
    };
    for (;;) {
        const auto open = text.find("${", done);
        if (open == std::string::npos) break;
        const bool escaped = open > done && text[open - 1] == '$';
        if (escaped) {
            add(std::string_view{text}.substr(done, open - 1 - done));
            add(pass == Pass::first ? "$${" : "${");
            done = open + 2;
            continue;
        }
        add(std::string_view{text}.substr(done, open - done));
        const auto close = text.find('}', open);
        const std::string_view name =
            close == std::string::npos ? std::string_view{}
                                       : std::string_view{text}.substr(open + 2, close - open - 2);
        if (!is_reference(name)) {
            wrong(at,
                  close == std::string::npos
                      ? std::string{"`${` without its closing brace"}
                      : fmt::format("{} is no variable", quote("${" + std::string{name} + "}")),
                  "write ${name}; where the text itself should have ${ write $${");
            done = close == std::string::npos ? text.size() : close + 1;
            continue;
        }
        bool keep = false;
        const std::string_view whole = std::string_view{text}.substr(open, close + 1 - open);
        const std::string value = look_up(name, part_of(reading_.source(), at, whole), pass, keep);
        add(keep ? whole : std::string_view{value});
        done = close + 1;
    }
    add(std::string_view{text}.substr(std::min(done, text.size())));
    return made;
}

std::string Substitution::look_up(std::string_view name, const Span& at, Pass pass, bool& keep) {
    if (belongs_to_world(name)) {
        if (pass == Pass::last) return look_up_world(name, at);
        if (pass == Pass::first) {
            keep = true;
            return {};
        }
        wrong(at, fmt::format("`${{{}}}` cannot be used in `links`", name),
              "addresses follow from the links: name nodes and ports here");
        return {};
    }
    if (name == "scenario.dir") return scenario_dir_;
    if (name == "scenario.ca") return authority_file;
    if (name == "scenario.truststore") return authority_java_file;
    if (const auto declared = declared_.find(name); declared != declared_.end()) {
        if (declared->second.tree) {
            wrong(at,
                  fmt::format("`{}` is {}, and cannot be part of a text", name,
                              what_stands(*declared->second.tree)),
                  fmt::format("write \"${{{}}}\" alone, as the whole value", name));
            return {};
        }
        return variable(name, declared->second);
    }
    std::vector<std::string_view> known{"scenario.dir", "scenario.ca", "scenario.truststore"};
    for (const auto& [key, value] : declared_) known.push_back(key);
    wrong(at, fmt::format("no variable is called `{}`", name), suggest(name, known, "variables"));
    return {};
}

std::string Substitution::look_up_world(std::string_view name, const Span& at) {
    const Dotted parts = cut_dots(name);
    if (parts.last.empty()) {
        wrong(at, fmt::format("`${{{}}}` is not complete", name),
              "write ${links.NAME.url}, .host, .port, .ip or .ip6; ${nodes.NAME.ip} or .name");
        return {};
    }
    return parts.first == "links" ? look_up_link(parts.middle, parts.last, at)
                                  : look_up_node(parts.middle, parts.last, at);
}

std::string Substitution::look_up_link(std::string_view link, std::string_view what,
                                       const Span& at) {
    const Topology& topology = reading_.topology;
    const LinkSpec* spec = topology.link(link);
    if (spec == nullptr) {
        std::vector<std::string_view> names;
        for (const NamedLink& each : topology.links) names.push_back(each.name);
        wrong(at, fmt::format("no link is called {}", quote(link)), suggest(link, names, "links"));
        return {};
    }
    const LinkAddresses addresses = LinkAddresses::of(topology.link_index(link));
    if (what == "host") return topology.host_of(link);
    if (what == "ip") return spec->ip == IpVersion::v6 ? addresses.far6 : addresses.far;
    if (what == "ip6") {
        if (spec->ip != IpVersion::v4) return addresses.far6;
        wrong(at, fmt::format("the link `{}` speaks IPv4 alone, so it has no ip6", link),
              fmt::format("write {}: {{path: {} -> {}, ip: both}}", link, spec->from, spec->to));
        return {};
    }
    if (what == "url" || what == "port") {
        if (!spec->port) {
            wrong(at, fmt::format("the link `{}` leads to no port, so it has no {}", link, what),
                  fmt::format("write {} -> {}:PORT", spec->from, spec->to));
            return {};
        }
        return what == "port"
                   ? fmt::format("{}", spec->port->number)
                   : fmt::format("http://{}:{}", topology.host_of(link), spec->port->number);
    }
    wrong(at, fmt::format("a link has no `{}`", what),
          suggest(what, {"url", "host", "port", "ip", "ip6"}, "parts"));
    return {};
}

std::string Substitution::look_up_node(std::string_view node, std::string_view what,
                                       const Span& at) {
    const Topology& topology = reading_.topology;
    if (topology.node(node) == nullptr) {
        std::vector<std::string_view> names;
        for (const NamedNode& each : topology.nodes) names.push_back(each.name);
        wrong(at, fmt::format("no node is called {}", quote(node)), suggest(node, names, "nodes"));
        return {};
    }
    if (what == "name") return std::string{node};
    if (what != "ip") {
        wrong(at, fmt::format("a node has no `{}`", what), suggest(what, {"ip", "name"}, "parts"));
        return {};
    }
    for (std::size_t i = 0; i < topology.links.size(); ++i) {
        const LinkSpec& link = topology.links[i].spec;
        const LinkAddresses addresses = LinkAddresses::of(i);
        if (link.to == node) return link.ip == IpVersion::v6 ? addresses.far6 : addresses.far;
    }
    for (std::size_t i = 0; i < topology.links.size(); ++i) {
        const LinkSpec& link = topology.links[i].spec;
        const LinkAddresses addresses = LinkAddresses::of(i);
        if (link.from == node) return link.ip == IpVersion::v6 ? addresses.near6 : addresses.near;
    }
    wrong(at, fmt::format("the node `{}` has no link, so it has no address", node),
          "give it a link");
    return {};
}

void Substitution::walk(YamlNode& node, Pass pass) {
    if (pass == Pass::first && node.is_scalar()) {
        if (const auto* found = structure_of(node.text)) {
            const Span at = node.at;
            const YamlNode& tree = structure(found->first, found->second);
            spend(size_of(tree), at);
            node = exhausted_ ? YamlNode{} : tree;
            if (node.kind == YamlKind::null) {
                node.at = at;
                reading_.spoil(at);
            }
            return;
        }
    }
    const auto expand_scalar = [&](YamlNode& scalar) {
        if (scalar.text.find("${") == std::string::npos) return false;
        spoilt_ = false;
        scalar.text = expand(scalar.text, scalar.at, pass);
        if (spoilt_) reading_.spoil(scalar.at);
        return true;
    };
    if (node.is_scalar()) expand_scalar(node);
    for (YamlNode& item : node.items) walk(item, pass);
    for (std::size_t i = 0; i < node.pairs.size(); ++i) {
        YamlPair& pair = node.pairs[i];
        if (expand_scalar(pair.key)) {
            const YamlPair* first = node.find_pair(pair.key.text);
            if (first != &pair) {
                wrong(pair.key.at, fmt::format("the key {} is given twice", quote(pair.key.text)),
                      fmt::format("the first is on line {}: remove one", first->key.at.line));
            }
        }
        walk(pair.value, pass);
    }
}

void Substitution::expand_variables(YamlNode& root) {
    for (YamlPair& pair : root.pairs) {
        const std::string_view key = pair.key.text;
        if (key != "vars" && key != "matrix" && key != "counter_example") {
            walk(pair.value, Pass::first);
        }
    }
}

void Substitution::finish_without_links(YamlNode& part) { walk(part, Pass::links); }

void Substitution::finish(YamlNode& root) {
    for (YamlPair& pair : root.pairs) {
        const std::string_view key = pair.key.text;
        if (key != "vars" && key != "matrix" && key != "counter_example" && key != "links") {
            walk(pair.value, Pass::last);
        }
    }
}

std::map<std::string, std::string> Substitution::values() {
    std::map<std::string, std::string> values;
    for (const auto& [name, text] : expanded_) {
        const auto declared = declared_.find(name);
        values[name] =
            expand(text, declared != declared_.end() ? declared->second.at : Span{}, Pass::last);
    }
    for (const auto& [name, tree] : structures_) {
        YamlNode whole = tree;
        walk(whole, Pass::last);
        values[name] = to_flow(whole);
    }
    return values;
}

}  // namespace etimedout
