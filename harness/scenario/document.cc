// The top level of a scenario.
#include "harness/scenario/document.hh"

#include <algorithm>
#include <charconv>

#include "simulator/base/timestamp.hh"

namespace etimedout {

namespace {

using ScenarioKey = KeySpec<Scenario>;

bool read_version(Reading& reading, const YamlNode& node, Scenario& /*out*/) {
    if (node.is_scalar() && node.text == "1") return true;
    reading.error(node.at,
                  fmt::format("this version reads `scenario: 1`, not {}", what_stands(node)),
                  "write scenario: 1");
    return false;
}

bool read_name(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!want_scalar(reading, "name", node, "a text")) return false;
    out.name = node.text;
    if (node.text.find_first_not_of(" \n\t") != std::string::npos &&
        node.text.find('\n') == std::string::npos) {
        return true;
    }
    reading.error(node.at, "`name` wants one line of text",
                  "say in a sentence what must be true; `about` has room for more");
    return false;
}

bool read_tags(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!Value<std::vector<std::string>>::read(reading, "tags", node, {}, out.tags)) return false;
    bool good = true;
    for (const YamlNode& item : node.items) {
        const bool word =
            !item.text.empty() && std::all_of(item.text.begin(), item.text.end(), [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
            });
        if (word) continue;
        reading.error(item.at, fmt::format("{} is not a tag", quote(item.text)),
                      "a tag is a word of letters, digits, - _ and .");
        good = false;
    }
    return good;
}

bool read_seed(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!want_scalar(reading, "seed", node, "a whole number such as 7")) return false;
    std::uint64_t seed = 0;
    const char* end = node.text.data() + node.text.size();
    const auto read = std::from_chars(node.text.data(), end, seed);
    if (read.ec == std::errc{} && read.ptr == end) {
        out.seed = seed;
        return true;
    }
    reading.error(node.at, fmt::format("`seed` cannot be {}", quote(node.text)),
                  "write a whole number from 0 to 18446744073709551615");
    return false;
}

bool read_start(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!want_scalar(reading, "start", node, "a time such as 2026-01-01T00:00:00Z")) return false;
    const auto time = read_timestamp(node.text);
    if (!time) {
        reading.error(node.at, time.error().message, time.error().advice);
        return false;
    }
    out.start = node.text;
    return true;
}

bool read_run_limit(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!Value<RunLimit>::read(reading, "limit", node, {}, out.limit)) return false;
    for (const auto& [key, value] :
         {std::pair{"virtual", out.limit.virtual_time}, std::pair{"real", out.limit.real}}) {
        if (value != Duration{}) continue;
        reading.error(node.find(key)->at, fmt::format("a limit of nothing lets nothing run"),
                      "write a longer one");
        return false;
    }
    return true;
}

// "true" for any version, or one such as ">=1.22".
bool is_version(std::string_view text) {
    for (const std::string_view sign : {">=", "<=", ">", "<", "="}) {
        if (!text.starts_with(sign)) continue;
        text.remove_prefix(sign.size());
        break;
    }
    while (text.starts_with(' ')) text.remove_prefix(1);
    return !text.empty() && text.front() >= '0' && text.front() <= '9' && text.back() != '.' &&
           text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool read_need(Reading& reading, std::string what, const YamlPair& pair, Scenario& out) {
    const bool any =
        pair.value.kind == YamlKind::null || (pair.value.is_scalar() && pair.value.text == "true");
    if (any) {
        out.needs.push_back({std::move(what), {}});
        return true;
    }
    if (pair.value.is_scalar() && is_version(pair.value.text)) {
        const std::string& text = pair.value.text;
        const bool bare = text.front() >= '0' && text.front() <= '9';
        out.needs.push_back({std::move(what), bare ? "=" + text : text});
        return true;
    }
    reading.error(
        pair.value.at,
        fmt::format("`needs` of {} cannot be {}", quote(pair.key.text), what_stands(pair.value)),
        "write true, or a version in quotes, such as \">=1.22\"");
    return false;
}

// `npm` is the program, or a map of packages, which become needs such as `npm:undici`.
bool read_needs(Reading& reading, const YamlNode& node, Scenario& out) {
    if (!want_map(reading, "needs", node)) return false;
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        if (pair.key.text != "npm" || pair.value.kind != YamlKind::map) {
            good = read_need(reading, pair.key.text, pair, out) && good;
            continue;
        }
        for (const YamlPair& package : pair.value.pairs) {
            good = read_need(reading, "npm:" + package.key.text, package, out) && good;
        }
    }
    return good;
}

Form map_of(Form value) {
    Form map;
    map.kind = Form::Kind::map;
    map.of.push_back(std::move(value));
    return map;
}

Form list_of(Form item) {
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(std::move(item));
    return list;
}

Form either(std::string name, std::vector<Form> forms) {
    Form form;
    form.kind = Form::Kind::either;
    form.name = std::move(name);
    form.of = std::move(forms);
    return form;
}

Form anything() { return either("any value", {}); }

Form counter_example_form() {
    Form one;
    one.kind = Form::Kind::object;
    one.keys = {{"name", "its name in reports", false, text_like("name", "no-timeout"), {}, {}},
                {"set",
                 "dotted places of the scenario, and what stands there instead",
                 true,
                 map_of(anything()),
                 {},
                 {}}};
    return either("{set: …}, or a list or map of such", {one, list_of(one), map_of(one)});
}

bool ignored(Reading& /*reading*/, const YamlNode& /*node*/, Scenario& /*out*/) { return true; }

// Steps and expectations are read by their own; here they are only known.
Table<Scenario> make_scenario_table() {
    Table<Scenario> table{"a scenario"};
    auto& keys = table.keys;
    Form version = words_form({"1"});
    keys.push_back(mandatory(
        custom_key<Scenario>("scenario", version, "the version of the language", read_version)));
    keys.push_back(mandatory(custom_key<Scenario>(
        "name", text_like("text", "nginx answers 504 when the upstream is silent"),
        "what must be true, as a sentence", read_name)));
    keys.push_back(key<Scenario>("about", &Scenario::about, "more words about it"));
    keys.push_back(custom_key<Scenario>("tags", list_of(text_like("word", "gateway")),
                                        "words to select it by", read_tags));
    keys.push_back(custom_key<Scenario>("seed", form_of_scalar<std::int64_t>({}),
                                        "all chance follows from it", read_seed));
    keys.push_back(key<Scenario>("time", &Scenario::time, "which clock the world has"));
    keys.push_back(
        custom_key<Scenario>("start", text_like("time (RFC 3339)", "2026-01-01T00:00:00Z"),
                             "the wall clock of a virtual world when it begins", read_start));
    keys.back().initial = Scenario{}.start;
    keys.push_back(custom_key<Scenario>("limit", Value<RunLimit>::form({}), "when to give up",
                                        read_run_limit));
    const Form of_program = text_like("true or version", ">=1.22");
    keys.push_back(custom_key<Scenario>(
        "needs",
        map_of(either("true or version, of `npm` a map of such", {of_program, map_of(of_program)})),
        "programs and capabilities without which it is skipped; of `npm` packages, which `npm ci` "
        "puts into the scenario's folder",
        read_needs));
    keys.push_back(
        custom_key<Scenario>("vars", map_of(anything()), "variables, used as ${name}", ignored));
    keys.push_back(custom_key<Scenario>(
        "matrix",
        either("map of lists, or list of rows",
               {map_of(list_of(anything())), list_of(map_of(anything()))}),
        "variables of which every combination runs, or a list of rows", ignored));
    keys.push_back(mandatory(custom_key<Scenario>("nodes", map_of(named_form("node")),
                                                  "what runs, each a host of its own", ignored)));
    keys.push_back(
        custom_key<Scenario>("links", map_of(named_form("link")), "who calls whom", ignored));
    keys.push_back(custom_key<Scenario>("resolvers", map_of(named_form("resolver")),
                                        "servers of DNS, each a node that links lead to", ignored));
    keys.push_back(custom_key<Scenario>("prepare", map_of(named_form("preparation")),
                                        "commands whose result is made once and kept", ignored));
    keys.push_back(mandatory(custom_key<Scenario>("steps", list_of(named_form("step")),
                                                  "what happens, in order", ignored)));
    keys.push_back(custom_key<Scenario>("expect", list_of(named_form("expectation")),
                                        "what must be true of it", ignored));
    keys.push_back(custom_key<Scenario>("counter_example", counter_example_form(),
                                        "another run, in which expectations should fail", ignored));
    return table;
}

const Table<Scenario>& scenario_table() {
    static const Table<Scenario> table = make_scenario_table();
    return table;
}

// ------------------------------------------------------------------ counter-examples

void read_counter_example(Reading& reading, const YamlNode& node, std::string name,
                          std::vector<CounterExample>& out) {
    if (!want_map(reading, "counter_example", node)) return;
    CounterExample example;
    example.name = std::move(name);
    for (const YamlPair& pair : node.pairs) {
        if (pair.key.text == "name") {
            if (want_scalar(reading, "name", pair.value, "a name")) example.name = pair.value.text;
        } else if (pair.key.text != "set") {
            unknown_key(reading, pair.key, "a counter-example", {"name", "set"}, {});
        } else if (want_map(reading, "set", pair.value)) {
            for (const YamlPair& place : pair.value.pairs) {
                example.set[place.key.text] = to_flow(place.value);
            }
        }
    }
    if (example.set.empty()) {
        reading.error(node.at, "this counter-example changes nothing",
                      "write {set: {nodes.client.sysctl.net.ipv4.tcp_syn_retries: 1}}");
        return;
    }
    out.push_back(std::move(example));
}

}  // namespace

void read_document(Reading& reading, const YamlNode& root, Scenario& out) {
    read_map(reading, root, scenario_table(), out, "a scenario");
    const YamlNode* time = root.find("time");
    if (time == nullptr || out.time != TimeChoice::virtual_time) return;
    for (const NamedNode& node : reading.topology.nodes) {
        if (!node.spec.external) continue;
        reading.error(time->at,
                      fmt::format("the node `{}` is outside, and so needs real time", node.name),
                      "write time: real, or leave `time` out");
    }
}

std::vector<CounterExample> read_counter_examples(Reading& reading, const YamlNode& root) {
    std::vector<CounterExample> examples;
    const YamlNode* node = root.find("counter_example");
    if (node == nullptr) return examples;
    if (node->is_list()) {
        for (std::size_t i = 0; i < node->items.size(); ++i) {
            read_counter_example(reading, node->items[i], fmt::format("counter-example {}", i + 1),
                                 examples);
        }
    } else if (node->is_map() && node->find("set") == nullptr && !node->pairs.empty()) {
        for (const YamlPair& pair : node->pairs) {
            read_counter_example(reading, pair.value, pair.key.text, examples);
        }
    } else {
        read_counter_example(reading, *node, "counter-example", examples);
    }
    constexpr std::size_t most = 50;  // each is another run of every row
    if (examples.size() > most) {
        reading.error(node->at, fmt::format("more than {} counter-examples", most), "write fewer");
        examples.clear();
    }
    return examples;
}

Form scenario_form() { return scenario_table().form(); }

}  // namespace etimedout
