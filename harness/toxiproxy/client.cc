// Carries out what a user wants of a running proxy server, and prints what came of it.
#include "harness/toxiproxy/client.hh"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "harness/toxiproxy/api.hh"
#include "harness/toxiproxy/rows.hh"
#include "simulator/proxy/proxy_config.hh"

namespace etimedout {

namespace {

namespace json = boost::json;

// A member as text; nothing where it is absent or null.
std::string text_of(const json::value& object, std::string_view name) {
    const json::object* members = object.if_object();
    const json::value* value = members == nullptr ? nullptr : members->if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    if (const json::string* text = value->if_string()) return std::string{*text};
    if (const double* number = value->if_double()) return fmt::format("{}", *number);
    return json::serialize(*value);
}

const json::array& array_of(const json::value& object, std::string_view name) {
    static const json::array none;
    const json::object* members = object.if_object();
    const json::value* value = members == nullptr ? nullptr : members->if_contains(name);
    const json::array* array = value == nullptr ? nullptr : value->if_array();
    return array == nullptr ? none : *array;
}

// "100" is a whole number, "1e2" too, as Go's client sends them; what is no number is a word.
json::value attribute_value(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    std::int64_t whole = 0;
    double number = 0;
    const char* last = text.data() + text.size();
    if (const auto read = std::from_chars(text.data(), last, whole);
        read.ec == std::errc{} && read.ptr == last) {
        return whole;
    }
    if (const auto read = std::from_chars(text.data(), last, number);
        read.ec != std::errc{} || read.ptr != last) {
        return json::value(text);
    }
    if (std::abs(number) < 1e15 && number == std::trunc(number)) {
        return static_cast<std::int64_t>(number);
    }
    return number;
}

json::object attributes_json(const ToxicAttributes& attributes) {
    json::object object;
    for (const auto& [name, text] : attributes) object[name] = attribute_value(text);
    return object;
}

std::string proxy_path(const std::string& proxy) { return "/proxies/" + path_segment(proxy); }

std::string toxic_path(const std::string& proxy, const std::string& toxic) {
    return proxy_path(proxy) + "/toxics/" + path_segment(toxic);
}

// The columns of toxiproxy-cli, so that scripts which cut them go on working.
std::vector<std::string> proxy_row(const json::value& proxy) {
    return {text_of(proxy, "name"), text_of(proxy, "listen"), text_of(proxy, "upstream"),
            text_of(proxy, "enabled") == "true" ? "enabled" : "disabled",
            std::to_string(array_of(proxy, "toxics").size())};
}

Rows rows_of_proxies(std::vector<json::value> proxies) {
    std::sort(proxies.begin(), proxies.end(),
              [](const json::value& left, const json::value& right) {
                  return text_of(left, "name") < text_of(right, "name");
              });
    Rows rows{{"NAME", "LISTEN", "UPSTREAM", "STATE", "TOXICS"},
              {},
              "no proxies; `etimedout proxy create` makes one"};
    for (const json::value& proxy : proxies) rows.rows.push_back(proxy_row(proxy));
    return rows;
}

std::vector<std::pair<std::string, std::string>> sorted_attributes(const json::value& toxic) {
    std::vector<std::pair<std::string, std::string>> attributes;
    const json::object* members = toxic.if_object();
    const json::value* value = members == nullptr ? nullptr : members->if_contains("attributes");
    if (value != nullptr && value->is_object()) {
        for (const auto& attribute : value->get_object()) {
            const std::string name{attribute.key()};
            attributes.emplace_back(name, text_of(*value, name));
        }
    }
    std::sort(attributes.begin(), attributes.end());
    return attributes;
}

double toxicity_of(const json::value& toxic) {
    const json::object* members = toxic.if_object();
    const json::value* value = members == nullptr ? nullptr : members->if_contains("toxicity");
    if (value == nullptr || !value->is_number()) return 1;
    return value->to_number<double>();
}

// As toxiproxy-cli writes one where nobody looks: name, type=, stream=, toxicity=, attributes=[…].
std::string toxic_line(const json::value& toxic) {
    std::string line =
        fmt::format("{}\ttype={}\tstream={}\ttoxicity={:.2f}\tattributes=[", text_of(toxic, "name"),
                    text_of(toxic, "type"), text_of(toxic, "stream"), toxicity_of(toxic));
    for (const auto& [name, value] : sorted_attributes(toxic)) {
        line += fmt::format("\t{}={}", name, value);
    }
    return line + "\t]\n";
}

std::string toxics_text(const json::array& toxics, RowStyle style) {
    if (style == RowStyle::tabs) {
        std::string text;
        for (const json::value& toxic : toxics) text += toxic_line(toxic);
        return text;
    }
    Rows rows{{"TOXIC", "TYPE", "STREAM", "TOXICITY", "ATTRIBUTES"},
              {},
              "no toxics; `etimedout proxy toxic add` makes one"};
    for (const json::value& toxic : toxics) {
        std::string attributes;
        for (const auto& [name, value] : sorted_attributes(toxic)) {
            attributes += fmt::format("{}{}={}", attributes.empty() ? "" : " ", name, value);
        }
        rows.rows.push_back({text_of(toxic, "name"), text_of(toxic, "type"),
                             text_of(toxic, "stream"), fmt::format("{:g}", toxicity_of(toxic)),
                             attributes});
    }
    return shown(rows, style);
}

std::string joined(const json::array& texts) {
    std::string text;
    for (const json::value& value : texts) {
        if (!text.empty()) text += ',';
        if (value.is_string()) text += std::string_view{value.get_string()};
    }
    return text;
}

Rows rows_of_connections(const json::value& connections) {
    Rows rows{
        {"ID", "PROXY", "CLIENT", "UPSTREAM", "BYTES UP", "BYTES DOWN", "HELD", "AGE MS", "TOXICS"},
        {},
        "no connections"};
    if (!connections.is_array()) return rows;
    for (const json::value& one : connections.get_array()) {
        rows.rows.push_back({text_of(one, "id"), text_of(one, "proxy"), text_of(one, "client"),
                             text_of(one, "upstream"), text_of(one, "bytes_up"),
                             text_of(one, "bytes_down"), text_of(one, "held"),
                             text_of(one, "age_ms"), joined(array_of(one, "toxics"))});
    }
    return rows;
}

std::string body_of(const ProxyConfig& config) {
    std::vector<ProxyRow> rows;
    for (const ProxyInput& proxy : config.proxies()) {
        rows.push_back({proxy.name, proxy.listen, proxy.upstream, proxy.enabled, proxy.toxics,
                        proxy.protocol, proxy.idle_timeout_ms});
    }
    return to_json(rows);
}

// A file may be YAML, and mistakes in it are shown at their place; the API takes JSON.
std::string populate_body(const std::string& file) {
    try {
        if (file != "-") return body_of(load_proxy_config(file));
        std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
        return body_of(ProxyConfig{std::move(text), "standard input"});
    } catch (const Error& error) {
        throw UnusableFile{error.what(), error.advice()};
    }
}

// One function per action.
class Client {
public:
    Client(const Api& api, RowStyle style) : api_{api}, style_{style} {}

    void operator()(const ListProxies& /*action*/) const {
        std::vector<json::value> proxies;
        const json::value answer = api_.ask("GET", "/proxies");
        if (const json::object* members = answer.if_object()) {
            for (const auto& member : *members) proxies.push_back(member.value());
        }
        fmt::print("{}", shown(rows_of_proxies(std::move(proxies)), style_));
    }

    void operator()(const InspectProxy& action) const {
        const json::value proxy = api_.ask("GET", proxy_path(action.proxy));
        if (style_ == RowStyle::aligned) {
            fmt::print("{}\n", shown(rows_of_proxies({proxy}), style_));
        }
        fmt::print("{}", toxics_text(array_of(proxy, "toxics"), style_));
    }

    void operator()(const CreateProxy& action) const {
        json::object body{{"name", action.proxy},
                          {"listen", action.listen},
                          {"upstream", action.upstream},
                          {"enabled", action.state == ProxyState::enabled}};
        if (!action.protocol.empty()) body["protocol"] = action.protocol;
        if (action.idle_timeout_ms) body["idle_timeout_ms"] = *action.idle_timeout_ms;
        api_.ask("POST", "/proxies", json::serialize(body));
        fmt::print("Created new proxy {}\n", action.proxy);
    }

    void operator()(const ToggleProxy& action) const {
        const std::string path = proxy_path(action.proxy);
        const bool enabled = text_of(api_.ask("GET", path), "enabled") != "true";
        api_.ask("POST", path, json::serialize(json::object{{"enabled", enabled}}));
        fmt::print("Proxy {} is now {}\n", action.proxy, enabled ? "enabled" : "disabled");
    }

    void operator()(const DeleteProxy& action) const {
        api_.send("DELETE", proxy_path(action.proxy));
        fmt::print("Deleted proxy {}\n", action.proxy);
    }

    void operator()(const AddToxic& action) const {
        json::object body{{"type", action.type},
                          {"stream", action.stream},
                          {"attributes", attributes_json(action.attributes)}};
        for (const auto& [name, text] : action.selectors) body[name] = attribute_value(text);
        if (!action.toxic.empty()) body["name"] = action.toxic;
        if (action.toxicity) body["toxicity"] = *action.toxicity;
        const json::value toxic =
            api_.ask("POST", proxy_path(action.proxy) + "/toxics", json::serialize(body));
        fmt::print("Added {} {} toxic '{}' on proxy '{}'\n", text_of(toxic, "stream"),
                   text_of(toxic, "type"), text_of(toxic, "name"), action.proxy);
    }

    void operator()(const UpdateToxic& action) const {
        json::object body{{"attributes", attributes_json(action.attributes)}};
        if (action.toxicity) body["toxicity"] = *action.toxicity;
        api_.ask("POST", toxic_path(action.proxy, action.toxic), json::serialize(body));
        fmt::print("Updated toxic '{}' on proxy '{}'\n", action.toxic, action.proxy);
    }

    void operator()(const RemoveToxic& action) const {
        api_.send("DELETE", toxic_path(action.proxy, action.toxic));
        fmt::print("Removed toxic '{}' on proxy '{}'\n", action.toxic, action.proxy);
    }

    void operator()(const Populate& action) const {
        const std::string body = populate_body(action.file);
        try {
            print_populated(api_.send("POST", "/populate", body));
        } catch (const ApiRefusal& refusal) {
            print_populated(refusal.body());
            std::fflush(stdout);  // before the error, wherever both go
            throw;
        }
    }

    void operator()(const ResetAll& /*action*/) const {
        api_.send("POST", "/reset");
        fmt::print("Enabled all proxies and removed all toxics\n");
    }

    void operator()(const ListConnections& /*action*/) const {
        const json::value answer = api_.ask("GET", "/connections");
        fmt::print("{}", shown(rows_of_connections(answer), style_));
    }

    void operator()(const KillConnection& action) const {
        api_.send("DELETE", "/connections/" + path_segment(action.id));
        fmt::print("Reset connection {}\n", action.id);
    }

    void operator()(const ServerVersion& /*action*/) const {
        fmt::print("{}\n", text_of(api_.ask("GET", "/version"), "version"));
    }

private:
    // What is there afterwards, also when a later one failed.
    void print_populated(const std::string& answer) const {
        boost::system::error_code error;
        const json::value value = json::parse(answer, error);
        if (error) return;
        const json::array& proxies = array_of(value, "proxies");
        if (proxies.empty()) return;
        fmt::print("{}", shown(rows_of_proxies({proxies.begin(), proxies.end()}), style_));
    }

    const Api& api_;
    RowStyle style_;
};

}  // namespace

void run_client(const ClientPlan& plan) {
    const Api api{plan.api};
    std::visit(Client{api, row_style_of_output()}, plan.action);
}

}  // namespace etimedout
