// The reference of the whole language, as Markdown.
#include <fmt/format.h>

#include "harness/scenario/calls.hh"
#include "harness/scenario/document.hh"
#include "harness/scenario/expectations.hh"
#include "harness/scenario/faults.hh"
#include "harness/scenario/preparations.hh"
#include "harness/scenario/reference.hh"
#include "harness/scenario/resolvers.hh"
#include "harness/scenario/steps.hh"
#include "harness/scenario/topology.hh"
#include "simulator/net/kernel_habits.hh"

namespace etimedout {

namespace {

constexpr std::string_view external_nodes =
    "An `external` node is a system that exists already, and is reached from this machine: the "
    "scenario runs in\nreal time. Its name is looked up here when the run begins. Programs find "
    "it by the node's name and by its\nown, at its own port and at those of the links that lead "
    "to it, over TCP and UDP. It sees the connections\ncome from this machine.\n\n";

// A bound's three spellings would fill every cell: they are explained once.
std::string value_of(const Form& form) {
    if (form.kind == Form::Kind::either && !form.name.empty()) return form.name;
    if (form.kind == Form::Kind::map && form.of.front().kind == Form::Kind::either &&
        !form.of.front().name.empty()) {
        return fmt::format("map of names to: {}", form.of.front().name);
    }
    if (form.kind == Form::Kind::named) return fmt::format("[{0}](#{0}s)", form.name);
    return describe(form);
}

std::string table_of_keys(const Form& object) {
    bool places = false;
    for (const KeyForm& key : object.keys) places = places || !key.where.empty();
    std::string text = places ? "| key | at | value | meaning |\n|---|---|---|---|\n"
                              : "| key | value | default | meaning |\n|---|---|---|---|\n";
    for (const KeyForm& key : object.keys) {
        const std::string value = markdown_cell(value_of(key.form));
        if (places) {
            text += fmt::format("| `{}` | {} | {} | {} |\n", key.name, key.where, value,
                                markdown_cell(key.doc));
        } else {
            text += fmt::format("| `{}` | {} | {} | {} |\n", key.name, value,
                                key.required ? "required" : markdown_cell(key.initial),
                                markdown_cell(key.doc));
        }
    }
    return text + "\n";
}

// The map that a key may have as its value; none for bounds, which are explained once.
const Form* map_within(const Form& form) {
    if (form.kind == Form::Kind::object) {
        const bool bound = form.name == "bound" || form.name == "text";
        return bound || form.keys.empty() ? nullptr : &form;
    }
    if (form.kind == Form::Kind::either && form.name.empty()) {
        for (const Form& part : form.of) {
            if (const Form* map = map_within(part)) return map;
        }
    }
    return nullptr;
}

// A table of keys, and one more for each key that is a map itself.
std::string tables_of(const Form& object) {
    std::string text = table_of_keys(object);
    for (const KeyForm& key : object.keys) {
        if (const Form* map = map_within(key.form)) {
            text += fmt::format("### `{}`\n\n{}", key.name, table_of_keys(*map));
        }
    }
    return text;
}

// What `like` changes: one row per habit, with the releases that have it.
std::string table_of_habits() {
    std::string text =
        "### `like`\n\nThe node gets the defaults of an older kernel, as the release first came "
        "out; `sysctl` is applied\nafter it. What no sysctl of a namespace can bring back stays as "
        "in the newest.\n\n| until | sysctl | value | what changes | source "
        "|\n|---|---|---|---|---|\n";
    for (const KernelHabit& habit : kernel_habits()) {
        std::string_view last;
        for (const std::string_view release : known_releases()) {
            if (habits_of(release).contains(std::string{habit.sysctl})) last = release;
        }
        text += fmt::format("| `{}` | `{}` | {} | {} | {} in Linux {} |\n", last, habit.sysctl,
                            habit.value, markdown_cell(habit.doc), habit.commit, habit.since);
    }
    return text + "\n";
}

constexpr std::string_view introduction = R"(# The scenario language

This page is made from the tables that read scenarios; `etimedout schema` prints the same as a
JSON Schema for editors.

```yaml
scenario: 1
name: connect to a blackholed port times out in the kernel
nodes:
  client: {like: linux-6.1, sysctl: {net.ipv4.tcp_syn_retries: 2}}
  server: {stub: tcp, port: 80}
links: {api: client -> server:80}
steps:
  - fault: {link: api, kind: blackhole}
  - call: {id: c, link: api, tcp: connect, deadline: 60s}
expect:
  - {at: c, outcome: connect_timeout, errno: ETIMEDOUT, total: 7s -200ms/+600ms}
  - {at: api, of: c, attempts: 1, syns: 3, established: 0}
```

)";

constexpr std::string_view quantities = R"(## Quantities and bounds

Units are mandatory: `us ms s m h` for time, `b kb mb gb` (powers of 1000) and `k M` (powers of
1024) for sizes, `bit kbit mbit gbit` for rates, `%` for shares.

A bound is a value, a value with a tolerance (`30s ±100ms`, `2s ±10%`, `10s -50ms/+1s`; `+/-` for
`±`), or words: `{at_most: 5s}`, `{at_least: 2}`, `{between: [1s, 2s]}`. A bare duration stands for
the window from T - max(5 ms, 1 %) to T + max(50 ms, 10 %). A window wider than 10 % without a
reason, in `because` or in a comment beside or above it, is a finding of `check`.

## Variables

`${name}` stands for a variable of `vars` or `matrix`, or for one of these:

| variable | meaning |
|---|---|
| `${scenario.dir}` | the folder of the scenario's file |
| `${scenario.ca}` | a file with the certificate of the authority that signs those of stubs: for `curl --cacert`, `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS` |
| `${scenario.truststore}` | the same for Java: `-Djavax.net.ssl.trustStore` |
| `${links.NAME.url}` | `http://HOST:PORT` of the link's callee, as its caller knows it |
| `${links.NAME.host}`, `.port`, `.ip` | the parts of it; the callee's address |
| `${nodes.NAME.ip}`, `.name` | where the node is called, or else calls from |

Variables may be made of variables. Inside braces and brackets quote it: `{get: "${path}"}`.
`$${` stands for `${` itself. `--var name=value` replaces a declared variable.

A variable may be a list or a map: a value that is `${name}` and nothing else is then that list or
map. `matrix` is a map of lists, of which every combination runs, or a list of rows. A row is called
what its `name` says, or else by as few of its values as tell it apart:

```yaml
matrix:
  - {name: the gateway gives up, answer: {silent: true}, status: 504}
  - {name: the upstream says so, answer: {status: 503}, status: 503}
```

)";

constexpr std::string_view preparations = R"(## Preparations

What takes long to start and is the same every time is done once. A preparation is a command; the
folder it leaves is kept, and laid over the files of the nodes that it names, with owners and modes,
and with the scenario's `start` as the time of every file. Each node may write to its own copy.

```yaml
prepare:
  database:
    run: /usr/lib/postgresql/15/bin/initdb -D /srv/database
    user: postgres
    keep: /srv/database
    in: [db]
```

The command runs in a world of its own, without links, a day before the scenario's `start` and with
the seed 1, whatever the scenario's: so all seeds find the same folder. It is run again when something
it hangs on has changed: its own keys, the programs and files that it names or `uses`, `start`,
`limit: {memory}`, the virtual kernel, or this program's version. `etimedout doctor` says where the
folders are kept; deleting one has it made anew, and one that was not used for 30 days is deleted.

)";

}  // namespace

std::string language_markdown() {
    std::string text{introduction};
    text += "## Top level\n\n" + tables_of(scenario_form());
    text += quantities;
    text +=
        "## Nodes\n\nA node is a host of its own. `run`, `stub` and `external` exclude each "
        "other; a node with none of them\nonly makes calls. The keys from `status` on say how a "
        "stub "
        "answers where no route does.\n\n" +
        std::string{external_nodes} + tables_of(node_form()) + table_of_habits();
    text += "## Links\n\nA link is written `caller -> callee:port`, or as a map:\n\n" +
            tables_of(link_form().of.back());
    text +=
        "## Resolvers\n\nA resolver is a server of DNS that knows its `records` and nothing else, "
        "over UDP and TCP. It is a node by its name: links lead to it (`client -> dns`), and every "
        "node that has such a link asks it, in the order of the links, unless its `resolv_conf` "
        "says otherwise. Names of nodes and links are in each node's hosts file, which comes "
        "first; so names to be looked up are others, such as `api.example`. `set: {resolver: dns, "
        "records: {…}}` changes records; faults of the resolver layer are armed with `resolver: "
        "dns`.\n\n" +
        tables_of(resolver_form());
    text += std::string{preparations} + tables_of(preparation_form());
    text += "## Steps\n\nA step is one of these, done in order.\n\n" + tables_of(step_form());
    text += "## Calls\n\nA call has one of `get`, `request`, `tcp`, `dns`, `ping` and `exec`.\n\n" +
            tables_of(call_form());
    text +=
        "## Expectations\n\nEach key is one fact that must hold. Keys without a place select or "
        "explain, or stand alone.\n\n" +
        tables_of(expectation_form());
    text +=
        "## Faults\n\n[All faults](faults.md) have a page of their own. Selectors say which "
        "traffic a fault is\nfor; everything left out selects "
        "everything.\n\n";
    Form selectors;
    selectors.keys = selectors_of({.direction = true,
                                   .phase = true,
                                   .port = true,
                                   .source = true,
                                   .connections = true,
                                   .requests = true,
                                   .match = true});
    text += tables_of(selectors);
    while (text.ends_with("\n\n")) text.pop_back();
    return text;
}

}  // namespace etimedout
