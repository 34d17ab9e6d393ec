// Steps: fault, heal, call, wait, set.
#include "harness/scenario/steps.hh"

#include <algorithm>

#include "harness/scenario/calls.hh"
#include "harness/scenario/faults.hh"
#include "harness/scenario/resolvers.hh"

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 5> step_words{"fault", "heal", "call", "wait", "set"};

bool read_heal(Reading& reading, const YamlNode& node, HealStep& out) {
    if (!reading.check_name(node, {NameKind::fault}, "fault")) return false;
    out.fault = node.text;
    return true;
}

bool read_until(Reading& reading, const YamlNode& node, WaitStep& out) {
    if (!want_map(reading, "until", node)) return false;
    for (const YamlPair& pair : node.pairs) {
        if (pair.key.text == "at") continue;
        unknown_key(reading, pair.key, "`until`", {"at"}, {});
        return false;
    }
    const YamlNode* at = node.find("at");
    if (at == nullptr) {
        missing_key(reading, node.at, "`until`", "at", "the background call whose end is awaited",
                    "c1");
        return false;
    }
    if (!reading.check_name(*at, {NameKind::call}, "call")) return false;
    out.until_call = at->text;
    return true;
}

bool read_wait(Reading& reading, const YamlNode& node, WaitStep& out) {
    if (node.is_scalar()) {
        Duration time{};
        if (!Value<Duration>::read(reading, "wait", node, {{}, 30 * 86400e9}, time)) return false;
        out.time = time;
        return true;
    }
    if (!want_map(reading, "wait", node)) return false;
    for (const YamlPair& pair : node.pairs) {
        if (pair.key.text == "until") continue;
        unknown_key(reading, pair.key, "`wait`", {"until"}, {});
        return false;
    }
    const YamlNode* until = node.find("until");
    if (until == nullptr) {
        missing_key(reading, node.at, "`wait`", "until", "what is awaited", {});
        return false;
    }
    return read_until(reading, *until, out);
}

const Table<SetStep>& set_table() {
    static const Table<SetStep> table = [] {
        Table<SetStep> made{"`set`"};
        Form node = Value<std::string>::form({});
        node.name = "node";
        node.example = "client";
        made.keys.push_back(custom_key<SetStep>(
            "node", node, "where", [](Reading& reading, const YamlNode& value, SetStep& out) {
                out.node = value.text;
                return reading.check_name(value, {NameKind::node}, "node");
            }));
        Form resolver = node;
        resolver.name = "resolver";
        resolver.example = "dns";
        made.keys.push_back(
            custom_key<SetStep>("resolver", resolver, "or the resolver whose `records` change",
                                [](Reading& reading, const YamlNode& value, SetStep& out) {
                                    out.resolver = value.text;
                                    return check_resolver(reading, value);
                                }));
        made.keys.push_back(custom_key<SetStep>(
            "records", records_form(),
            "with `resolver`: what these names lead to from here on; {} for no longer there",
            [](Reading& reading, const YamlNode& value, SetStep& out) {
                return read_records(reading, value, out.records);
            }));
        made.keys.push_back(key<SetStep>("sysctl", &SetStep::sysctl, "kernel settings to change"));
        made.keys.push_back(custom_key<SetStep>(
            "process", words_form({"restart", "stop", "start"}), "what to do to the node's program",
            [](Reading& reading, const YamlNode& value, SetStep& out) {
                static constexpr std::array<std::string_view, 3> words{"restart", "stop", "start"};
                if (!value.is_scalar() ||
                    std::find(words.begin(), words.end(), value.text) == words.end()) {
                    not_a_word(reading, "process", value, {words.begin(), words.end()});
                    return false;
                }
                out.process = value.text;
                return true;
            }));
        return made;
    }();
    return table;
}

// A node has settings and a program, a resolver has records.
bool check_set_of(Reading& reading, const YamlNode& node, const SetStep& out) {
    const bool of_resolver = !out.resolver.empty();
    for (const YamlPair& pair : node.pairs) {
        const std::string_view key = pair.key.text;
        const bool wrong =
            of_resolver ? key == "node" || key == "sysctl" || key == "process" : key == "records";
        if (!wrong) continue;
        reading.error(
            pair.key.at,
            of_resolver ? fmt::format("`{}` is of a node, and this step is about a resolver", key)
                        : fmt::format("`{}` are of a resolver, and this step is about a node", key),
            of_resolver ? "write a step of its own for it" : "write resolver: NAME");
        return false;
    }
    return true;
}

bool read_set(Reading& reading, const YamlNode& node, SetStep& out) {
    if (!want_map(reading, "set", node)) return false;
    if (!read_map(reading, node, set_table(), out, "`set`")) return false;
    if (node.find("node") == nullptr && node.find("resolver") == nullptr) {
        missing_key(reading, node.at, "`set`", "node", "or `resolver`: where", "client");
        return false;
    }
    if (!check_set_of(reading, node, out)) return false;
    if (out.sysctl.empty() && !out.process && out.records.empty()) {
        reading.error(node.at, "this step sets nothing",
                      out.resolver.empty() ? "write sysctl: {…} or process: restart"
                                           : "write records: {api.example: ADDRESS}");
        return false;
    }
    const NodeSpec* spec = reading.topology.node(out.node);
    if (out.process && spec != nullptr && !spec->process) {
        reading.error(node.find("process")->at,
                      fmt::format("the node `{}` runs no program", out.node),
                      "name a node with `run`");
        return false;
    }
    return true;
}

// The id a step was given: beside its word, or in its map.
const YamlNode* id_of(Reading& reading, const YamlNode& step, const YamlNode& body) {
    const YamlNode* outer = step.find("id");
    const YamlPair* inner = body.find_pair("id");
    if (outer != nullptr && inner != nullptr) {
        reading.error(inner->key.at, "this step has two ids", "keep one of them");
    }
    return outer != nullptr ? outer : inner != nullptr ? &inner->value : nullptr;
}

void read_step(Reading& reading, const YamlPair& word, const YamlNode& node, std::size_t number,
               Step& out) {
    const YamlNode& body = word.value;
    const std::string_view what = word.key.text;
    NameKind kind = NameKind::step;
    if (what == "fault") {
        kind = NameKind::fault;
        read_fault(reading, body, out.what.emplace<FaultStep>());
    } else if (what == "heal") {
        read_heal(reading, body, out.what.emplace<HealStep>());
    } else if (what == "call") {
        kind = NameKind::call;
        read_call(reading, body, out.what.emplace<CallStep>());
    } else if (what == "wait") {
        read_wait(reading, body, out.what.emplace<WaitStep>());
    } else {
        read_set(reading, body, out.what.emplace<SetStep>());
    }
    const YamlNode* id = id_of(reading, node, body);
    if (id != nullptr) {
        if (want_scalar(reading, "id", *id, "a name") && reading.declare(*id, kind)) {
            out.id = id->text;
        }
    } else if (kind != NameKind::step) {
        out.id = fmt::format("{}-{}", what, number);
        reading.declare_default(out.id, kind, word.key.at);
    }
    if (auto* fault = std::get_if<FaultStep>(&out.what)) fault->armed.id = out.id;
    if (auto* call = std::get_if<CallStep>(&out.what)) call->id = out.id;
}

// The one key of a step that says what it is.
const YamlPair* word_of_step(Reading& reading, const YamlNode& node) {
    const YamlPair* word = nullptr;
    const std::vector<std::string_view> known{"fault", "heal", "call", "wait", "set", "id"};
    for (const YamlPair& pair : node.pairs) {
        if (pair.key.text == "id") continue;
        if (std::find(step_words.begin(), step_words.end(), pair.key.text) == step_words.end()) {
            unknown_key(reading, pair.key, "a step", known, {});
            return nullptr;
        }
        if (word != nullptr) {
            reading.error(pair.key.at,
                          fmt::format("a step does one thing, and this one has `{}` and "
                                      "`{}`",
                                      word->key.text, pair.key.text),
                          "write a `- ` before each");
            return nullptr;
        }
        word = &pair;
    }
    if (word == nullptr) {
        reading.error(node.at, "this step does nothing",
                      fmt::format("write one of {}", fmt::join(step_words, ", ")));
    }
    return word;
}

Form wait_form() {
    Form at;
    at.kind = Form::Kind::object;
    at.keys = {
        {"at", "the background call whose end is awaited", true, text_like("call", "c1"), {}, {}}};
    Form until;
    until.kind = Form::Kind::object;
    until.keys = {{"until", "what is awaited", true, at, {}, {}}};
    Form either;
    either.kind = Form::Kind::either;
    either.example = "12s";
    either.of = {form_of_scalar<Duration>({}), until};
    return either;
}

// Every other call is over when the next step begins: there is nothing to wait for.
void check_until(Reading& reading, const YamlNode& wait, const std::string& id,
                 const std::vector<Step>& before) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const Step& step) {
        const auto* call = std::get_if<CallStep>(&step.what);
        return call != nullptr && call->id == id;
    });
    if (found == before.end() || std::get<CallStep>(found->what).background) return;
    reading.error(wait.find("until")->find("at")->at,
                  fmt::format("the call `{}` is over before this step", id),
                  "a call waits for its own end: give it `background: true`, or leave this "
                  "`wait` out");
}

}  // namespace

void read_steps(Reading& reading, const YamlNode& root, std::vector<Step>& out) {
    const YamlNode* steps = root.find("steps");
    if (steps == nullptr || !want_list(reading, "steps", *steps)) return;
    constexpr std::size_t most = 10'000;
    if (steps->items.empty()) {
        reading.error(steps->at, "there are no steps", "write at least one call");
    }
    if (steps->items.size() > most) {
        reading.error(steps->at, fmt::format("more than {} steps", most), "use `times` or `for`");
        return;
    }
    for (std::size_t i = 0; i < steps->items.size(); ++i) {
        const YamlNode& node = steps->items[i];
        if (!node.is_map()) {
            reading.error(node.at, fmt::format("a step is a map, not {}", what_stands(node)),
                          fmt::format("write - call: {{…}}; a step is one of {}",
                                      fmt::join(step_words, ", ")));
            continue;
        }
        const YamlPair* word = word_of_step(reading, node);
        if (word == nullptr) continue;
        Step step;
        step.where = reading.source().where(word->key.at);
        read_step(reading, *word, node, i + 1, step);
        if (const auto* wait = std::get_if<WaitStep>(&step.what); wait && wait->until_call) {
            check_until(reading, word->value, *wait->until_call, out);
        }
        out.push_back(std::move(step));
    }
}

Form step_form() {
    Form object;
    object.kind = Form::Kind::object;
    object.name = "a step";
    object.keys = {
        {"id", "its name", false, text_like("name", "s1"), {}, {}},
        {"fault",
         "arm a fault, until it is healed or its `for` is over",
         false,
         named_form("fault"),
         {},
         {}},
        {"heal", "end the fault of this id", false, text_like("fault", "fault-1"), {}, {}},
        {"call",
         "call the system under test, and wait for the end",
         false,
         named_form("call"),
         {},
         {}},
        {"wait", "let time pass, or wait for a background call", false, wait_form(), {}, {}},
        {"set", "a change that is no fault", false, set_table().form(), {}, {}}};
    return object;
}

}  // namespace etimedout
