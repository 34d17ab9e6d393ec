// Faults: reading kind, fields, selectors and target.
#include "harness/scenario/faults.hh"

#include <algorithm>

#include "harness/scenario/resolvers.hh"
#include "simulator/dns/zone.hh"

namespace etimedout {

namespace {

template <class F>
concept HasKindSuffix = requires {
    F::kind_suffix;
};

// Keys that say where a fault acts and what it is called; all faults have them.
constexpr std::array<std::string_view, 5> common_keys{"id", "link", "node", "resolver", "kind"};

const std::vector<LaterKey>& later_keys() {
    static const std::vector<LaterKey> later{
        {"after",
         "select with `first`, `nth`, `probability` or `for`; or put a `wait` before the "
         "fault"}};
    return later;
}

const Table<Selectors>& selector_table() { return table_of<Selectors>("a selector"); }

// What a selector needs a fault to accept.
bool accepts_selector(const Accepts& accepts, std::string_view key) {
    if (key == "direction") return accepts.direction;
    if (key == "phase") return accepts.phase;
    if (key == "port") return accepts.port;
    if (key == "source") return accepts.source;
    if (key == "match") return accepts.match;
    if (key == "for") return true;
    if (key == "query" || key == "type" || key == "transport") return accepts.queries;
    return accepts.connections || accepts.requests || accepts.queries;  // first, nth, probability
}

// The unit a count is in, and whether the fault can count that.
bool check_unit(Reading& reading, const YamlNode& node, std::string_view key, Layer layer,
                const Accepts& accepts, const std::optional<CountedUnit>& written) {
    const CountedUnit own = layer == Layer::message    ? CountedUnit::requests
                            : layer == Layer::resolver ? CountedUnit::queries
                                                       : CountedUnit::connections;
    const CountedUnit unit = written.value_or(own);
    const bool can = unit == CountedUnit::connections ? accepts.connections
                     : unit == CountedUnit::queries   ? accepts.queries
                                                      : accepts.requests;
    if (can) return true;
    const std::string_view what = unit == CountedUnit::connections ? "connections"
                                  : unit == CountedUnit::queries   ? "queries"
                                                                   : "requests";
    reading.error(
        node.at,
        fmt::format("`{}`: a fault of the {} layer cannot count {}", key, word_of(layer), what),
        accepts.queries                    ? "count queries"
        : unit == CountedUnit::connections ? "count requests"
                                           : "count connections");
    return false;
}

// A node of the scenario, or an address with an optional length.
bool check_source(Reading& reading, const YamlNode& node) {
    const std::string_view text = node.text;
    const bool address =
        !text.empty() &&
        text.find_first_not_of("0123456789abcdefABCDEF.:/") == std::string_view::npos &&
        text.find_first_of(".:") != std::string_view::npos;
    return address || reading.check_name(node, {NameKind::node}, "node");
}

struct KindText {
    std::string_view kind;
    std::string_view suffix;  // "503" of status_503
};

bool read_selectors(Reading& reading, const YamlNode& node, const KindText& text, Layer layer,
                    const Accepts& accepts, Selectors& out) {
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const std::string_view key = pair.key.text;
        const auto* spec = selector_table().find(key);
        if (spec == nullptr) continue;
        if (!accepts_selector(accepts, key)) {
            std::vector<std::string> known;
            for (const KeyForm& each : selectors_of(accepts)) {
                known.push_back(fmt::format("`{}`", each.name));
            }
            reading.error(pair.key.at,
                          fmt::format("the fault `{}` has no selector `{}`", text.kind, key),
                          fmt::format("it has {}", fmt::join(known, ", ")));
            good = false;
            continue;
        }
        if (!spec->read(reading, pair.value, out)) {
            good = false;
            continue;
        }
        if (key == "source") good = check_source(reading, pair.value) && good;
        if (key == "first") {
            good = check_unit(reading, pair.value, key, layer, accepts, out.first->unit) && good;
        } else if (key == "nth") {
            good = check_unit(reading, pair.value, key, layer, accepts, out.nth->unit) && good;
        } else if (key == "probability") {
            good =
                check_unit(reading, pair.value, key, layer, accepts, out.probability->unit) && good;
        } else if (key == "for" && out.lasting == Duration{}) {
            reading.error(pair.value.at, "`for: 0s` heals the fault at once",
                          "write how long it lasts");
            good = false;
        }
    }
    return good;
}

// The fault's own fields, and then nothing that nobody knows.
template <class F>
bool read_fields(Reading& reading, const YamlNode& node, const KindText& text, F& out) {
    const Table<F>& table = table_of<F>("a fault");
    bool good = true;
    std::vector<std::string_view> meant;
    std::vector<std::string_view> known{common_keys.begin(), common_keys.end()};
    for (const auto& key : table.keys) known.push_back(key.name);
    for (const KeyForm& key : selectors_of(F::accepts)) {
        known.push_back(selector_table().find(key.name)->name);
    }
    for (const YamlPair& pair : node.pairs) {
        const std::string_view key = pair.key.text;
        if (const auto* spec = table.find(key)) {
            good = spec->read(reading, pair.value, out) && good;
        } else if (std::find(common_keys.begin(), common_keys.end(), key) == common_keys.end() &&
                   selector_table().find(key) == nullptr) {
            meant.push_back(unknown_key(reading, pair.key, fmt::format("the fault `{}`", text.kind),
                                        known, later_keys()));
            good = false;
        }
    }
    for (const auto& key : table.keys) {
        if (key.presence != Presence::required || node.find(key.name) != nullptr) continue;
        if constexpr (HasKindSuffix<F>) {
            if (!text.suffix.empty()) continue;
        }
        good = false;
        if (std::find(meant.begin(), meant.end(), key.name) != meant.end()) continue;
        missing_key(reading, node.at, fmt::format("the fault `{}`", text.kind), key.name, key.doc,
                    key.form.example);
    }
    return good;
}

// `status_503`: the suffix is the value of one field.
template <class F>
bool read_suffix(Reading& reading, const YamlNode& node, const KindText& text, F& out) {
    if (text.suffix.empty()) return true;
    bool good = true;
    if constexpr (HasKindSuffix<F>) {
        for_each_field<F>([&](const auto& field) {
            if constexpr (std::same_as<std::remove_cvref_t<decltype(field.member)>,
                                       std::remove_cvref_t<decltype(F::kind_suffix)>>) {
                if (field.member != F::kind_suffix) return;
                YamlNode value = *node.find("kind");
                value.text = text.suffix;
                const Range range{field.lowest, field.highest};
                using Member = std::remove_cvref_t<decltype(out.*F::kind_suffix)>;
                good = Value<Member>::read(reading, field.name, value, range, out.*F::kind_suffix);
                if (const YamlPair* pair = node.find_pair(field.name)) {
                    reading.error(
                        pair->key.at,
                        fmt::format("`{}_{}` says `{}` already", F::kind, text.suffix, field.name),
                        fmt::format("remove it, or write kind: {}", F::kind));
                    good = false;
                }
            }
        });
    }
    return good;
}

bool check_target(Reading& reading, const YamlNode& node, std::string_view kind, Layer layer,
                  FaultStep& out) {
    const std::string_view wanted = target_key(layer);
    for (const std::string_view other : {"link", "node", "resolver"}) {
        const YamlPair* wrong = node.find_pair(other);
        if (other == wanted || wrong == nullptr) continue;
        reading.error(wrong->key.at,
                      fmt::format("the fault `{}` acts on a {}, not on a {}", kind, wanted, other),
                      fmt::format("write {}: NAME", wanted));
        return false;
    }
    const YamlPair* right = node.find_pair(wanted);
    if (right == nullptr) {
        missing_key(reading, node.at, fmt::format("the fault `{}`", kind), wanted, "where it acts",
                    {});
        return false;
    }
    const bool known =
        layer == Layer::resolver
            ? check_resolver(reading, right->value)
            : reading.check_name(right->value,
                                 {layer == Layer::node ? NameKind::node : NameKind::link}, wanted);
    if (!known) return false;
    out.target = right->value.text;
    return true;
}

// A link carries what its caller began, and nothing of any other node.
bool check_source_at(Reading& reading, const YamlNode& node, const FaultStep& step) {
    const YamlNode* source = node.find("source");
    const LinkSpec* link = reading.topology.link(step.target);
    if (source == nullptr || link == nullptr || source->text == link->from ||
        reading.topology.node(source->text) == nullptr) {
        return true;
    }
    reading.error(
        source->at,
        fmt::format("`source`: what passes the link `{}` was begun by `{}`, never by `{}`",
                    step.target, link->from, source->text),
        "leave `source` out, or arm the fault at a link that begins there");
    return false;
}

// A fault that counts requests may turn out to act on bytes, by its fields: then it knows nothing
// of requests.
template <class F>
bool check_acts_on_requests(Reading& reading, const YamlNode& node, const F& fault,
                            const Selectors& selectors) {
    if constexpr (F::accepts.requests) {
        if (!std::holds_alternative<FlowPlan>(fault.decide())) return true;
        const auto counts = [](const auto& selector) {
            return selector &&
                   selector->unit.value_or(CountedUnit::connections) != CountedUnit::connections;
        };
        std::string_view wrong;
        if (counts(selectors.first)) wrong = "first";
        if (counts(selectors.nth)) wrong = "nth";
        if (counts(selectors.probability)) wrong = "probability";
        if (selectors.match) wrong = "match";
        if (selectors.port) wrong = "port";
        if (wrong.empty()) return true;
        reading.error(
            node.find_pair(wrong)->key.at,
            fmt::format("`{}` cannot select here: `{}` behind a size acts on bytes, which "
                        "belong to connections and to no request",
                        wrong, F::kind),
            "count connections, or write `after: 20 events`");
        return false;
    }
    return true;
}

// What cannot be an address would lead nowhere.
template <class F>
bool check_resolver_plan(Reading& reading, const YamlNode& node, const F& fault) {
    const Decision decision = fault.decide();
    const auto* plan = std::get_if<ResolverPlan>(&decision);
    const auto* addresses = plan != nullptr ? std::get_if<DnsAddresses>(plan) : nullptr;
    if (addresses == nullptr) return true;
    DnsRecordSet set;
    for (const std::string& address : addresses->addresses) {
        (address.find(':') == std::string::npos ? set.a : set.aaaa).push_back(address);
    }
    const std::string wrong = wrong_with_records(set);
    if (wrong.empty() && !set.empty()) return true;
    reading.error(node.find("addresses")->at, wrong.empty() ? "there is no address" : wrong,
                  "write addresses: [192.0.2.1]");
    return false;
}

// What must be at a node for a fault of it.
enum class NodeNeed { nothing, program, server, stub, link };

struct NeedOf {
    NodeNeed operator()(const StopProgram&) const { return NodeNeed::program; }
    NodeNeed operator()(const EndProgram&) const { return NodeNeed::program; }
    NodeNeed operator()(const LimitDescriptors&) const { return NodeNeed::program; }
    NodeNeed operator()(const LimitMemory&) const { return NodeNeed::program; }
    NodeNeed operator()(const FillAcceptQueue&) const { return NodeNeed::server; }
    NodeNeed operator()(const FillSynQueue&) const { return NodeNeed::server; }
    NodeNeed operator()(const OccupyWorkers&) const { return NodeNeed::server; }
    NodeNeed operator()(const StopReading&) const { return NodeNeed::server; }
    NodeNeed operator()(const MoveListener&) const { return NodeNeed::stub; }
    NodeNeed operator()(const PileUpTimeWait&) const { return NodeNeed::link; }
    NodeNeed operator()(const OccupyPorts&) const { return NodeNeed::nothing; }
    NodeNeed operator()(const SetSysctl&) const { return NodeNeed::nothing; }
    NodeNeed operator()(const ForgetConnections&) const { return NodeNeed::nothing; }
};

bool has(const Topology& topology, std::string_view name, NodeNeed need) {
    const NodeSpec& node = *topology.node(name);
    switch (need) {
        case NodeNeed::nothing:
            return true;
        case NodeNeed::program:
            return node.process.has_value();
        case NodeNeed::server:
            return node.process || node.stub;
        case NodeNeed::stub:
            return node.stub.has_value();
        case NodeNeed::link:
            break;
    }
    return std::any_of(topology.links.begin(), topology.links.end(), [&](const NamedLink& link) {
        return link.spec.from == name && link.spec.port;
    });
}

// A node may have no program, or not be here.
template <class F>
bool check_node(Reading& reading, const YamlNode& node, const F& fault, const FaultStep& step) {
    const Decision decision = fault.decide();
    const auto* plan = std::get_if<NodePlan>(&decision);
    const NodeSpec* target = plan != nullptr ? reading.topology.node(step.target) : nullptr;
    if (target == nullptr) return true;
    const Span at = node.find("node")->at;
    if (target->external) {
        reading.error(at, fmt::format("`{}` is outside, where no fault can be armed", step.target),
                      "use a fault of a link that leads to it");
        return false;
    }
    const NodeNeed need = std::visit(NeedOf{}, *plan);
    if (has(reading.topology, step.target, need)) return true;
    if (need == NodeNeed::link) {
        reading.error(at,
                      fmt::format("the fault `{}` is about calls, and no link to a port begins at "
                                  "`{}`",
                                  F::kind, step.target),
                      "name a node that calls others");
    } else if (need == NodeNeed::stub) {
        reading.error(
            at,
            fmt::format(
                "the fault `{}` is about a stub, and `{}` {}", F::kind, step.target,
                target->process ? "runs a program, which listens where it pleases" : "is none"),
            target->process ? "end the program with `kill`, or give it another configuration"
                            : "name a node that has `stub`");
    } else {
        reading.error(at,
                      fmt::format("the fault `{}` is about a program, and `{}` {}", F::kind,
                                  step.target, target->stub ? "is a stub" : "runs none"),
                      target->stub ? "use a fault of a link that leads to it, such as `silent`"
                                   : "name a node that has `run`");
    }
    return false;
}

// What a link's versions of IP allow.
template <class F>
bool check_link(Reading& reading, const YamlNode& node, const F& fault, const FaultStep& step) {
    const Decision decision = fault.decide();
    const auto* plan = std::get_if<RouterPlan>(&decision);
    const auto* mtu = plan != nullptr ? std::get_if<ShrinkMtu>(plan) : nullptr;
    const LinkSpec* link = reading.topology.link(step.target);
    constexpr std::int64_t smallest_v6 = 1280;  // RFC 8200 section 5
    if (mtu == nullptr || link == nullptr || link->ip == IpVersion::v4 || mtu->mtu >= smallest_v6) {
        return true;
    }
    reading.error(node.find("mtu")->at,
                  fmt::format("IPv6, which `{}` has, knows no MTU of {}", step.target, mtu->mtu),
                  "write 1280 or more, or give the link `ip: v4`");
    return false;
}

template <class F>
bool read_kind(Reading& reading, const YamlNode& node, const KindText& text, FaultStep& out) {
    F fault{};
    bool good = read_fields(reading, node, text, fault);
    good = read_suffix(reading, node, text, fault) && good;
    good = read_selectors(reading, node, text, F::layer, F::accepts, out.armed.selectors) && good;
    good = check_target(reading, node, F::kind, F::layer, out) && good;
    good = good && check_source_at(reading, node, out);
    good = good && check_acts_on_requests(reading, node, fault, out.armed.selectors);
    good = good && check_node(reading, node, fault, out) && check_link(reading, node, fault, out) &&
           check_resolver_plan(reading, node, fault);
    out.armed.fault = std::move(fault);
    return good;
}

// "status_503" is `status` with a suffix, where `status` takes one.
template <class F>
std::optional<KindText> as_kind(std::string_view text) {
    if (text == F::kind) return KindText{F::kind, {}};
    if constexpr (HasKindSuffix<F>) {
        if (text.size() > F::kind.size() + 1 && text.starts_with(F::kind) &&
            text[F::kind.size()] == '_') {
            return KindText{F::kind, text.substr(F::kind.size() + 1)};
        }
    }
    return std::nullopt;
}

Form text_form(std::string example) {
    Form form = Value<std::string>::form({});
    form.example = std::move(example);
    return form;
}

}  // namespace

std::vector<std::string_view> fault_kinds() {
    std::vector<std::string_view> kinds;
    AllFaults::for_each([&](auto type) { kinds.push_back(decltype(type)::type::kind); });
    return kinds;
}

bool read_fault(Reading& reading, const YamlNode& node, FaultStep& out) {
    if (!want_map(reading, "fault", node)) return false;
    const YamlNode* kind = node.find("kind");
    if (kind == nullptr) {
        missing_key(reading, node.at, "a fault", "kind", "what goes wrong", "blackhole");
        return false;
    }
    if (!want_scalar(reading, "kind", *kind, "a kind of fault")) return false;
    bool known = false;
    bool good = false;
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        const auto text = as_kind<F>(kind->text);
        if (known || !text) return;
        known = true;
        good = read_kind<F>(reading, node, *text, out);
    });
    if (!known) {
        reading.error(kind->at, fmt::format("no fault is called {}", quote(kind->text)),
                      suggest(kind->text, fault_kinds(), "faults"));
    }
    return good;
}

std::string_view target_key(Layer layer) {
    return layer == Layer::node ? "node" : layer == Layer::resolver ? "resolver" : "link";
}

std::vector<KeyForm> selectors_of(const Accepts& accepts) {
    std::vector<KeyForm> keys;
    Form form = selector_table().form();
    for (KeyForm& key : form.keys) {
        if (accepts_selector(accepts, key.name)) keys.push_back(std::move(key));
    }
    return keys;
}

Form fault_form() {
    Form either;
    either.kind = Form::Kind::either;
    either.name = "fault";
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        Form object = table_of<F>("a fault").form();
        object.name = F::kind;
        Form kind;
        if constexpr (HasKindSuffix<F>) {
            kind.name = "kind";
            kind.pattern = fmt::format("^{}(_.+)?$", F::kind);
            for (KeyForm& key : object.keys) key.required = false;
        } else {
            kind = words_form({std::string{F::kind}});
        }
        std::vector<KeyForm> keys{
            {"kind", std::string{F::doc}, true, kind, {}, {}},
            {"id", "its name in expectations and `heal`", false, text_form("cut"), {}, {}},
            {std::string{target_key(F::layer)}, "where it acts", true, text_form("api"), {}, {}}};
        for (KeyForm& key : object.keys) keys.push_back(std::move(key));
        for (KeyForm& key : selectors_of(F::accepts)) keys.push_back(std::move(key));
        object.keys = std::move(keys);
        either.of.push_back(std::move(object));
    });
    return either;
}

}  // namespace etimedout
