// The keys of an expectation that are models, and what each of them wants.
#include "harness/scenario/model_tables.hh"

#include <algorithm>

#include "harness/scenario/bounds.hh"
#include "harness/scenario/expectation_table.hh"

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 5> parts_of_a_request{"method", "path", "headers",
                                                             "idempotency_key", "size"};

bool read_same(Reading& reading, const YamlNode& node, RetriesBound& out) {
    if (node.is_scalar()) {
        bool all = false;
        if (!Value<bool>::read(reading, "same", node, {}, all)) return false;
        if (all) out.same = {"method", "path"};
        return true;
    }
    if (!want_list(reading, "same", node)) return false;
    bool good = true;
    for (const YamlNode& item : node.items) {
        const bool known =
            item.is_scalar() && std::find(parts_of_a_request.begin(), parts_of_a_request.end(),
                                          item.text) != parts_of_a_request.end();
        if (known) {
            out.same.push_back(item.text);
        } else {
            not_a_word(reading, "same", item,
                       {parts_of_a_request.begin(), parts_of_a_request.end()});
            good = false;
        }
    }
    return good;
}

Form same_form() {
    Form list;
    list.kind = Form::Kind::list;
    list.of.push_back(words_form({parts_of_a_request.begin(), parts_of_a_request.end()}));
    Form either;
    either.kind = Form::Kind::either;
    either.name = "true, or a list of words";
    either.of = {Value<bool>::form({}), list};
    return either;
}

const Table<RetriesBound>& retries_table() {
    static const Table<RetriesBound> table{
        "`retries`",
        {custom_key<RetriesBound>("of", words_form({"connections", "requests"}), "what is counted",
                                  [](Reading& reading, const YamlNode& node, RetriesBound& out) {
                                      out.of = node.text == "requests" ? CountedUnit::requests
                                                                       : CountedUnit::connections;
                                      if (node.is_scalar() &&
                                          (node.text == "requests" || node.text == "connections")) {
                                          return true;
                                      }
                                      not_a_word(reading, "of", node, {"connections", "requests"});
                                      return false;
                                  }),
         key<RetriesBound>("count", &RetriesBound::count, "how many beyond the first attempt"),
         key<RetriesBound>("gaps", &RetriesBound::gaps,
                           "from the end of one attempt to the start of the next, in order"),
         custom_key<RetriesBound>(
             "same", same_form(),
             "what all have in common; true: method and path. Not counted among the headers are "
             "those of one hop, of tracing, and the date",
             read_same),
         key<RetriesBound>(
             "jitter", &RetriesBound::jitter,
             "of pauses that grow from `base` by `factor` up to `cap`, their ceiling: "
             "`none`; `full`, from 0; `equal`, from half of it; `proportional`, give "
             "or take `spread`; `decorrelated`, from `base` to `factor` times the "
             "pause before. Each gap is in the range that follows (as a bare duration "
             "has it, 50 ms or 10 % more), and with jitter they are no fixed series"),
         key<RetriesBound>("base", &RetriesBound::base, "with `jitter`: the first ceiling"),
         key<RetriesBound>("cap", &RetriesBound::cap, "with `jitter`: the highest ceiling"),
         key<RetriesBound>("factor", &RetriesBound::factor,
                           "with `jitter`: from one ceiling to the next; 2, of `decorrelated` 3",
                           {1, 1000}),
         key<RetriesBound>("spread", &RetriesBound::spread,
                           "with `jitter: proportional`: half of the range, as a share"),
         key<RetriesBound>("retry_after", &RetriesBound::retry_after,
                           "each gap is at least what Retry-After (or Retry-After-Ms) of the "
                           "answer before asked for; one at least asked")}};
    return table;
}

bool read_retries(Reading& reading, const YamlNode& node, Expectation& out) {
    if (!want_map(reading, "retries", node)) return false;
    RetriesBound& retries = out.retries.emplace();
    if (!read_map(reading, node, retries_table(), retries, "`retries`")) return false;
    if (!retries.count && retries.gaps.empty() && retries.same.empty() && !retries.jitter &&
        !retries.retry_after) {
        reading.error(node.at, "`retries` expects nothing",
                      "add count: 2, gaps: […], same: true, jitter: full or retry_after: true");
        return false;
    }
    for (const std::string_view name : {std::string_view{"base"}, std::string_view{"cap"},
                                        std::string_view{"factor"}, std::string_view{"spread"}}) {
        if (retries.jitter || node.find(name) == nullptr) continue;
        reading.error(node.find_pair(name)->key.at, fmt::format("`{}` belongs to `jitter`", name),
                      "write jitter: full, base: 100ms, cap: 10s");
        return false;
    }
    if (retries.jitter && !retries.base) {
        reading.error(node.find_pair("jitter")->key.at, "`jitter` needs the first pause",
                      "add base: 100ms");
        return false;
    }
    if (retries.retry_after && retries.of == CountedUnit::connections) {
        reading.error(node.find_pair("retry_after")->key.at,
                      "`retry_after` is about requests, and connections are counted",
                      "add of: requests");
        return false;
    }
    return true;
}

template <class M>
KeySpec<Expectation> model(unsigned places, std::string_view name, M Expectation::*member,
                           std::string_view doc) {
    KeySpec<Expectation> spec = key<Expectation>(name, member, doc);
    spec.places = places;
    return spec;
}

// A key that is one bound of `stream`.
template <class M>
KeySpec<Expectation> of_stream(std::string_view name, M StreamBound::*member,
                               std::string_view doc) {
    KeySpec<Expectation> spec = custom_key<Expectation>(
        name, Value<M>::form({}), doc,
        [name, member](Reading& reading, const YamlNode& node, Expectation& out) {
            return Value<M>::read(reading, name, node, {}, out.stream.*member);
        });
    spec.places = places::call;
    return spec;
}

bool expects_something(Reading& reading, const YamlNode& node, std::string_view name, bool says,
                       std::string_view advice) {
    if (says) return true;
    reading.error(node.find(name)->at, fmt::format("`{}` expects nothing", name),
                  std::string{advice});
    return false;
}

// The names in a list below a model's key, and how many there must be at least.
bool check_links(Reading& reading, const YamlNode& node, std::string_view name,
                 std::string_view list) {
    const YamlNode* links = node.find(name)->find(list);
    if (links == nullptr || !links->is_list()) return links == nullptr;
    return std::all_of(links->items.begin(), links->items.end(), [&](const YamlNode& link) {
        return reading.check_name(link, {NameKind::link}, "link");
    });
}

bool check_fault_of(Reading& reading, const YamlNode& node, std::string_view name) {
    const YamlNode* fault = node.find(name)->find("while");
    return fault == nullptr || reading.check_name(*fault, {NameKind::fault}, "fault");
}

bool check_breaker(Reading& reading, const YamlNode& node, const Expectation& expectation) {
    const BreakerBound& bound = *expectation.breaker;
    if (!expects_something(
            reading, node, "breaker",
            bound.opens_after || bound.while_open || bound.half_open_after || bound.trials,
            "add opens_after: 5, while_open: {status: 503}, half_open_after: 10s or trials: 1")) {
        return false;
    }
    const YamlNode& breaker = *node.find("breaker");
    if (!expectation.of) {
        reading.error(node.find_pair("breaker")->key.at,
                      "`breaker` wants to know which calls it may refuse",
                      "add of: CALL, and look at a link behind the breaker");
        return false;
    }
    if (bound.while_open && bound.while_open->forwarded && !bound.half_open_after) {
        reading.error(breaker.find("while_open")->find_pair("forwarded")->key.at,
                      "`forwarded` needs to know how long it is open",
                      "add half_open_after: 10s to `breaker`");
        return false;
    }
    return true;
}

bool check_budget(Reading& reading, const YamlNode& node, const Expectation& expectation) {
    const YamlNode& links = *node.find("budget")->find("inner_first");
    if (expectation.budget->inner_first.size() < 2) {
        reading.error(links.at, "a budget is of two links at least",
                      "write inner_first: [up, front]");
        return false;
    }
    return check_links(reading, node, "budget", "inner_first");
}

bool check_remedies(Reading& reading, const YamlNode& node, const Expectation& it) {
    bool good = true;
    if (it.bulkhead) {
        const BulkheadBound& bound = *it.bulkhead;
        good = expects_something(reading, node, "bulkhead",
                                 bound.success || bound.longest || bound.slower_by,
                                 "add success: 100%, longest: 50ms or slower_by: {at_most: 5ms}") &&
               check_fault_of(reading, node, "bulkhead");
    }
    if (it.degraded) {
        const DegradedBound& bound = *it.degraded;
        good =
            expects_something(reading, node, "degraded", bound.status || bound.body || bound.within,
                              "add status: 200, body: {contains: …} or within: 300ms") &&
            check_fault_of(reading, node, "degraded") && good;
    }
    if (it.pool) {
        good = expects_something(reading, node, "pool",
                                 it.pool->size || it.pool->reuse || it.pool->idle,
                                 "add size: {at_most: 5}, reuse: {at_least: 90%} or idle: 10s") &&
               good;
    }
    if (it.hedge) {
        good = expects_something(reading, node, "hedge",
                                 it.hedge->after || it.hedge->count || it.hedge->cancels_loser,
                                 "add after: 50ms, count: 1 or cancels_loser: true") &&
               check_links(reading, node, "hedge", "also") && good;
    }
    return good;
}

}  // namespace

KeySpec<Expectation> retries_key() {
    KeySpec<Expectation> spec = custom_key<Expectation>("retries", retries_table().form(),
                                                        "attempts in a row", read_retries);
    spec.places = places::link;
    return spec;
}

void add_model_keys(std::vector<KeySpec<Expectation>>& keys) {
    using places::call;
    using places::link;
    keys.push_back(model(call | link, "stream", &Expectation::stream,
                         "a body that comes piece by piece: an event stream, or one that has no "
                         "length; at a link, of each response"));
    keys.push_back(of_stream("end_marker", &StreamBound::end_marker,
                             "what ends a stream, as in `stream`; beside `completeness`, a stream "
                             "that has it is complete, and one without it is silently cut unless "
                             "it is cut"));
    keys.push_back(of_stream("first_event", &StreamBound::first_event, "as in `stream`"));
    keys.push_back(of_stream("largest_gap", &StreamBound::largest_gap, "as in `stream`"));
    keys.push_back(of_stream("idle_before_end", &StreamBound::idle_before_end, "as in `stream`"));
    keys.push_back(of_stream("events", &StreamBound::events, "as in `stream`"));
    keys.push_back(model(link, "breaker", &Expectation::breaker,
                         "a circuit breaker before this link, `of` the calls that it refuses"));
    keys.push_back(model(call, "budget", &Expectation::budget,
                         "time limits that nest: in trouble the inner links are given up first, "
                         "and the outermost is answered"));
    keys.push_back(model(call | link, "bulkhead", &Expectation::bulkhead,
                         "what a fault elsewhere must not harm"));
    keys.push_back(model(link, "pool", &Expectation::pool, "a pool of connections over this link"));
    keys.push_back(model(link, "hedge", &Expectation::hedge,
                         "requests that are sent again before the first has failed"));
    keys.push_back(model(link, "rate_limit", &Expectation::rate_limit,
                         "how many requests are let through, at a link before the limiter"));
    keys.push_back(model(call, "degraded", &Expectation::degraded,
                         "a fallback instead of an error, while what is needed fails"));
    keys.push_back(model(link, "health_check", &Expectation::health_check,
                         "checks of the callee, and what follows from them"));
    keys.push_back(model(link | places::node, "dns_cache", &Expectation::dns_cache,
                         "a client's cache of names; at a link, of the node at its near end"));
}

bool check_models(Reading& reading, const YamlNode& node, const Expectation& it) {
    bool good = true;
    if (it.breaker) good = check_breaker(reading, node, it) && good;
    if (it.budget) good = check_budget(reading, node, it) && good;
    good = check_remedies(reading, node, it) && good;
    if (it.health_check) {
        const HealthCheckBound& bound = *it.health_check;
        good = expects_something(
                   reading, node, "health_check",
                   bound.every || bound.unhealthy_after || bound.healthy_after || bound.lies,
                   "add every: 2s, unhealthy_after: 3, healthy_after: 2 or lies: false") &&
               good;
    }
    if (it.dns_cache) {
        const DnsCacheBound& bound = *it.dns_cache;
        good = expects_something(reading, node, "dns_cache",
                                 bound.queries || bound.obeys_ttl || bound.stale_for,
                                 "add queries: 1, obeys_ttl: true or stale_for: {at_most: 1s}") &&
               good;
    }
    if (node.find("stream") != nullptr) {
        good = expects_something(reading, node, "stream", !it.stream.empty(),
                                 "add first_event: 200ms, events: 20 or end_marker: [DONE]") &&
               good;
    }
    return good;
}

}  // namespace etimedout
