// Nodes and links: their keys, and what must hold between them.
#include "harness/scenario/topology.hh"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <span>

#include "harness/scenario/part.hh"
#include "harness/scenario/resolvers.hh"
#include "harness/scenario/stub_keys.hh"
#include "simulator/base/trimmed.hh"
#include "simulator/net/kernel_habits.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_nodes = 250;
constexpr std::size_t most_links = 250;  // one octet of an address is the link's number

// A node as its keys are read; what it becomes follows when all are known.
struct NodeDraft : NodeSpec, StubDraft {
    std::optional<std::string> run{};
    ProcessSpec program{};
};

// ------------------------------------------------------------------ links

bool read_path(Reading& reading, const YamlNode& node, LinkSpec& out) {
    if (!want_scalar(reading, "path", node, "a path such as client -> server:80")) return false;
    const Result<LinkSpec> path = parse_path(node.text);
    if (!path) {
        // What is no port stands behind the colon; any other mistake is one of the whole.
        const auto colon = node.text.rfind(':');
        const std::string_view port = colon == std::string::npos
                                          ? std::string_view{}
                                          : trimmed(std::string_view{node.text}.substr(colon + 1));
        const bool port_alone = path.error().message.starts_with(quote(port));
        reading.error(port_alone ? part_of(reading.source(),
                                           behind_part(reading.source(), node.at, ":"), port)
                                 : node.at,
                      path.error().message, path.error().advice);
        return false;
    }
    const LinkSpec& read = *path;
    out.from = read.from;
    out.to = read.to;
    out.port = read.port;
    return true;
}

Form path_form() {
    Form form;
    form.name = "path";
    form.example = "client -> server:80";
    form.pattern = "->|\\$\\{";
    return form;
}

const Table<LinkSpec>& link_table() {
    static const Table<LinkSpec> table{
        "a link",
        {mandatory(custom_key<LinkSpec>("path", path_form(),
                                        "from which node to which port of which node", read_path)),
         key<LinkSpec>("ip", &LinkSpec::ip, "IP version"),
         key<LinkSpec>("latency", &LinkSpec::latency, "delay each way", {{}, 3600e9}),
         key<LinkSpec>("rate", &LinkSpec::rate, "bits per second each way"),
         key<LinkSpec>("mtu", &LinkSpec::mtu, "largest packet, in bytes", {576.0, 65535.0})}};
    return table;
}

bool read_link(Reading& reading, const YamlPair& pair, LinkSpec& out) {
    if (pair.value.is_scalar()) return read_path(reading, pair.value, out);
    if (!pair.value.is_map()) {
        reading.error(pair.value.at,
                      fmt::format("the link `{}` is a path or a map, not {}", pair.key.text,
                                  what_stands(pair.value)),
                      fmt::format("write {}: client -> server:80", pair.key.text));
        return false;
    }
    if (!read_map(reading, pair.value, link_table(), out, "a link")) return false;
    if (out.ip != IpVersion::v4 && out.mtu < 1280) {
        reading.error(pair.value.find("mtu")->at, "IPv6 needs an `mtu` of 1280 at least (RFC 8200)",
                      "raise it, or write ip: v4");
        return false;
    }
    return true;
}

// ------------------------------------------------------------------ nodes

// A command of nothing starts nothing.
bool read_command(Reading& reading, std::string_view key, const YamlNode& node, std::string& out) {
    if (!want_scalar(reading, key, node, "a command")) return false;
    if (trimmed(node.text).empty()) {
        reading.error(node.at, fmt::format("`{}` is an empty command", key), {});
        return false;
    }
    out = node.text;
    return true;
}

bool read_external(Reading& reading, const YamlNode& node, NodeDraft& out) {
    if (!want_scalar(reading, "external", node, "host:port")) return false;
    const auto colon = node.text.rfind(':');
    if (colon == std::string::npos || colon == 0 ||
        !Scalar<Port>::parse(std::string_view{node.text}.substr(colon + 1))) {
        reading.error(node.at, fmt::format("{} is not host:port", quote(node.text)),
                      "write external: localhost:8080");
        return false;
    }
    out.external = node.text;
    return true;
}

bool read_sysctls(Reading& reading, const YamlNode& node, std::map<std::string, std::string>& out) {
    if (!Value<std::map<std::string, std::string>>::read(reading, "sysctl", node, {}, out)) {
        return false;
    }
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const std::string_view name = pair.key.text;
        const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                   c == '-';
        });
        if (plain && name.find('.') != std::string_view::npos && name.find("..") == name.npos &&
            name.front() != '.' && name.back() != '.') {
            continue;
        }
        reading.error(pair.key.at, fmt::format("{} is not a sysctl", quote(name)),
                      "write its name with dots, such as net.ipv4.tcp_syn_retries");
        good = false;
    }
    return good;
}

bool read_like(Reading& reading, const YamlNode& node, NodeDraft& out) {
    if (!want_scalar(reading, "like", node, "a release such as linux-6.1")) return false;
    const auto known = known_releases();
    if (std::find(known.begin(), known.end(), node.text) == known.end()) {
        const std::string_view meant = did_you_mean(node.text, {known.begin(), known.end()});
        reading.error(
            node.at, fmt::format("`like`: the habits of {} are not known", quote(node.text)),
            fmt::format("{}releases: {}",
                        meant.empty() ? std::string{} : fmt::format("did you mean `{}`? ", meant),
                        fmt::join(known, ", ")));
        return false;
    }
    out.like = node.text;
    return true;
}

bool read_ready(Reading& reading, const YamlNode& node, NodeDraft& out) {
    ReadySpec ready;
    if (!Value<ReadySpec>::read(reading, "ready", node, {}, ready)) return false;
    const int checks = (ready.tcp ? 1 : 0) + (ready.http ? 1 : 0) + (ready.log ? 1 : 0) +
                       (ready.file ? 1 : 0) + (ready.exec ? 1 : 0);
    if (checks != 1) {
        reading.error(node.at, fmt::format("`ready` wants one check, and has {}", checks),
                      "write one of tcp, http, log, file, exec");
        return false;
    }
    if (ready.http && !ready.http->starts_with('/')) {
        reading.error(node.find("http")->at, "`http` wants a path", "write http: /healthz");
        return false;
    }
    out.program.ready = std::move(ready);
    return true;
}

bool read_stop(Reading& reading, const YamlNode& node, NodeDraft& out) {
    if (!Value<StopSpec>::read(reading, "stop", node, {}, out.program.stop)) return false;
    const std::string& signal = out.program.stop.signal;
    for (int number = 1; number < NSIG; ++number) {
        const char* name = ::sigabbrev_np(number);
        if (name != nullptr && signal == name) return true;
    }
    const std::string_view bare =
        signal.starts_with("SIG") ? std::string_view{signal}.substr(3) : std::string_view{signal};
    reading.error(
        node.find("signal")->at, fmt::format("no signal is called {}", quote(signal)),
        suggest(bare, {"TERM", "INT", "QUIT", "HUP", "KILL", "USR1", "USR2", "WINCH"}, "signals"));
    return false;
}

using NodeKeys = std::vector<KeySpec<NodeDraft>>;

void add_common_keys(NodeKeys& keys) {
    keys.push_back(custom_key<NodeDraft>(
        "run", Value<std::string>::form({}), "a command that stays in the foreground",
        [](Reading& reading, const YamlNode& node, NodeDraft& out) {
            return read_command(reading, "run", node, out.run.emplace());
        }));
    keys.push_back(key<NodeDraft>("stub", &StubDraft::stub_kind,
                                  "a server of the tool's own, that answers as told"));
    Form external = Value<std::string>::form({});
    external.example = "localhost:8080";
    keys.push_back(custom_key<NodeDraft>(
        "external", external, "host:port of a system outside; only in real time", read_external));
    keys.push_back(key<NodeDraft>("after", &NodeSpec::after, "nodes that must be ready before"));
    keys.push_back(custom_key<NodeDraft>(
        "sysctl", Value<std::map<std::string, std::string>>::form({}),
        "kernel settings of the node", [](Reading& reading, const YamlNode& node, NodeDraft& out) {
            return read_sysctls(reading, node, out.sysctl);
        }));
    keys.push_back(key<NodeDraft>("resolv_conf", &NodeSpec::names,
                                  "whom the node asks for names, and how patiently"));
    std::vector<std::string> releases;
    for (const std::string_view release : known_releases()) releases.emplace_back(release);
    const Form like = words_form(std::move(releases));
    keys.push_back(
        custom_key<NodeDraft>("like", like, "kernel habits of an older release", read_like));
}

void add_program_keys(NodeKeys& keys) {
    const auto program = [&](std::string_view name, auto member, std::string_view doc) {
        using Member = std::remove_cvref_t<decltype(std::declval<ProcessSpec>().*member)>;
        keys.push_back(custom_key<NodeDraft>(
            name, Value<Member>::form({}), doc,
            [name, member](Reading& reading, const YamlNode& node, NodeDraft& out) {
                return Value<Member>::read(reading, name, node, {}, out.program.*member);
            }));
    };
    program("user", &ProcessSpec::user, "with `run`: the user it runs as");
    program("env", &ProcessSpec::env, "with `run`: environment variables to add");
    program("cwd", &ProcessSpec::cwd, "with `run`: its folder; the scenario's by default");
    program("files", &ProcessSpec::files, "with `run`: files to write before it starts");
    program("logs", &ProcessSpec::logs, "with `run`: files to follow beside its output");
    keys.push_back(custom_key<NodeDraft>("ready", Value<ReadySpec>::form({}),
                                         "with `run`: when it may be called", read_ready));
    keys.push_back(custom_key<NodeDraft>("stop", Value<StopSpec>::form({}),
                                         "with `run`: how it is ended", read_stop));
    program("limits", &ProcessSpec::limits, "with `run`: its limits");
}

void add_stub_keys(NodeKeys& keys) {
    for (const KeySpec<StubDraft>& spec : stub_table().keys) {
        keys.push_back(custom_key<NodeDraft>(
            spec.name, spec.form, spec.doc,
            [read = spec.read](Reading& reading, const YamlNode& node, NodeDraft& out) {
                return read(reading, node, out);
            }));
        keys.back().initial = spec.initial;
    }
}

const Table<NodeDraft>& node_table() {
    static const Table<NodeDraft> table = [] {
        Table<NodeDraft> made{"a node"};
        add_common_keys(made.keys);
        add_program_keys(made.keys);
        add_stub_keys(made.keys);
        return made;
    }();
    return table;
}

constexpr std::array<std::string_view, 8> program_keys{"user", "env",   "cwd",  "files",
                                                       "logs", "ready", "stop", "limits"};

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// What a node is decides which keys make sense.
void check_keys(Reading& reading, const YamlNode& node, const NodeDraft& draft) {
    static constexpr std::array<std::string_view, 7> common{"run",    "stub", "external",   "after",
                                                            "sysctl", "like", "resolv_conf"};
    for (const YamlPair& pair : node.pairs) {
        const std::string_view key = pair.key.text;
        if (contains(common, key) || node_table().find(key) == nullptr) continue;
        if (contains(program_keys, key)) {
            if (!draft.run) {
                reading.error(pair.key.at,
                              fmt::format("`{}` is about a program, and this node runs "
                                          "none",
                                          key),
                              "add `run`, or remove it");
            }
        } else if (!draft.stub_kind) {
            reading.error(pair.key.at,
                          fmt::format("`{}` is about a stub, and this node is none", key),
                          "add `stub: http`, `stub: tcp` or `stub: llm`, or remove it");
        } else {
            check_stub_key(reading, pair.key, *draft.stub_kind);
        }
    }
}

void read_node(Reading& reading, const YamlPair& pair, NodeSpec& out) {
    const YamlNode& node = pair.value;
    if (node.kind == YamlKind::null) return;
    if (!node.is_map()) {
        reading.error(
            node.at,
            fmt::format("the node `{}` is a map, not {}", pair.key.text, what_stands(node)),
            fmt::format("write {0}: {{}}, or {0}: {{run: \"…\"}}", pair.key.text));
        return;
    }
    NodeDraft draft;
    // Only a key that is absent, not one that is wrong, makes others wrong.
    if (node.find("stub") != nullptr) draft.stub_kind = StubKind::http;
    if (node.find("run") != nullptr) draft.run.emplace();
    if (!read_map(reading, node, node_table(), draft, "a node")) {
        check_keys(reading, node, draft);
        // Still a stub or a program, so that what refers to it as one is not an error too.
        if (draft.stub_kind) out.stub.emplace().port = Port{};
        if (draft.run) out.process.emplace();
        return;
    }
    const int kinds = (draft.run ? 1 : 0) + (draft.stub_kind ? 1 : 0) + (draft.external ? 1 : 0);
    if (kinds > 1) {
        reading.error(pair.key.at,
                      fmt::format("the node `{}` is several things at once", pair.key.text),
                      "keep one of `run`, `stub` and `external`");
        return;
    }
    check_keys(reading, node, draft);
    if (draft.stub_kind) check_stub(reading, node, draft);
    out = static_cast<const NodeSpec&>(draft);
    if (draft.run) {
        draft.program.run = *draft.run;
        out.process = std::move(draft.program);
    }
    if (draft.stub_kind) {
        draft.upstream.kind = *draft.stub_kind;
        draft.upstream.port = draft.port.value_or(Port{});
        out.stub = std::move(draft.upstream);
    }
}

// A stub listens where its links lead; it may say so itself, and must where they do not.
void settle_stub_port(Reading& reading, const YamlPair& pair, StubSpec& stub) {
    std::optional<Port> wanted;
    if (stub.port.number != 0) wanted = stub.port;
    for (const NamedLink& link : reading.topology.links) {
        if (link.spec.to != pair.key.text || !link.spec.port) continue;
        if (!wanted) {
            wanted = link.spec.port;
        } else if (*wanted != *link.spec.port) {
            const YamlNode* port = pair.value.find("port");
            reading.error(
                port != nullptr ? port->at : pair.key.at,
                fmt::format("the link `{}` leads to port {} of `{}`, and the stub listens "
                            "on {}",
                            link.name, link.spec.port->number, pair.key.text, wanted->number),
                "a stub has one port: make them the same, or use two stubs");
            return;
        }
    }
    if (!wanted && pair.value.find("port") != nullptr) return;  // an error of its own
    if (!wanted) {
        reading.error(pair.key.at, fmt::format("the stub `{}` has no port", pair.key.text),
                      "write port: 80, or a link that leads to one");
        return;
    }
    stub.port = *wanted;
}

void check_after(Reading& reading, const YamlPair& pair) {
    const YamlNode* after = pair.value.find("after");
    if (after == nullptr || !after->is_list()) return;
    for (const YamlNode& item : after->items) {
        if (!reading.check_name(item, {NameKind::node}, "node")) continue;
        if (item.text == pair.key.text) {
            reading.error(item.at, fmt::format("`{}` cannot wait for itself", item.text),
                          "remove it");
        }
    }
}

}  // namespace

Result<LinkSpec> parse_path(std::string_view text) {
    const auto wrong = [&](std::string what) {
        return Problem{std::move(what), "write caller -> callee:port, such as client -> server:80"};
    };
    const auto arrow = text.find("->");
    if (arrow == std::string_view::npos) {
        return wrong(fmt::format("{} is not a path: there is no arrow in it", quote(text)));
    }
    LinkSpec link;
    link.from = trimmed(text.substr(0, arrow));
    std::string_view callee = trimmed(text.substr(arrow + 2));
    if (callee.find("->") != std::string_view::npos) {
        return wrong(fmt::format("{} has two arrows: a link joins two nodes", quote(text)));
    }
    if (const auto colon = callee.find(':'); colon != std::string_view::npos) {
        const auto port = Scalar<Port>::parse(trimmed(callee.substr(colon + 1)));
        if (!port) return port.error();
        link.port = *port;
        callee = trimmed(callee.substr(0, colon));
    }
    link.to = callee;
    if (link.from.empty() || link.to.empty()) {
        return wrong(fmt::format("{} is not a path: a node is missing", quote(text)));
    }
    if (link.from.find(' ') != std::string::npos || link.to.find(' ') != std::string::npos) {
        return wrong(fmt::format("{} is not a path", quote(text)));
    }
    return link;
}

void read_links(Reading& reading, const YamlNode& root) {
    if (const YamlNode* nodes = root.find("nodes"); nodes != nullptr && nodes->is_map()) {
        for (const YamlPair& pair : nodes->pairs) {
            if (reading.topology.nodes.size() >= most_nodes) {
                reading.error(pair.key.at, fmt::format("more than {} nodes", most_nodes),
                              "use fewer");
                break;
            }
            if (reading.declare(pair.key, NameKind::node)) {
                reading.topology.nodes.push_back({pair.key.text, {}});
            }
        }
    }
    declare_resolvers(reading, root);
    const YamlNode* links = root.find("links");
    if (links == nullptr || links->kind == YamlKind::null || !want_map(reading, "links", *links)) {
        return;
    }
    for (const YamlPair& pair : links->pairs) {
        if (reading.topology.links.size() >= most_links) {
            reading.error(pair.key.at, fmt::format("more than {} links", most_links), "use fewer");
            break;
        }
        const bool named = reading.declare(pair.key, NameKind::link);
        LinkSpec link;
        if (read_link(reading, pair, link) && named) {
            reading.topology.links.push_back({pair.key.text, std::move(link)});
        }
    }
}

void read_nodes(Reading& reading, const YamlNode& root) {
    read_resolvers(reading, root);
    const YamlNode* nodes = root.find("nodes");
    if (nodes == nullptr || !want_map(reading, "nodes", *nodes)) return;
    if (nodes->pairs.empty()) {
        reading.error(nodes->at, "there are no nodes", "write at least nodes: {client: {}}");
    }
    for (const YamlPair& pair : nodes->pairs) {
        NodeSpec spec;
        read_node(reading, pair, spec);
        for (NamedNode& node : reading.topology.nodes) {
            if (node.name != pair.key.text) continue;
            node.spec = std::move(spec);
            break;
        }
    }
}

void check_topology(Reading& reading, const YamlNode& root) {
    const Topology& topology = reading.topology;
    if (const YamlNode* links = root.find("links")) {
        for (const NamedLink& link : topology.links) {
            const YamlNode* written = links->find(link.name);
            const YamlNode* path = written->is_map() ? written->find("path") : written;
            std::vector<std::string_view> nodes;
            for (const NamedNode& node : topology.nodes) nodes.push_back(node.name);
            const auto& source = reading.source();
            for (const std::string& end : {link.spec.from, link.spec.to}) {
                if (topology.node(end) != nullptr) continue;
                const bool caller = end == link.spec.from;
                const Span half = caller ? path->at : behind_part(source, path->at, "->");
                reading.error(part_of(source, half, end),
                              fmt::format("no node is called {}", quote(end)),
                              suggest(end, nodes, "nodes"));
            }
            if (const NodeSpec* caller = topology.node(link.spec.from);
                caller != nullptr && caller->external) {
                reading.error(
                    path->at,
                    fmt::format("`{}` is outside, and nothing of it is here that could call",
                                link.spec.from),
                    fmt::format("a link leads to it: write NODE -> {}", link.spec.from));
            }
            if (link.spec.from == link.spec.to) {
                reading.error(
                    path->at,
                    fmt::format("the link `{}` begins and ends at the same node", link.name),
                    "a link joins two nodes; a node reaches itself without one");
            }
        }
    }
    check_resolvers(reading, root);
    const YamlNode* nodes = root.find("nodes");
    if (nodes == nullptr || !nodes->is_map()) return;
    for (const YamlPair& pair : nodes->pairs) {
        const auto named =
            std::find_if(reading.topology.nodes.begin(), reading.topology.nodes.end(),
                         [&](const NamedNode& node) { return node.name == pair.key.text; });
        if (named == reading.topology.nodes.end()) continue;
        check_after(reading, pair);
        if (named->spec.stub) settle_stub_port(reading, pair, *named->spec.stub);
        if (named->spec.process && named->spec.process->ready && named->spec.process->ready->http) {
            const bool called = std::any_of(
                topology.links.begin(), topology.links.end(), [&](const NamedLink& link) {
                    return link.spec.to == named->name && link.spec.port.has_value();
                });
            if (!called) {
                reading.error(
                    pair.value.find("ready")->at,
                    fmt::format("`ready: {{http: …}}` asks the port of a link, and no link "
                                "leads to `{}`",
                                named->name),
                    "add a link, or use `ready: {tcp: PORT}`");
            }
        }
    }
}

Form node_form() { return node_table().form(); }

Form link_form() {
    Form either;
    either.kind = Form::Kind::either;
    either.name = "link";
    either.example = "client -> server:80";
    either.of = {path_form(), link_table().form()};
    return either;
}

}  // namespace etimedout
