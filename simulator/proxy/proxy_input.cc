// Bodies of the API: what they ask for, checked in Toxiproxy's order and with its texts.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "simulator/proxy/json_input.hh"
#include "simulator/proxy/proxy_model.hh"

namespace etimedout {

namespace json = boost::json;

namespace {

std::optional<Way> way_of(std::string_view stream) {
    if (same_key(stream, "upstream")) return Way::up;
    if (same_key(stream, "downstream")) return Way::down;
    return std::nullopt;
}

void read_toxicity(const JsonObject& object, float& into) {
    double value = into;
    object.read("toxicity", value);
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) {
        throw ApiError{400, "`toxicity` must be a number from 0 to 1", object.place_of("toxicity")};
    }
    into = narrow;
}

void read_attributes(const JsonObject& object, Toxic& toxic) {
    const json::value none;
    const json::value* value = object.find("attributes");
    const JsonObject attributes{value != nullptr ? *value : none, object.place_of("attributes")};
    std::visit([&](auto& t) { read_fields(attributes, t); }, toxic);
    const std::string conflict = conflict_of(toxic);
    if (!conflict.empty()) throw ApiError{400, conflict, object.place_of("attributes")};
}

void read_selectors(const JsonObject& object, ToxicRow& toxic) {
    read_fields(object, toxic.selectors);
    if (!toxic.selectors.source) {
        toxic.sources = SourceRanges{};
        return;
    }
    const Result<SourceRanges> ranges = SourceRanges::parse(*toxic.selectors.source);
    if (!ranges) {
        const Problem& problem = ranges.error();
        throw ApiError{400,
                       fmt::format("`source`: {}{}{}", problem.message,
                                   problem.advice.empty() ? "" : "; ", problem.advice),
                       object.place_of("source")};
    }
    toxic.sources = ranges.value();
}

void read_protocol(const JsonObject& object, ProxyInput& proxy) {
    object.read("protocol", proxy.protocol);
    std::optional<std::int64_t> idle;
    object.read("idle_timeout_ms", idle);
    if (!idle) return;
    const std::string place = object.place_of("idle_timeout_ms");
    if (proxy.protocol != Protocol::udp) {
        throw ApiError{400, "`idle_timeout_ms` is for proxies whose protocol is udp", place};
    }
    check_range(*idle, "idle_timeout_ms", 1, toxic::year_in_ms, object);
    proxy.idle_timeout_ms = *idle;
}

void read_toxics(const JsonObject& object, ProxyInput& proxy) {
    const json::value* list = object.find("toxics");
    if (list == nullptr || list->is_null()) return;
    const std::string place = object.place_of("toxics");
    if (!list->is_array()) wrong_type(*list, "a list", {"toxics", place});
    std::size_t index = 0;
    for (const json::value& item : list->get_array()) {
        const std::string spot = fmt::format("{}/{}", place, index++);
        ToxicRow toxic = read_toxic(item, proxy.toxics, spot);
        check_protocol(toxic, proxy.protocol, spot);
        insert_toxic(proxy.toxics, std::move(toxic));
    }
}

ProxyInput read_proxy_at(const json::value& body, std::string place) {
    ProxyInput proxy;
    proxy.place = place;
    const JsonObject object{body, std::move(place)};
    object.read("name", proxy.name);
    object.read("listen", proxy.listen);
    object.read("upstream", proxy.upstream);
    object.read("enabled", proxy.enabled);
    return proxy;
}

void check_required(const ProxyInput& proxy, const std::string& where) {
    const auto missing = [&](std::string_view field) {
        throw ApiError{400, fmt::format("missing required field: {}{}", field, where), proxy.place};
    };
    if (proxy.name.empty()) missing("name");
    if (proxy.upstream.empty()) missing("upstream");
}

}  // namespace

ProxyInput read_proxy(const json::value& body) {
    ProxyInput proxy = read_proxy_at(body, {});
    check_required(proxy, {});
    const JsonObject object{body, {}};
    read_protocol(object, proxy);
    read_toxics(object, proxy);
    return proxy;
}

std::vector<ProxyInput> read_proxies(const json::value& body) {
    std::vector<ProxyInput> proxies;
    if (body.is_null()) return proxies;
    if (!body.is_array()) wrong_type(body, "a list of proxies", {"body", std::string{}});
    for (const json::value& item : body.get_array()) {
        proxies.push_back(read_proxy_at(item, fmt::format("/{}", proxies.size())));
    }
    for (std::size_t i = 0; i < proxies.size(); ++i) {
        check_required(proxies[i], fmt::format(" at proxy {}", i + 1));
    }
    for (std::size_t i = 0; i < proxies.size(); ++i) {
        const JsonObject object{body.get_array()[i], proxies[i].place};
        try {
            read_protocol(object, proxies[i]);
            read_toxics(object, proxies[i]);
        } catch (const ApiError& error) {
            throw ApiError{error.status(), fmt::format("{} at proxy {}", error.what(), i + 1),
                           error.place()};
        }
    }
    return proxies;
}

ProxyChange read_change(const json::value& body) {
    const JsonObject object{body, {}};
    ProxyChange change;
    object.read("listen", change.listen);
    object.read("upstream", change.upstream);
    object.read("enabled", change.enabled);
    object.read("protocol", change.protocol);
    object.read("idle_timeout_ms", change.idle_timeout_ms);
    return change;
}

void check_protocol(const ToxicRow& toxic, Protocol protocol, const std::string& place) {
    if (is_for(toxic.toxic, protocol)) return;
    std::string protocols;
    for (const auto& [word, one] : Words<Protocol>::words) {
        if (is_for(toxic.toxic, one))
            protocols += (protocols.empty() ? "" : " or ") + std::string{word};
    }
    throw ApiError{400,
                   fmt::format("toxic type `{}` is for proxies whose protocol is {}, not {}",
                               kind_of(toxic.toxic), protocols, word_of(protocol)),
                   place + "/type"};
}

ToxicRow read_toxic(const json::value& body, const std::vector<ToxicRow>& others,
                    const std::string& place) {
    const JsonObject object{body, place};
    ToxicRow toxic;
    std::string type;
    toxic.stream = "downstream";
    object.read("name", toxic.name);
    object.read("type", type);
    object.read("stream", toxic.stream);
    read_toxicity(object, toxic.toxicity);
    const std::optional<Way> way = way_of(toxic.stream);
    if (!way) {
        throw ApiError{400, "stream was invalid, can be either upstream or downstream",
                       object.place_of("stream")};
    }
    toxic.way = *way;
    const std::optional<Toxic> kind = toxic_of(type);
    if (!kind) throw ApiError{400, "invalid toxic type", object.place_of("type")};
    toxic.toxic = *kind;
    if (toxic.name.empty()) toxic.name = fmt::format("{}_{}", type, toxic.stream);
    const bool taken = std::any_of(others.begin(), others.end(),
                                   [&](const ToxicRow& other) { return other.name == toxic.name; });
    if (taken) throw ApiError{409, "toxic already exists", object.place_of("name")};
    read_attributes(object, toxic.toxic);
    read_selectors(object, toxic);
    return toxic;
}

ToxicRow read_toxic_change(const json::value& body, ToxicRow toxic) {
    const JsonObject object{body, {}};
    read_toxicity(object, toxic.toxicity);
    read_attributes(object, toxic.toxic);
    read_selectors(object, toxic);
    return toxic;
}

void insert_toxic(std::vector<ToxicRow>& toxics, ToxicRow toxic) {
    const auto behind = toxic.way == Way::down
                            ? toxics.end()
                            : std::find_if(toxics.begin(), toxics.end(), [](const ToxicRow& other) {
                                  return other.way == Way::down;
                              });
    toxics.insert(behind, std::move(toxic));
}

}  // namespace etimedout
