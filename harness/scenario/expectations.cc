// Expectations: reading one, and checking its keys against the place it looks at.
#include "harness/scenario/expectations.hh"

#include <algorithm>

#include "harness/scenario/bounds.hh"
#include "harness/scenario/expectation_table.hh"
#include "harness/scenario/model_tables.hh"

namespace etimedout {

namespace {

bool read_expectation(Reading& reading, const YamlNode& node, const Expectation* outer,
                      Expectation& out);

// any_of and all_of: alternatives look where the whole looks, unless they say otherwise.
bool read_parts(Reading& reading, std::string_view key, const YamlNode& node,
                const Expectation& outer, std::vector<Expectation>& out) {
    if (!want_list(reading, key, node)) return false;
    if (node.items.empty()) {
        reading.error(node.at, fmt::format("`{}` of nothing", key),
                      "write at least one expectation");
        return false;
    }
    bool good = true;
    for (const YamlNode& item : node.items) {
        good = read_expectation(reading, item, &outer, out.emplace_back()) && good;
    }
    return good;
}

unsigned place_of(NameKind kind) {
    switch (kind) {
        case NameKind::call:
            return places::call;
        case NameKind::link:
            return places::link;
        case NameKind::node:
            return places::node;
        case NameKind::fault:
            return places::fault;
        case NameKind::step:
            return 0;
    }
    return 0;
}

// What `at` names, as a set of one bit; 0 where it names nothing that can be looked at.
unsigned check_at(Reading& reading, const YamlNode* at, const std::string& name) {
    if (at != nullptr &&
        !reading.check_name(*at, {NameKind::call, NameKind::link, NameKind::node, NameKind::fault},
                            "place")) {
        return 0;
    }
    const NameUse* use = reading.find(name);
    return use != nullptr ? place_of(use->kind) : 0;
}

bool check_places(Reading& reading, const YamlNode& node, const std::string& at, unsigned place) {
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const auto* key = expectation_table().find(pair.key.text);
        if (key == nullptr || key->places == 0 || (key->places & place) != 0) continue;
        const NameUse* use = reading.find(at);
        reading.error(
            pair.key.at,
            fmt::format("`{}` is a fact of {}, and `{}` is {}", key->name,
                        words_of_places(key->places), at,
                        use != nullptr ? with_article(use->kind) : "none"),
            fmt::format("keys at {}: {}", use != nullptr ? with_article(use->kind) : "this place",
                        fmt::join(keys_at(place), ", ")));
        good = false;
    }
    return good;
}

// Selectors of traffic name steps.
bool check_references(Reading& reading, const YamlNode& node) {
    bool good = true;
    for (const std::string_view key : {std::string_view{"of"}, std::string_view{"during"}}) {
        if (const YamlNode* call = node.find(key)) {
            good = reading.check_name(*call, {NameKind::call}, "call") && good;
        }
    }
    if (const YamlNode* since = node.find("since")) {
        good =
            reading.check_name(*since, {NameKind::call, NameKind::fault, NameKind::step}, "step") &&
            good;
    }
    return good;
}

// closed: {by, since} name a node of the link, and a moment or a step.
bool check_closed(Reading& reading, const YamlNode& node, const std::string& at) {
    const YamlNode* closed = node.find("closed");
    if (closed == nullptr) return true;
    bool good = true;
    if (const YamlNode* by = closed->find("by")) {
        const LinkSpec* link = reading.topology.link(at);
        if (!reading.check_name(*by, {NameKind::node}, "node")) {
            good = false;
        } else if (link != nullptr && by->text != link->from && by->text != link->to) {
            reading.error(by->at,
                          fmt::format("the node `{}` is at no end of the link `{}`", by->text, at),
                          fmt::format("its ends are {} and {}", link->from, link->to));
            good = false;
        }
    }
    if (const YamlNode* since = closed->find("since")) {
        const std::vector<std::string_view> moments{"request", "last_byte", "connect"};
        const NameUse* use = reading.find(since->text);
        const bool step =
            use != nullptr && use->kind != NameKind::node && use->kind != NameKind::link;
        if (!step && std::find(moments.begin(), moments.end(), since->text) == moments.end()) {
            auto known = moments;
            for (const auto name :
                 reading.names({NameKind::call, NameKind::fault, NameKind::step})) {
                known.push_back(name);
            }
            reading.error(since->at, fmt::format("`since` cannot be {}", quote(since->text)),
                          suggest(since->text, known, "moments and steps"));
            good = false;
        }
    }
    return good;
}

// Keys that select or explain, and hold nothing by themselves.
bool is_aside(std::string_view key) {
    static constexpr std::array<std::string_view, 7> asides{"at",     "of",     "during", "since",
                                                            "settle", "ignore", "because"};
    return std::find(asides.begin(), asides.end(), key) != asides.end() || key == "within";
}

bool check_order(Reading& reading, const YamlNode& node, const Expectation& out) {
    if (out.within && !out.eventually) {
        reading.error(node.find_pair("within")->key.at, "`within` belongs to `eventually`",
                      "write eventually: {event: …}, within: 30s");
        return false;
    }
    return true;
}

// `requests: {at_most: 5}, in_any: 1s` bounds the peak: not all requests, but those of any second.
bool settle_peak(Reading& reading, const YamlNode& node, Expectation& out) {
    const YamlNode* window = node.find("in_any");
    if (window == nullptr || !window->is_scalar() || !out.in_any) return true;
    const auto requests = out.counts.find("requests");
    const auto attempts = out.counts.find("attempts");
    if ((requests == out.counts.end()) == (attempts == out.counts.end())) {
        reading.error(window->at,
                      "`in_any` of a duration is about `requests` or `attempts` beside it",
                      fmt::format("write requests: {{at_most: 5}}, in_any: {}", window->text));
        return false;
    }
    const bool of_requests = requests != out.counts.end();
    out.in_any->of = of_requests ? CountedUnit::requests : CountedUnit::connections;
    const auto counted = of_requests ? requests : attempts;
    out.in_any->count = counted->second;
    out.counts.erase(counted);
    return true;
}

bool read_expectation(Reading& reading, const YamlNode& node, const Expectation* outer,
                      Expectation& out) {
    if (!node.is_map()) {
        reading.error(node.at, fmt::format("an expectation is a map, not {}", what_stands(node)),
                      "write - {at: c1, status: 200}");
        return false;
    }
    out.where = reading.source().where(node.pairs.empty() ? node.at : node.pairs.front().key.at);
    out.text = to_flow(node);
    if (outer != nullptr) {
        out.at = outer->at;
        out.of = outer->of;
        out.during = outer->during;
        out.since = outer->since;
    }
    bool good = read_map(reading, node, expectation_table(), out, "an expectation");
    const bool says = std::any_of(node.pairs.begin(), node.pairs.end(),
                                  [](const YamlPair& pair) { return !is_aside(pair.key.text); });
    if (!says) {
        reading.error(node.at, "this expectation expects nothing",
                      "add a key such as status, outcome, attempts or total");
        return false;
    }
    good = check_references(reading, node) && good;
    good = check_order(reading, node, out) && good;
    good = settle_peak(reading, node, out) && good;
    static constexpr std::array<std::string_view, 6> order_keys{"sequence", "never",  "eventually",
                                                                "always",   "any_of", "all_of"};
    const bool order = std::any_of(order_keys.begin(), order_keys.end(),
                                   [&](std::string_view key) { return node.find(key) != nullptr; });
    if (out.at.empty() && node.find("at") == nullptr) {
        const bool needs_place =
            !order || std::any_of(node.pairs.begin(), node.pairs.end(), [](const YamlPair& pair) {
                const auto* key = expectation_table().find(pair.key.text);
                return key != nullptr && key->places != 0;
            });
        if (needs_place) {
            missing_key(reading, node.at, "an expectation", "at",
                        "the call, link, node or fault it looks at", "c1");
            return false;
        }
    } else if (const unsigned place = check_at(reading, node.find("at"), out.at); place != 0) {
        good = check_places(reading, node, out.at, place) && good;
        good = check_closed(reading, node, out.at) && good;
        good = (!good || check_models(reading, node, out)) && good;
    } else {
        good = false;
    }
    if (const YamlNode* parts = node.find("any_of")) {
        good = read_parts(reading, "any_of", *parts, out, out.any_of) && good;
    }
    if (const YamlNode* parts = node.find("all_of")) {
        good = read_parts(reading, "all_of", *parts, out, out.all_of) && good;
    }
    return good;
}

// A reason in a comment: on one of the lines of the expectation, or alone on the line above.
bool has_comment(const SourceText& source, std::uint32_t line) {
    const auto after_blank = [](std::string_view text) {
        for (std::size_t at = text.find('#'); at != std::string_view::npos;
             at = text.find('#', at + 1)) {
            if (at == 0 || text[at - 1] == ' ' || text[at - 1] == '\t') return true;
        }
        return false;
    };
    if (after_blank(source.line(line))) return true;
    if (line < 2) return false;
    const std::string_view above = source.line(line - 1);
    const auto first = above.find_first_not_of(" \t");
    return first != std::string_view::npos && above.substr(first).starts_with('#');
}

}  // namespace

void read_expectations(Reading& reading, const YamlNode& root, std::vector<Expectation>& out) {
    const YamlNode* expect = root.find("expect");
    if (expect == nullptr || expect->kind == YamlKind::null ||
        (expect->is_list() && expect->items.empty())) {
        const YamlPair* pair = root.find_pair("expect");
        reading.warning(pair != nullptr ? pair->key.at : root.at,
                        "nothing is expected, so this scenario cannot fail",
                        "write expect: [{at: CALL, outcome: ok}]");
        return;
    }
    if (!want_list(reading, "expect", *expect)) return;
    for (const YamlNode& item : expect->items) {
        const std::size_t before = reading.warnings().size();
        Expectation read;
        read_expectation(reading, item, nullptr, read);
        const bool reason = !read.because.empty() || has_comment(reading.source(), item.at.line);
        reading.drop_warnings(before, [&](const ScenarioError& warning) {
            return reason ||
                   has_comment(reading.source(), static_cast<std::uint32_t>(warning.where.line));
        });
        out.push_back(std::move(read));
    }
}

Form expectation_form() {
    Form object = expectation_table().form();
    for (KeyForm& key : object.keys) {
        const auto* spec = expectation_table().find(key.name);
        if (spec != nullptr) key.where = words_of_places(spec->places);
    }
    return object;
}

}  // namespace etimedout
