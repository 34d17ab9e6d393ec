// The HTTP API without its sockets: from a request to an answer.
#include "simulator/proxy/api_routes.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "simulator/proxy/proxy_metrics.hh"

namespace etimedout {

namespace {

constexpr unsigned ok = 200;
constexpr unsigned created = 201;
constexpr unsigned no_content = 204;
constexpr unsigned moved = 301;
constexpr unsigned bad_request = 400;
constexpr unsigned forbidden = 403;
constexpr unsigned wrong_method = 405;
constexpr unsigned internal_error = 500;

struct Call {
    const ApiRequest& request;
    ProxySet& proxies;
    const std::vector<std::string>& names;  // the variables of the path
};

ApiAnswer json_answer(unsigned status, std::string body) {
    ApiAnswer result;
    result.status = status;
    result.content_type = "application/json";
    result.body = std::move(body);
    return result;
}

ApiAnswer nothing() {
    ApiAnswer result;
    result.status = no_content;
    return result;
}

boost::json::value body_of(const Call& call) {
    ParsedJson parsed = parse_json(call.request.body);
    if (!parsed.error.empty()) {
        throw ApiError{bad_request, fmt::format("bad request body: {}", parsed.error)};
    }
    return std::move(parsed.value);
}

ApiAnswer get_version(const Call& /*call*/) {
    ApiAnswer result;
    result.content_type = "application/json;charset=utf-8";
    result.body = fmt::format("{{\"version\": \"{}\"}}\n", api_version);
    return result;
}

ApiAnswer get_proxies(const Call& call) {
    return json_answer(ok, to_json_by_name(call.proxies.list()));
}

ApiAnswer create_proxy(const Call& call) {
    const ProxyInput input = read_proxy(body_of(call));
    return json_answer(created, to_json(call.proxies.create(input)));
}

std::string populated_text(const std::vector<ProxyRow>& proxies) {
    return fmt::format("\"proxies\":{}}}", proxies.empty() ? "null" : to_json(proxies));
}

std::string error_members(unsigned status, std::string_view message) {
    std::string out = "{\"error\":";
    append_go_string(out, message);
    return out + fmt::format(",\"status\":{}", status);
}

ApiAnswer populate(const Call& call) {
    try {
        const Populated done = call.proxies.populate(read_proxies(body_of(call)));
        if (!done.error) return json_answer(created, "{" + populated_text(done.proxies));
        const unsigned status = done.error->status();
        return json_answer(
            status, error_members(status, done.error->what()) + "," + populated_text(done.proxies));
    } catch (const ApiError& error) {
        return json_answer(error.status(),
                           error_members(error.status(), error.what()) + "," + populated_text({}));
    }
}

ApiAnswer get_proxy(const Call& call) {
    return json_answer(ok, to_json(call.proxies.get(call.names[0])));
}

ApiAnswer update_proxy(const Call& call) {
    call.proxies.get(call.names[0]);  // that it is missing is said before what the body lacks
    const ProxyChange change = read_change(body_of(call));
    return json_answer(ok, to_json(call.proxies.update(call.names[0], change)));
}

ApiAnswer delete_proxy(const Call& call) {
    call.proxies.remove(call.names[0]);
    return nothing();
}

ApiAnswer get_toxics(const Call& call) {
    return json_answer(ok, to_json(call.proxies.get(call.names[0]).toxics));
}

ApiAnswer create_toxic(const Call& call) {
    call.proxies.get(call.names[0]);
    const boost::json::value body = body_of(call);
    return json_answer(ok, to_json(call.proxies.add_toxic(call.names[0], body)));
}

ApiAnswer get_toxic(const Call& call) {
    return json_answer(ok, to_json(call.proxies.toxic(call.names[0], call.names[1])));
}

ApiAnswer update_toxic(const Call& call) {
    call.proxies.toxic(call.names[0], call.names[1]);
    const boost::json::value body = body_of(call);
    return json_answer(ok, to_json(call.proxies.update_toxic(call.names[0], call.names[1], body)));
}

ApiAnswer delete_toxic(const Call& call) {
    call.proxies.remove_toxic(call.names[0], call.names[1]);
    return nothing();
}

ApiAnswer reset(const Call& call) {
    call.proxies.reset();
    return nothing();
}

ApiAnswer get_connections(const Call& call) {
    return json_answer(ok, to_json(call.proxies.connections()));
}

ApiAnswer delete_connection(const Call& call) {
    std::uint64_t id = 0;
    const std::string& text = call.names[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw ApiError{not_found, "connection not found"};
    }
    call.proxies.kill(id);
    return nothing();
}

ApiAnswer get_metrics(const Call& call) {
    ApiAnswer result;
    result.content_type = "text/plain; version=0.0.4; charset=utf-8";
    result.body = metrics_text(call.proxies.figures());
    return result;
}

// `*` stands for a name. POST updates as PATCH does, for clients from before 2.6.
struct Route {
    std::string_view method;
    std::string_view path;
    ApiAnswer (*handler)(const Call&);
};
constexpr std::array routes{
    Route{"GET", "/version", get_version},
    Route{"GET", "/proxies", get_proxies},
    Route{"POST", "/proxies", create_proxy},
    Route{"POST", "/populate", populate},
    Route{"POST", "/reset", reset},
    Route{"GET", "/proxies/*", get_proxy},
    Route{"POST", "/proxies/*", update_proxy},
    Route{"PATCH", "/proxies/*", update_proxy},
    Route{"DELETE", "/proxies/*", delete_proxy},
    Route{"GET", "/proxies/*/toxics", get_toxics},
    Route{"POST", "/proxies/*/toxics", create_toxic},
    Route{"GET", "/proxies/*/toxics/*", get_toxic},
    Route{"POST", "/proxies/*/toxics/*", update_toxic},
    Route{"PATCH", "/proxies/*/toxics/*", update_toxic},
    Route{"DELETE", "/proxies/*/toxics/*", delete_toxic},
    Route{"GET", "/connections", get_connections},
    Route{"DELETE", "/connections/*", delete_connection},
    Route{"GET", "/metrics", get_metrics},
};

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

// The names where the pattern has `*`; nothing when the path is another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    const auto wanted = parts_of(pattern);
    const auto given = parts_of(path);
    if (wanted.size() != given.size()) return std::nullopt;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] != "*" && wanted[i] != given[i]) return std::nullopt;
        if (wanted[i] == "*" && given[i].empty()) return std::nullopt;
        if (wanted[i] == "*") names.emplace_back(given[i]);
    }
    return names;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned code = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) {
            return std::nullopt;
        }
        out += static_cast<char>(code);
        i += 2;
    }
    return out;
}

// Without `//`, `.` and `..`, as Go's path.Clean does it, but a slash at the end stays.
std::string cleaned(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const std::string_view part : parts_of(path)) {
        if (part == ".." && !kept.empty()) kept.pop_back();
        if (!part.empty() && part != "." && part != "..") kept.push_back(part);
    }
    std::string out;
    for (const std::string_view part : kept) out += "/" + std::string{part};
    if (out.empty() || path.ends_with('/')) out += '/';
    return out;
}

std::string percent_encoded(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view{"-_.~/$&+,:;=@"}.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.rfind(':'));
}

bool is_loopback_name(std::string_view name) {
    if (same_key(name, "localhost") || same_key(name, "localhost.") || name == "[::1]") return true;
    in_addr address{};
    const std::string text{name};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return false;
    return (ntohl(address.s_addr) >> 24U) == 127;
}

// A page in a browser can call us through it; what tells is the agent, the origin, or a name that
// was made to point here.
std::optional<ApiAnswer> refusal(const ApiRequest& request, const ApiPolicy& policy) {
    if (request.user_agent.starts_with("Mozilla/")) {
        return text_answer(forbidden, "User agent not allowed");
    }
    if (!request.origin.empty()) return text_answer(forbidden, "Origin not allowed");
    if (!policy.loopback || request.host.empty()) return std::nullopt;
    const std::string_view name = without_port(request.host);
    const bool is_bind_host = !policy.host.empty() && (same_key(name, policy.host) ||
                                                       same_key(name, "[" + policy.host + "]"));
    if (is_bind_host || is_loopback_name(name)) return std::nullopt;
    return text_answer(forbidden,
                       "Host not allowed: call the API as localhost, or bind it with --host");
}

struct Path {
    std::string decoded{};
    std::string query{};  // with its question mark
};

std::optional<Path> path_of(std::string_view target) {
    if (target.starts_with("http://") || target.starts_with("https://")) {
        const auto slash = target.find('/', target.find("//") + 2);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    const auto question = target.find('?');
    const std::optional<std::string> decoded = percent_decoded(target.substr(0, question));
    if (!decoded || !decoded->starts_with('/')) return std::nullopt;
    const bool has_query = question != std::string_view::npos;
    return Path{*decoded, has_query ? std::string{target.substr(question)} : std::string{}};
}

ApiAnswer carry_out(const Route& route, const Call& call, const ApiPolicy& policy) {
    if (const std::optional<ApiAnswer> no = refusal(call.request, policy)) return *no;
    try {
        return route.handler(call);
    } catch (const ApiError& error) {
        return error_answer(error.status(), error.what());
    } catch (const std::exception& error) {
        return error_answer(internal_error, error.what());
    }
}

}  // namespace

ApiAnswer text_answer(unsigned status, std::string_view text) {
    ApiAnswer result;
    result.status = status;
    result.content_type = "text/plain; charset=utf-8";
    result.no_sniff = true;
    result.body = std::string{text} + "\n";
    return result;
}

ApiAnswer error_answer(unsigned status, std::string_view message) {
    return text_answer(status, error_members(status, message) + "}");
}

bool may_wait(const ApiRequest& request) {
    return request.method == "POST" || request.method == "PATCH";
}

ApiAnswer answer(const ApiRequest& request, ProxySet& proxies, const ApiPolicy& policy) {
    const std::optional<Path> path = path_of(request.target);
    if (!path) {
        ApiAnswer malformed = text_answer(bad_request, "400 Bad Request");
        malformed.no_sniff = false;
        malformed.body.pop_back();
        return malformed;
    }
    const std::string clean = cleaned(path->decoded);
    if (clean != path->decoded) {
        ApiAnswer elsewhere;
        elsewhere.status = moved;
        elsewhere.location = percent_encoded(clean) + path->query;
        return elsewhere;
    }
    bool known = false;
    for (const Route& route : routes) {
        if (route.path == "/metrics" && policy.metrics == MetricsEndpoint::absent) continue;
        const auto names = match(route.path, path->decoded);
        if (!names) continue;
        known = true;
        if (route.method != request.method) continue;
        ApiAnswer result = carry_out(route, Call{request, proxies, *names}, policy);
        result.matched = true;
        return result;
    }
    if (!known) return text_answer(not_found, "404 page not found");
    ApiAnswer wrong;
    wrong.status = wrong_method;
    return wrong;
}

}  // namespace etimedout
