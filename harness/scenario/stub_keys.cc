// The keys of a node that is a stub: what it answers, and how it treats connections.
#include "harness/scenario/stub_keys.hh"

#include <algorithm>
#include <span>

namespace etimedout {

namespace {

constexpr double one_day = 86400e9;
constexpr std::int64_t most_turns = 1000;

// ------------------------------------------------------------------ routes

// One of a sequence of answers.
struct TurnDraft : StubRoute {
    std::optional<std::int64_t> times{};
};

const Table<TurnDraft>& turn_table() {
    static const Table<TurnDraft> table = [] {
        Table<TurnDraft> made{"an answer"};
        made.keys.push_back(key<TurnDraft>(
            "times", &TurnDraft::times,
            "how many requests get this one before the next; the last is for all that follow",
            {1.0, static_cast<double>(most_turns)}));
        for_each_field<StubRoute>([&](const auto& field) {
            auto spec = key_from(field);
            made.keys.push_back(custom_key<TurnDraft>(
                spec.name, spec.form, spec.doc,
                [read = spec.read](Reading& reading, const YamlNode& node, TurnDraft& out) {
                    return read(reading, node, out);
                }));
            made.keys.back().initial = spec.initial;
        });
        return made;
    }();
    return table;
}

Form routes_form() {
    Form list;
    list.kind = Form::Kind::list;
    list.of = {turn_table().form()};
    Form either;
    either.kind = Form::Kind::either;
    either.name = "answer, or answers in order";
    either.example = "{status: 503}";
    either.of = {Value<StubRoute>::form({}), std::move(list)};
    Form map;
    map.kind = Form::Kind::map;
    map.of = {std::move(either)};
    return map;
}

void check_route(Reading& reading, const YamlNode& node, const StubRoute& route) {
    const auto exclude = [&](std::string_view a, std::string_view b) {
        reading.error(node.find_pair(b)->key.at,
                      fmt::format("`{}` and `{}` exclude each other", a, b), "keep one of them");
    };
    if (route.body && route.body_size) exclude("body", "body_size");
    if (route.chunked && route.until_close) exclude("chunked", "until_close");
    if (route.on_expect == StubContinue::never && node.find("continue_after") != nullptr) {
        exclude("continue", "continue_after");
    }
}

// Answers in order: the last is the route's own, the others come before it.
bool read_turns(Reading& reading, const YamlPair& pair, StubRoute& out) {
    if (pair.value.items.empty()) {
        reading.error(pair.value.at,
                      fmt::format("the route {} has no answer", quote(pair.key.text)),
                      "write at least one, such as {status: 200}");
        return false;
    }
    bool good = true;
    std::vector<StubRoute> turns;
    for (const YamlNode& item : pair.value.items) {
        TurnDraft turn;
        if (!want_map(reading, pair.key.text, item) ||
            !read_map(reading, item, turn_table(), turn, "an answer")) {
            good = false;
            continue;
        }
        const bool last = &item == &pair.value.items.back();
        if (last && turn.times) {
            reading.error(item.find_pair("times")->key.at,
                          "`times` of the last answer, which is for all requests that follow",
                          "remove it, or write the answer that comes then behind it");
            good = false;
        }
        check_route(reading, item, turn);
        const StubRoute& route = turn;
        turns.insert(turns.end(), static_cast<std::size_t>(turn.times.value_or(1)), route);
    }
    if (!good) return false;
    out = std::move(turns.back());
    turns.pop_back();
    out.earlier = std::move(turns);
    return true;
}

bool read_routes(Reading& reading, const YamlNode& node, StubDraft& out) {
    if (!want_map(reading, "routes", node)) return false;
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        if (!pair.key.text.starts_with('/') && pair.key.text != "*") {
            reading.error(pair.key.at, fmt::format("{} is not a route", quote(pair.key.text)),
                          "a route is a path that begins with /, and a prefix where it ends in *");
            good = false;
            continue;
        }
        StubRoute& route = out.upstream.routes[pair.key.text];
        if (pair.value.is_list()) {
            good = read_turns(reading, pair, route) && good;
        } else if (Value<StubRoute>::read(reading, "routes", pair.value, {}, route)) {
            check_route(reading, pair.value, route);
        } else {
            good = false;
        }
    }
    return good;
}

// ------------------------------------------------------------------ models

void check_llm(Reading& reading, const YamlNode& node, const StubLlm& llm) {
    const YamlPair* end = node.find_pair("end");
    const YamlPair* error = node.find_pair("error");
    if (end != nullptr && !llm.stop_after) {
        reading.error(end->key.at, "`end` says what comes behind `stop_after`, which is not there",
                      "write stop_after: 20");
    } else if (error != nullptr && llm.end != LlmEnd::error) {
        reading.error(error->key.at, "`error` is the type of an error, and this stream has none",
                      "write end: error, with `stop_after`");
    }
    if (llm.stop_after && *llm.stop_after > llm.tokens) {
        reading.error(
            node.find_pair("stop_after")->key.at,
            fmt::format("`stop_after` lies behind the end: an answer has {} tokens", llm.tokens),
            "raise `tokens`");
    }
}

// Those that no connection of a TCP stub can show.
constexpr std::array<std::string_view, 8> http_keys{"routes",     "status",        "headers",
                                                    "chunked",    "until_close",   "continue",
                                                    "keep_alive", "continue_after"};

bool is_key_of_route(std::string_view name) {
    bool found = name == "routes";
    for_each_field<StubRoute>([&](const auto& field) { found = found || field.name == name; });
    return found;
}

}  // namespace

const Table<StubDraft>& stub_table() {
    static const Table<StubDraft> table = [] {
        Table<StubDraft> made{"a stub"};
        auto& keys = made.keys;
        keys.push_back(
            key<StubDraft>("port", &StubDraft::port,
                           "with `stub`: the port it listens on; by default the links'"));
        keys.push_back(custom_key<StubDraft>(
            "routes", routes_form(),
            "with `stub: http`: answers by path; a path that ends in * is a prefix. In a list, "
            "`times` says how many requests an answer is for",
            read_routes));
        const auto upstream = [&](std::string_view name, auto member, std::string_view doc,
                                  const Range& range = {}) {
            using Member = std::remove_cvref_t<decltype(std::declval<StubSpec>().*member)>;
            auto spec = custom_key<StubDraft>(
                name, Value<Member>::form(range), doc,
                [name, member, range](Reading& reading, const YamlNode& node, StubDraft& out) {
                    return Value<Member>::read(reading, name, node, range, out.upstream.*member);
                });
            spec.initial = initial_text(StubSpec{}.*member);
            keys.push_back(std::move(spec));
        };
        upstream("accept_delay", &StubSpec::accept_delay,
                 "with `stub`: wait before each connection is accepted", {{}, one_day});
        upstream("backlog", &StubSpec::backlog, "with `stub`: of listen(2)", {0.0, 65535.0});
        upstream("tls", &StubSpec::tls, "with `stub`: TLS; `{}` is one that works");
        upstream(
            "workers", &StubSpec::workers,
            "with `stub`: so many requests (TCP: connections) are served at a time; others are "
            "read, and wait",
            {1.0, 1e5});
        upstream("queue", &StubSpec::queue, "with `stub`: so many wait for a worker at the most",
                 {0.0, 1e6});
        upstream(
            "queue_full", &StubSpec::queue_full,
            "with `queue`: leave connections in the kernel's `backlog` beyond as many as can be "
            "served and wait, or `refuse` requests with 503 (TCP: a FIN)");
        upstream("keep_alive", &StubSpec::keep_alive,
                 "with `stub: http` or `llm`: how connections end that could be used again");
        upstream("llm", &StubSpec::llm, "with `stub: llm`: what the model answers, and when");
        for_each_field<StubRoute>([&](const auto& field) {
            auto spec = key_from(field);
            keys.push_back(custom_key<StubDraft>(
                spec.name, spec.form, spec.doc,
                [read = spec.read](Reading& reading, const YamlNode& node, StubDraft& out) {
                    return read(reading, node, out.upstream.all);
                }));
            keys.back().initial = spec.initial;
        });
        return made;
    }();
    return table;
}

bool check_stub_key(Reading& reading, const YamlNode& key, StubKind kind) {
    const std::string_view name = key.text;
    const bool http = std::find(http_keys.begin(), http_keys.end(), name) != http_keys.end();
    if (kind == StubKind::tcp && http) {
        reading.error(key.at,
                      fmt::format("`{}` is about HTTP, and this stub speaks TCP alone", name),
                      "write stub: http, or remove it");
        return false;
    }
    if (kind == StubKind::llm && is_key_of_route(name)) {
        reading.error(key.at,
                      fmt::format("`{}` is not for a model, which answers as `llm` says", name),
                      "write stub: http, or remove it");
        return false;
    }
    if (kind != StubKind::llm && name == "llm") {
        reading.error(key.at, "`llm` is about a model, and this stub is none",
                      "write stub: llm, or remove it");
        return false;
    }
    return true;
}

void check_stub(Reading& reading, const YamlNode& node, const StubDraft& draft) {
    check_route(reading, node, draft.upstream.all);
    if (const YamlNode* llm = node.find("llm")) check_llm(reading, *llm, draft.upstream.llm);
    const YamlPair* full = node.find_pair("queue_full");
    if (full != nullptr && !draft.upstream.queue) {
        reading.error(full->key.at,
                      "`queue_full` says what a full queue does, and this one is never full",
                      "write queue: 16");
    }
}

}  // namespace etimedout
