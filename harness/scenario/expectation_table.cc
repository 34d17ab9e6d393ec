// The keys of an expectation, each with its reader.
#include "harness/scenario/expectation_table.hh"

#include <algorithm>

#include "harness/scenario/bounds.hh"
#include "harness/scenario/dns_keys.hh"
#include "harness/scenario/model_tables.hh"
#include "simulator/events/event.hh"

namespace etimedout {

namespace {

using ExpectationKey = KeySpec<Expectation>;

ExpectationKey at(unsigned place, ExpectationKey key) {
    key.places = place;
    return key;
}

template <class M>
ExpectationKey fact(unsigned place, std::string_view name, M Expectation::*member,
                    std::string_view doc) {
    return at(place, key<Expectation>(name, member, doc));
}

// A key that is one entry of a map of bounds.
template <class T>
ExpectationKey entry(unsigned place, std::string_view name,
                     std::map<std::string, Bound<T>> Expectation::*map, std::string_view doc) {
    return at(place, custom_key<Expectation>(
                         name, Value<Bound<T>>::form({}), doc,
                         [name, map](Reading& reading, const YamlNode& node, Expectation& out) {
                             return Value<Bound<T>>::read(reading, name, node, {},
                                                          (out.*map)[std::string{name}]);
                         }));
}

bool one_of(Reading& reading, std::string_view key, const YamlNode& node,
            const std::vector<std::string_view>& words) {
    if (node.is_scalar() && std::find(words.begin(), words.end(), node.text) != words.end()) {
        return true;
    }
    not_a_word(reading, key, node, words);
    return false;
}

std::vector<std::string_view> outcomes() { return {outcome_words.begin(), outcome_words.end()}; }

bool read_outcome(Reading& reading, const YamlNode& node, Expectation& out) {
    out.outcome = node.text;
    return one_of(reading, "outcome", node, outcomes());
}

bool read_outcomes(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!Value<std::map<std::string, Bound<std::int64_t>>>::read(reading, "outcomes", node, {},
                                                                 out.outcomes)) {
        return false;
    }
    bool good = true;
    for (const YamlPair& pair : node.pairs)
        good = one_of(reading, "outcomes", pair.key, outcomes()) && good;
    return good;
}

bool read_errno(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_scalar(reading, "errno", node, "a name such as ETIMEDOUT")) return false;
    out.error = node.text;
    if (errno_value(node.text) != 0) return true;
    reading.error(node.at, fmt::format("no errno is called {}", quote(node.text)),
                  suggest(node.text,
                          {"ETIMEDOUT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EHOSTUNREACH",
                           "ENETUNREACH", "EADDRNOTAVAIL", "ENOPROTOOPT", "EMFILE", "ECONNABORTED"},
                          "names"));
    return false;
}

bool read_headers(Reading& reading, const YamlNode& node, Expectation& out) {
    std::map<std::string, TextBound> headers;
    if (!Value<std::map<std::string, TextBound>>::read(reading, "headers", node, {}, headers)) {
        return false;
    }
    // The log has their names in lower case.
    for (auto& [name, bound] : headers) {
        std::string lower = name;
        for (char& c : lower) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        out.headers.insert_or_assign(std::move(lower), std::move(bound));
    }
    return true;
}

bool read_completeness(Reading& reading, const YamlNode& node, Expectation& out) {
    out.completeness = node.text;
    return one_of(reading, "completeness", node, {"complete", "cut", "silently_cut"});
}

const Table<ClosedBound>& closed_table() {
    static const Table<ClosedBound> table{
        "`closed`",
        {custom_key<ClosedBound>("by", text_like("node", "gateway"), "who closed first",
                                 [](Reading& reading, const YamlNode& node, ClosedBound& out) {
                                     out.by = node.text;
                                     return want_scalar(reading, "by", node, "a node");
                                 }),
         custom_key<ClosedBound>("how", words_form({"fin", "rst"}), "in order, or with a reset",
                                 [](Reading& reading, const YamlNode& node, ClosedBound& out) {
                                     out.how = node.text;
                                     return one_of(reading, "how", node, {"fin", "rst"});
                                 }),
         key<ClosedBound>("after", &ClosedBound::after, "how long after `since`"),
         custom_key<ClosedBound>("since", text_like("moment or step", "request"),
                                 "request, last_byte (the default), connect, or a step",
                                 [](Reading& reading, const YamlNode& node, ClosedBound& out) {
                                     out.since = node.text;
                                     return want_scalar(reading, "since", node, "a moment");
                                 })}};
    return table;
}

bool read_closed(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_map(reading, "closed", node)) return false;
    if (node.find("since") != nullptr && node.find("after") == nullptr) {
        reading.error(node.find_pair("since")->key.at, "`since` says nothing without `after`",
                      "add after: 30s, or remove it");
        return false;
    }
    return read_map(reading, node, closed_table(), out.closed.emplace(), "`closed`");
}

const Table<CounterBound>& counter_table() {
    static const Table<CounterBound> table{
        "`counter`",
        {mandatory(custom_key<CounterBound>(
             "name", text_like("counter", "TcpExtTCPSynRetrans"), "nstat's name",
             [](Reading& reading, const YamlNode& node, CounterBound& out) {
                 out.name = node.text;
                 return want_scalar(reading, "name", node, "a counter's name");
             })),
         mandatory(key<CounterBound>("delta", &CounterBound::delta, "by how much it moves"))}};
    return table;
}

bool read_counter(Reading& reading, const YamlNode& node, Expectation& out) {
    return want_map(reading, "counter", node) &&
           read_map(reading, node, counter_table(), out.counter.emplace(), "`counter`");
}

const Table<LogBound>& log_table() {
    static const Table<LogBound> table{
        "`log`",
        {key<LogBound>("contains", &LogBound::contains, "lines with this text"),
         custom_key<LogBound>("matches", text_like("regular expression", "timed? out"),
                              "lines that an ECMAScript regular expression finds",
                              [](Reading& reading, const YamlNode& node, LogBound& out) {
                                  if (!want_scalar(reading, "matches", node,
                                                   "a regular expression"))
                                      return false;
                                  out.matches = node.text;
                                  return check_regular_expression(reading, "matches", node);
                              }),
         key<LogBound>("count", &LogBound::count, "how many; at least one by default")}};
    return table;
}

bool read_log(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_map(reading, "log", node)) return false;
    LogBound& log = out.log.emplace();
    if (!read_map(reading, node, log_table(), log, "`log`")) return false;
    if (log.contains.has_value() == log.matches.has_value()) {
        reading.error(node.at, "`log` wants a text to look for",
                      "write one of contains: TEXT and matches: EXPRESSION");
        return false;
    }
    if ((log.contains && log.contains->empty()) || (log.matches && log.matches->empty())) {
        reading.error(node.at, "an empty text is in every line", "write what to look for");
        return false;
    }
    return true;
}

bool read_sockets(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!Value<std::map<std::string, Bound<std::int64_t>>>::read(reading, "sockets", node, {},
                                                                 out.sockets)) {
        return false;
    }
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        good = one_of(reading, "sockets", pair.key,
                      {"ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
                       "CLOSE", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING"}) &&
               good;
    }
    return good;
}

bool read_ignore(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_map(reading, "ignore", node)) return false;
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const bool path = pair.key.text == "path";
        if (!path && pair.key.text != "source") {
            unknown_key(reading, pair.key, "`ignore`", {"path", "source"}, {});
            good = false;
            continue;
        }
        std::vector<YamlNode> single{pair.value};
        for (const YamlNode& item : pair.value.is_list() ? pair.value.items : single) {
            if (!want_scalar(reading, pair.key.text, item, path ? "a path" : "a node")) {
                good = false;
                continue;
            }
            if (!path) good = reading.check_name(item, {NameKind::node}, "node") && good;
            (path ? out.ignore_paths : out.ignore_sources).push_back(item.text);
        }
    }
    return good;
}

// ------------------------------------------------------------------ events

// The names of an event's fields; empty where there is no such event.
std::vector<std::string_view> fields_of_event(std::string_view kind) {
    std::vector<std::string_view> fields;
    AllEvents::for_each([&](auto type) {
        using E = typename decltype(type)::type;
        if (E::kind != kind) return;
        for_each_field<E>([&](const auto& field) { fields.push_back(field.name); });
    });
    return fields;
}

std::vector<std::string_view> event_kinds() {
    std::vector<std::string_view> kinds;
    AllEvents::for_each([&](auto type) { kinds.push_back(decltype(type)::type::kind); });
    return kinds;
}

// {event: KIND, FIELD: VALUE, …}; the keys in `aside` are the expectation's own.
bool read_match(Reading& reading, std::string_view key, const YamlNode& node,
                const std::vector<std::string_view>& aside, EventMatch& out) {
    if (!want_map(reading, key, node)) return false;
    const YamlNode* event = node.find("event");
    if (event == nullptr) {
        missing_key(reading, node.at, fmt::format("`{}`", key), "event", "what happens",
                    "call_end");
        return false;
    }
    if (!want_scalar(reading, "event", *event, "a kind of event")) return false;
    const auto fields = fields_of_event(event->text);
    if (fields.empty()) {
        reading.error(event->at, fmt::format("no event is called {}", quote(event->text)),
                      suggest(event->text, event_kinds(), "events"));
        return false;
    }
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const std::string_view name = pair.key.text;
        if (std::find(aside.begin(), aside.end(), name) != aside.end()) continue;
        // An entry of a map, or a field of a part, is written behind a dot.
        const std::string_view field = name.substr(0, name.find('.'));
        if (name != "event" && std::find(fields.begin(), fields.end(), field) == fields.end()) {
            unknown_key(reading, pair.key, fmt::format("the event `{}`", event->text), fields, {});
            good = false;
        } else if (want_scalar(reading, name, pair.value, "one value")) {
            out.fields[pair.key.text] = pair.value.text;
        } else {
            good = false;
        }
    }
    return good;
}

Form match_form() {
    Form form;
    form.kind = Form::Kind::map;
    form.example = "{event: call_end, outcome: reset}";
    form.of.push_back(Value<std::string>::form({}));
    return form;
}

bool read_sequence(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_list(reading, "sequence", node)) return false;
    if (node.items.size() < 2) {
        reading.error(node.at, "a sequence has two events at least",
                      "write sequence: [{event: …}, {event: …}]");
        return false;
    }
    bool good = true;
    for (const YamlNode& item : node.items) {
        good = read_match(reading, "sequence", item, {}, out.sequence.emplace_back()) && good;
    }
    return good;
}

// `since` and `within` may stand inside, where they read best.
bool read_asides(Reading& reading, const YamlNode& node, Expectation& out) {
    bool good = true;
    if (const YamlNode* since = node.find("since")) {
        good =
            reading.check_name(*since, {NameKind::call, NameKind::fault, NameKind::step}, "step");
        out.since = since->text;
    }
    if (const YamlNode* within = node.find("within")) {
        good = Value<std::optional<Duration>>::read(reading, "within", *within, {}, out.within) &&
               good;
    }
    return good;
}

bool read_never(Reading& reading, const YamlNode& node, Expectation& out) {
    return read_match(reading, "never", node, {"since"}, out.never.emplace()) &&
           read_asides(reading, node, out);
}

bool read_always(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!read_match(reading, "always", node, {"since"}, out.always.emplace())) return false;
    const auto& fields = out.always->fields;
    const bool says = std::any_of(fields.begin(), fields.end(),
                                  [](const auto& field) { return !says_which(field.first); });
    if (!says) {
        reading.error(node.at, "`always` says nothing of these events that could be otherwise",
                      "write a field beside the event's place, such as status: 200");
        return false;
    }
    return read_asides(reading, node, out);
}

bool read_eventually(Reading& reading, const YamlNode& node, Expectation& out) {
    return read_match(reading, "eventually", node, {"since", "within"}, out.eventually.emplace()) &&
           read_asides(reading, node, out);
}

// ------------------------------------------------------------------ the table

Form named_list(std::string name) {
    Form named;
    named.kind = Form::Kind::named;
    named.name = std::move(name);
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(std::move(named));
    return list;
}

ExpectationKey name_key(std::string_view name, std::optional<std::string> Expectation::*member,
                        std::string what, std::string example, std::string_view doc) {
    return custom_key<Expectation>(
        name, text_like(std::move(what), std::move(example)), doc,
        [name, member](Reading& reading, const YamlNode& node, Expectation& out) {
            out.*member = node.text;
            return want_scalar(reading, name, node, "a name");
        });
}

Form one_or_list(const Form& one) {
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(one);
    Form either;
    either.kind = Form::Kind::either;
    either.name = fmt::format("{}, or a list", one.name);
    either.of = {one, list};
    return either;
}

void add_selectors(std::vector<ExpectationKey>& keys) {
    keys.push_back(custom_key<Expectation>(
        "at", text_like("call, link, node or fault", "c1"), "what it looks at",
        [](Reading& reading, const YamlNode& node, Expectation& out) {
            out.at = node.text;
            return want_scalar(reading, "at", node, "a call, link, node or fault");
        }));
    keys.push_back(
        name_key("of", &Expectation::of, "call", "c1", "only traffic that this call caused"));
    keys.push_back(
        name_key("during", &Expectation::during, "call", "c1", "only while this call ran"));
    keys.push_back(name_key("since", &Expectation::since, "step", "cut", "only after this step"));
    keys.push_back(key<Expectation>(
        "settle", &Expectation::settle,
        "how long to watch for what must not come: after the last step, and after the last packet "
        "on the link; where the link never pauses, four times as long after "
        "the last step",
        {{}, 86400e9}));
    Form ignore;
    ignore.kind = Form::Kind::object;
    ignore.keys = {{"path",
                    "requests of this path, or a list of them",
                    false,
                    one_or_list(text_like("path", "/healthz")),
                    {},
                    {}},
                   {"source",
                    "traffic that this node began, or a list of them",
                    false,
                    one_or_list(text_like("node", "monitor")),
                    {},
                    {}}};
    keys.push_back(custom_key<Expectation>(
        "ignore", ignore, "traffic that does not count, such as health checks", read_ignore));
    keys.push_back(
        key<Expectation>("because", &Expectation::because, "the setting or rule it follows from"));
}

void add_call_keys(std::vector<ExpectationKey>& keys) {
    using places::call;
    Form outcome = words_form({outcome_words.begin(), outcome_words.end()});
    keys.push_back(
        at(call, custom_key<Expectation>("outcome", outcome, "what became of it", read_outcome)));
    keys.push_back(at(
        call, custom_key<Expectation>("outcomes", Value<decltype(Expectation::outcomes)>::form({}),
                                      "with many calls: how many ended how", read_outcomes)));
    keys.push_back(
        at(call, custom_key<Expectation>("errno", text_like("name", "ETIMEDOUT"),
                                         "the kernel's error, where there is one", read_errno)));
    keys.push_back(fact(call, "status", &Expectation::status, "HTTP status"));
    keys.push_back(fact(call | places::node, "exit_code", &Expectation::exit_code,
                        "of the program; 128 + n for signal n"));
    keys.push_back(
        at(call, custom_key<Expectation>("headers", Value<decltype(Expectation::headers)>::form({}),
                                         "of the response", read_headers)));
    keys.push_back(fact(call, "body", &Expectation::body, "of the response"));
    keys.push_back(fact(call, "stdout", &Expectation::standard_output, "of the program"));
    keys.push_back(fact(call, "stderr", &Expectation::standard_error, "of the program"));
    keys.push_back(at(call, custom_key<Expectation>(
                                "completeness", words_form({"complete", "cut", "silently_cut"}),
                                "whether all that was announced came", read_completeness)));
    const auto phase = [&](std::string_view name, std::string_view doc) {
        keys.push_back(entry<Duration>(call, name, &Expectation::phases, doc));
    };
    phase("dns", "when the name was resolved, since the call began");
    phase("connect", "when TCP was connected, since the call began");
    phase("tls", "when TLS was established, since the call began");
    phase("first_byte", "when the first byte came, since the call began");
    phase("total", "how long the call took");
    const auto percentile = [&](std::string_view name, std::string_view doc) {
        keys.push_back(entry<Duration>(call, name, &Expectation::percentiles, doc));
    };
    percentile("p50", "with many calls: the median of `total`");
    percentile("p95", "with many calls: 95 % took no longer");
    percentile("p99", "with many calls: 99 % took no longer");
    percentile("max", "with many calls: the longest");
    keys.push_back(fact(call, "success_ratio", &Expectation::success_ratio,
                        "with many calls: the share that succeeded"));
    keys.push_back(fact(call, "received", &Expectation::received, "bytes of the body that came"));
}

void add_link_keys(std::vector<ExpectationKey>& keys) {
    using places::link;
    const auto count = [&](std::string_view name, std::string_view doc) {
        keys.push_back(entry<std::int64_t>(link, name, &Expectation::counts, doc));
    };
    count("attempts", "connections tried: distinct 4-tuples");
    count("syns", "SYNs, retransmissions included");
    count("established", "connections established");
    count("requests", "HTTP requests");
    count("responses", "HTTP responses");
    count("in_flight", "requests without a response yet, at the most");
    count("retransmissions",
          "segments sent again, SYNs not counted: the caller's as they left it, the callee's as "
          "they left that, whether or not the link then lost them");
    count("open", "connections open at the same time, at the most");
    count("reused", "requests on a connection that had carried one before");
    count("datagrams", "UDP datagrams and ICMP messages");
    keys.push_back(fact(link, "bytes", &Expectation::bytes, "payload, both directions"));
    keys.push_back(at(link, custom_key<Expectation>("closed", closed_table().form(),
                                                    "how each connection ended", read_closed)));
    keys.push_back(retries_key());
    keys.push_back(
        fact(link, "in_any", &Expectation::in_any,
             "the peak in any window of a length; of a duration, that of the `requests` or "
             "`attempts` beside it"));
}

void add_node_keys(std::vector<ExpectationKey>& keys) {
    using places::node;
    keys.push_back(at(node, custom_key<Expectation>("counter", counter_table().form(),
                                                    "a counter of the kernel", read_counter)));
    keys.push_back(at(node, custom_key<Expectation>("log", log_table().form(),
                                                    "what its program wrote", read_log)));
    keys.push_back(
        at(node, custom_key<Expectation>("sockets", Value<decltype(Expectation::sockets)>::form({}),
                                         "TCP sockets per state, as ss names them, at any time",
                                         read_sockets)));
    keys.push_back(fact(node, "fds", &Expectation::fds, "open descriptors of its processes"));
    keys.push_back(fact(node, "memory", &Expectation::memory,
                        "resident memory of its processes, without files and shared memory"));
}

void add_order_keys(std::vector<ExpectationKey>& keys) {
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(match_form());
    keys.push_back(
        custom_key<Expectation>("sequence", list, "events in this order", read_sequence));
    keys.push_back(
        custom_key<Expectation>("never", match_form(), "an event that must not be", read_never));
    keys.push_back(custom_key<Expectation>(
        "always", match_form(), "what all events of a kind and place have in common", read_always));
    keys.push_back(custom_key<Expectation>("eventually", match_form(), "an event that must be",
                                           read_eventually));
    keys.push_back(key<Expectation>("within", &Expectation::within, "with `eventually`: how soon",
                                    {{}, 86400e9}));
    const auto later = [](Reading&, const YamlNode&, Expectation&) { return true; };
    keys.push_back(custom_key<Expectation>("any_of", named_list("expectation"),
                                           "one of these must hold", later));
    keys.push_back(custom_key<Expectation>("all_of", named_list("expectation"),
                                           "all of these must hold", later));
}

Table<Expectation> make_expectation_table() {
    Table<Expectation> table{"an expectation"};
    add_selectors(table.keys);
    add_call_keys(table.keys);
    add_link_keys(table.keys);
    add_dns_keys(table.keys);
    add_node_keys(table.keys);
    add_model_keys(table.keys);
    table.keys.push_back(
        fact(places::fault, "fired", &Expectation::fired, "how often the fault took effect"));
    table.keys.push_back(
        fact(places::fault, "matched", &Expectation::matched, "how often the fault met traffic"));
    add_order_keys(table.keys);
    return table;
}

}  // namespace

const Table<Expectation>& expectation_table() {
    static const Table<Expectation> table = make_expectation_table();
    return table;
}

std::string words_of_places(unsigned places) {
    std::vector<std::string_view> words;
    if ((places & places::call) != 0) words.push_back("a call");
    if ((places & places::link) != 0) words.push_back("a link");
    if ((places & places::node) != 0) words.push_back("a node");
    if ((places & places::fault) != 0) words.push_back("a fault");
    return fmt::format("{}", fmt::join(words, " or "));
}

std::vector<std::string_view> keys_at(unsigned place) {
    std::vector<std::string_view> keys;
    for (const ExpectationKey& key : expectation_table().keys) {
        if ((key.places & place) != 0) keys.push_back(key.name);
    }
    return keys;
}

}  // namespace etimedout
