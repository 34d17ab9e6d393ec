// The reference of faults: for a terminal, as Markdown, and as a scenario to start from.
#include "harness/scenario/reference.hh"

#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/faults.hh"

namespace etimedout {

namespace {

// Keys that show what a fault is for better than the examples of their types do.
template <class F>
concept HasExample = requires {
    F::example;
};

// A fault of nodes that call, rather than of those that are called.
template <class F>
concept IsOfCallers = requires {
    F::of_callers;
};

// A fault of a stub, which a program cannot have.
template <class F>
concept IsOfStubs = requires {
    F::of_stubs;
};

// A fault of connections that have been used before, or of packets that are large: a scenario to
// start from has such.
template <class F>
concept IsOfConnections = requires {
    F::of_connections;
};
template <class F>
concept IsOfLargePackets = requires {
    F::of_large_packets;
};

// What the reference says of one fault, whichever it is.
struct FaultText {
    std::string_view kind;
    std::string_view doc;
    std::string_view recipe;
    std::string_view witness;
    std::string_view caller_sees;
    std::string_view look_alike;
    std::string_view needs;
    std::string_view layer;
    std::string_view direction;
    bool open_connections = false;
    std::string_view target{};
    std::string_view example{};
    bool of_callers = false;
    bool of_stubs = false;
    bool of_connections = false;
    bool of_large_packets = false;
    std::vector<KeyForm> fields{};
    std::vector<KeyForm> selectors{};
};

std::vector<FaultText> all_faults() {
    std::vector<FaultText> faults;
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        FaultText text{F::kind,
                       F::doc,
                       F::recipe,
                       F::witness,
                       F::caller_sees,
                       F::look_alike,
                       F::needs,
                       word_of(F::layer),
                       word_of(F::direction),
                       F::affects_open_connections,
                       target_key(F::layer)};
        if constexpr (HasExample<F>) text.example = F::example;
        if constexpr (IsOfCallers<F>) text.of_callers = F::of_callers;
        text.of_stubs = IsOfStubs<F>;
        text.of_connections = IsOfConnections<F>;
        text.of_large_packets = IsOfLargePackets<F>;
        text.fields = table_of<F>("a fault").form().keys;
        text.selectors = selectors_of(F::accepts);
        faults.push_back(std::move(text));
    });
    return faults;
}

const FaultText* find(const std::vector<FaultText>& faults, std::string_view kind) {
    const auto found = std::find_if(faults.begin(), faults.end(),
                                    [&](const FaultText& fault) { return fault.kind == kind; });
    return found != faults.end() ? &*found : nullptr;
}

std::string example_of(const FaultText& fault) {
    std::string keys;
    if (!fault.example.empty()) keys = fmt::format(", {}", fault.example);
    for (const KeyForm& field : fault.fields) {
        if (field.required && fault.example.empty())
            keys += fmt::format(", {}: {}", field.name, field.form.example);
    }
    // A fault all of whose fields may be left out does nothing then.
    if (keys.empty() && !fault.fields.empty()) {
        const KeyForm& field = fault.fields.front();
        keys = fmt::format(", {}: {}", field.name, field.form.example);
    }
    const std::string_view where = fault.target == "link"       ? "api"
                                   : fault.target == "resolver" ? "dns"
                                   : fault.of_callers           ? "client"
                                                                : "server";
    return fmt::format("- fault: {{{}: {}, kind: {}{}}}", fault.target, where, fault.kind, keys);
}

std::string presence_of(const KeyForm& key) {
    if (key.required) return "required";
    return key.initial.empty() ? "optional" : key.initial;
}

// Lines of at most `width` columns, each begun with `prefix`.
std::string wrapped(std::string_view text, std::string_view prefix, std::size_t width) {
    std::string lines;
    std::string line;
    while (!text.empty()) {
        const auto blank = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, blank);
        text.remove_prefix(std::min(blank + 1, text.size()));
        if (!line.empty() && prefix.size() + line.size() + 1 + word.size() > width) {
            lines += fmt::format("{}{}\n", prefix, line);
            line.clear();
        }
        if (!line.empty()) line += ' ';
        line += word;
    }
    return lines + fmt::format("{}{}\n", prefix, line);
}

std::string keys_for_terminal(const std::vector<KeyForm>& keys) {
    std::size_t names = 0;
    for (const KeyForm& key : keys) names = std::max(names, key.name.size());
    std::string text;
    for (const KeyForm& key : keys) {
        text += fmt::format("  {:{}}  {}\n  {:{}}    {}; {}\n", key.name, names, key.doc, "", names,
                            describe(key.form), presence_of(key));
    }
    return text;
}

std::string markdown_of(const FaultText& fault) {
    std::string text = fmt::format("## `{}`\n\n{}\n\n", fault.kind, fault.doc);
    if (!fault.fields.empty()) {
        text += "| field | value | default | meaning |\n|---|---|---|---|\n";
        for (const KeyForm& key : fault.fields) {
            text += fmt::format(
                "| `{}` | {} | {} | {} |\n", key.name, markdown_cell(describe(key.form)),
                key.required ? "required" : markdown_cell(key.initial), markdown_cell(key.doc));
        }
        text += "\n";
    }
    std::string selectors;
    for (const KeyForm& key : fault.selectors) {
        selectors += fmt::format("{}`{}`", selectors.empty() ? "" : ", ", key.name);
    }
    return text + fmt::format(
                      "- Layer: {}; direction: {} by default\n"
                      "- Selectors: {}\n"
                      "- Produced by: {}\n"
                      "- Proved by: {}\n"
                      "- The caller sees: {}\n"
                      "- Looks alike: {}\n"
                      "- Needs: {}\n"
                      "- Connections already open: {}\n\n"
                      "```yaml\n{}\n```\n\n",
                      fault.layer, fault.direction, selectors, fault.recipe, fault.witness,
                      fault.caller_sees, fault.look_alike, fault.needs,
                      fault.open_connections ? "affected" : "not affected", example_of(fault));
}

}  // namespace

std::string markdown_cell(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '|') safe += '\\';
        safe += c;
    }
    return safe;
}

std::string fault_list() {
    const auto faults = all_faults();
    std::size_t kinds = 0;
    std::size_t layers = 0;
    for (const FaultText& fault : faults) {
        kinds = std::max(kinds, fault.kind.size());
        layers = std::max(layers, fault.layer.size());
    }
    std::string text;
    for (const FaultText& fault : faults) {
        text +=
            fmt::format("{:{}}  {:{}}  {}\n", fault.kind, kinds, fault.layer, layers, fault.doc);
    }
    return text;
}

std::string fault_reference(std::string_view kind) {
    const auto faults = all_faults();
    const FaultText* fault = find(faults, kind);
    if (fault == nullptr) return {};
    constexpr std::size_t width = 100;
    std::string text = fmt::format("{} ({} layer)\n\n{}\n", fault->kind, fault->layer,
                                   wrapped(fault->doc, "  ", width));
    if (!fault->fields.empty()) text += "fields\n" + keys_for_terminal(fault->fields) + "\n";
    text += "selectors\n" + keys_for_terminal(fault->selectors) + "\n";
    text +=
        "direction\n" + fmt::format("  {} unless `direction` says otherwise\n\n", fault->direction);
    text += "how it is produced\n" + wrapped(fault->recipe, "  ", width) + "\n";
    text += "what proves it\n" + wrapped(fault->witness, "  ", width) + "\n";
    text += "what the caller sees\n" + wrapped(fault->caller_sees, "  ", width) + "\n";
    text += "what looks alike, and how to tell\n" + wrapped(fault->look_alike, "  ", width) + "\n";
    text += "what it needs\n" + wrapped(fault->needs, "  ", width) + "\n";
    text += fmt::format("connections already open\n  {}\n\n",
                        fault->open_connections ? "affected" : "not affected");
    return text + fmt::format("example\n  {}\n", example_of(*fault));
}

std::string fault_example(std::string_view kind) {
    const auto faults = all_faults();
    const FaultText* fault = find(faults, kind);
    return fault != nullptr ? example_of(*fault) : std::string{};
}

std::string starter_scenario(std::string_view kind) {
    const auto faults = all_faults();
    const FaultText* fault = find(faults, kind);
    if (fault == nullptr) return {};
    std::string armed = example_of(*fault);
    armed.insert(armed.find('{') + 1, "id: trouble, ");
    constexpr std::size_t width = 96;
    const bool at_resolver = fault->target == "resolver";
    const bool of_program = fault->target == "node" && !fault->of_stubs && !fault->of_connections;
    const std::string_view how = fault->of_connections ? ", connection: reuse"
                                 : at_resolver         ? ", host: server.example"
                                                       : "";
    return fmt::format(
        "# {1}\n"
        "scenario: 1\n"
        "name: what {0} does to a call\n"
        "tags: [example]\n"
        "\n"
        "{4}"
        "nodes:\n"
        "  client: {{}}\n"
        "  server: {5}\n"
        "links:\n"
        "  api: client -> server:80\n"
        "{6}"
        "\n"
        "steps:\n"
        "  # Without the fault the call succeeds: a test that cannot succeed proves nothing.\n"
        "  - call: {{id: before, link: api, get: /{7}, steady: true}}\n"
        "  {2}\n"
        "  # `timeout` is the client's own limit. To test a real client: exec: \"curl …\" in: "
        "client.\n"
        "  - call: {{id: during, link: api, {8}{7}, timeout: 5s}}\n"
        "  - heal: trouble\n"
        "\n"
        "expect:\n"
        "  - {{at: trouble, matched: {{at_least: 1}}}}\n"
        "  # What the caller sees of this fault:\n"
        "{3}"
        "  # Say here what your client must make of it: outcome, errno, status, total, and at the\n"
        "  # link attempts, syns, retries, closed. `etimedout prove` tells whether it can fail. As "
        "in:\n"
        "  # - {{at: during, total: 5s ±500ms, because: the timeout of 5s}}\n",
        fault->kind, fault->doc, armed, wrapped(fault->caller_sees, "  #   ", width),
        of_program ? "# Put your own server here.\n"
                   : "# Put your own server here: {run: \"command\", ready: {tcp: 80}} "
                     "instead of the stub.\n",
        of_program ? "{run: python3 -m http.server 80, ready: {tcp: 80}}" : "{stub: http}",
        at_resolver ? "  names: client -> dns\n"
                      "resolvers:\n"
                      "  dns: {records: {server.example: \"${links.api.ip}\"}}\n"
                    : "",
        how,
        fault->of_large_packets ? "request: {method: POST, path: /, body_size: 100kb}" : "get: /");
}

std::string faults_markdown() {
    std::string text =
        "# Faults\n\nThis page is made from the declarations in `simulator/faults`; `etimedout "
        "faults KIND` prints the same.\nThe selectors are explained in [the language](language.md"
        "#faults).\n\nA fault has fired only when its witness, what proves it, has moved; the "
        "witness of a "
        "look-alike\ndoes not. A disk that stalls is not modelled: the file systems of a world are "
        "in "
        "memory, or the host's.\n\n| fault | layer | what it does |\n|---|---|---|\n";
    const auto faults = all_faults();
    for (const FaultText& fault : faults) {
        text += fmt::format("| [`{0}`](#{0}) | {1} | {2} |\n", fault.kind, fault.layer,
                            markdown_cell(fault.doc));
    }
    text += "\n";
    for (const FaultText& fault : faults) text += markdown_of(fault);
    text.pop_back();
    return text;
}

}  // namespace etimedout
