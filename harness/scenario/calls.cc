// Calls: their keys, and which of them go together.
#include "harness/scenario/calls.hh"

#include <algorithm>

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 6> form_keys{"get", "request", "tcp", "dns", "ping", "exec"};

bool is_form(std::string_view key) {
    return std::find(form_keys.begin(), form_keys.end(), key) != form_keys.end();
}

// A call as its keys are read.
struct CallDraft : CallStep {
    bool tls = false;
    bool verify = false;
};

bool check_path(Reading& reading, std::string_view key, const YamlNode& node) {
    const std::string& path = node.text;
    const bool clean = std::none_of(path.begin(), path.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
    });
    if (path.starts_with('/') && clean) return true;
    reading.error(node.at, fmt::format("`{}` wants a path, not {}", key, quote(path)),
                  "a path begins with / and has no blanks; host and port come from the link");
    return false;
}

bool read_get(Reading& reading, const YamlNode& node, CallDraft& out) {
    if (!want_scalar(reading, "get", node, "a path such as /")) return false;
    HttpCall http;
    http.path = node.text;
    out.what = std::move(http);
    return check_path(reading, "get", node);
}

// HttpCall's own fields, and `json`, which is a way to write the body.
struct RequestDraft : HttpCall {
    bool has_json = false;
};

bool read_json(Reading& /*reading*/, const YamlNode& node, RequestDraft& out) {
    out.body = to_json(node);
    out.has_json = true;
    return true;
}

const Table<RequestDraft>& request_table() {
    static const Table<RequestDraft> table = [] {
        Table<RequestDraft> made{"`request`"};
        for_each_field<HttpCall>([&](const auto& field) {
            auto spec = key_from(field);
            made.keys.push_back(custom_key<RequestDraft>(
                spec.name, spec.form, spec.doc,
                [read = spec.read](Reading& reading, const YamlNode& node, RequestDraft& out) {
                    return read(reading, node, out);
                }));
            made.keys.back().initial = spec.initial;
        });
        Form anything;
        anything.kind = Form::Kind::either;
        anything.name = "any value";
        anything.example = "{amount: 5}";
        made.keys.push_back(
            custom_key<RequestDraft>("json", anything, "the body to send, as JSON", read_json));
        return made;
    }();
    return table;
}

bool is_method(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool read_request(Reading& reading, const YamlNode& node, CallDraft& out) {
    if (!want_map(reading, "request", node)) return false;
    RequestDraft request;
    if (!read_map(reading, node, request_table(), request, "`request`")) return false;
    if (const YamlNode* path = node.find("path"); path != nullptr) {
        if (!check_path(reading, "path", *path)) return false;
    }
    if (!is_method(request.method)) {
        reading.error(node.find("method")->at,
                      fmt::format("{} is not a method", quote(request.method)),
                      "write it in capitals, such as POST");
        return false;
    }
    const int bodies = (node.find("body") != nullptr ? 1 : 0) +
                       (node.find("json") != nullptr ? 1 : 0) +
                       (node.find("body_size") != nullptr ? 1 : 0);
    if (bodies > 1) {
        reading.error(node.at, "`body`, `json` and `body_size` exclude each other",
                      "keep one of them");
        return false;
    }
    for (const auto& [name, value] : request.headers) {
        if (!name.empty() && name.find_first_of(" :\r\n\t") == std::string::npos &&
            value.find_first_of("\r\n") == std::string::npos) {
            continue;
        }
        reading.error(node.find("headers")->at,
                      fmt::format("{} cannot be a header", quote(name + ": " + value)),
                      "a header is one line, and its name one word");
        return false;
    }
    if (request.has_json) {
        const bool said =
            std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
                std::string lower = header.first;
                for (char& c : lower) {
                    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
                }
                return lower == "content-type";
            });
        if (!said) request.headers["Content-Type"] = "application/json";
    }
    out.what = static_cast<HttpCall&>(request);
    return true;
}

bool read_tcp(Reading& reading, const YamlNode& node, CallDraft& out) {
    TcpCall tcp;
    if (node.is_scalar()) {
        if (node.text != "connect") {
            reading.error(node.at, fmt::format("`tcp` cannot be {}", quote(node.text)),
                          "write tcp: connect, or tcp: {send: …, expect: …}");
            return false;
        }
    } else if (!Value<TcpCall>::read(reading, "tcp", node, {}, tcp)) {
        return false;
    }
    if ((tcp.send && tcp.send_size) || (tcp.expect && tcp.expect_size)) {
        reading.error(node.at, "a text and a size exclude each other",
                      "keep one of `send` and `send_size`, and one of `expect` and `expect_size`");
        return false;
    }
    out.what = std::move(tcp);
    return true;
}

bool read_dns(Reading& reading, const YamlNode& node, CallDraft& out) {
    DnsCall dns;
    if (node.is_scalar()) {
        dns.name = node.text;
    } else if (!Value<DnsCall>::read(reading, "dns", node, {}, dns)) {
        return false;
    }
    if (dns.name.empty()) {
        reading.error(node.at, "`dns` wants a name to look up", "write dns: example.org");
        return false;
    }
    if (dns.type != "A" && dns.type != "AAAA" && dns.type != "any") {
        not_a_word(reading, "type", *node.find("type"), {"A", "AAAA", "any"});
        return false;
    }
    out.what = std::move(dns);
    return true;
}

bool read_ping(Reading& reading, const YamlNode& node, CallDraft& out) {
    PingCall ping;
    if (node.is_scalar()) {
        if (!Value<std::int64_t>::read(reading, "ping", node, {1.0, 1e6}, ping.count)) return false;
    } else if (!Value<PingCall>::read(reading, "ping", node, {}, ping)) {
        return false;
    }
    out.what = ping;
    return true;
}

bool read_exec(Reading& reading, const YamlNode& node, CallDraft& out) {
    if (!want_scalar(reading, "exec", node, "a command")) return false;
    if (node.text.find_first_not_of(" \n\t") == std::string::npos) {
        reading.error(node.at, "`exec` is an empty command",
                      "write exec: curl -sS ${links.NAME.url}");
        return false;
    }
    out.what = ExecCall{node.text};
    return true;
}

// "50/s"
bool read_rate(Reading& reading, const YamlNode& node, CallDraft& out) {
    if (!want_scalar(reading, "rate", node, "calls per second such as 50/s")) return false;
    std::string_view text = node.text;
    const auto slash = text.find('/');
    const auto number = Scalar<double>::parse(text.substr(0, slash));
    if (slash == std::string_view::npos && number) {
        reading.error(node.at, fmt::format("`rate`: {} what? a rate of calls needs /s", text),
                      fmt::format("write {}/s", text));
        return false;
    }
    if (!number || (text.substr(slash) != "/s" && text.substr(slash) != "/m")) {
        reading.error(node.at, fmt::format("`rate`: {} is not a rate of calls", quote(text)),
                      "write calls per second, such as 50/s, or per minute, such as 30/m");
        return false;
    }
    const double per_second = text.substr(slash) == "/m" ? *number / 60 : *number;
    constexpr double highest = 1e6;
    if (!(per_second > 0) || per_second > highest) {
        reading.error(
            node.at,
            fmt::format("`rate` must be above 0/s and at most 1000000/s, and is {}", quote(text)),
            {});
        return false;
    }
    out.rate = per_second;
    return true;
}

bool read_hold(Reading& reading, const YamlNode& node, CallDraft& out) {
    if (!node.is_scalar() || node.text != "open") {
        not_a_word(reading, "hold", node, {"open"});
        return false;
    }
    out.hold_open = true;
    return true;
}

template <auto Member>
bool read_limit(Reading& reading, std::string_view key, const YamlNode& node, CallDraft& out) {
    if (!Value<std::remove_cvref_t<decltype(out.*Member)>>::read(reading, key, node, {{}, 86400e9},
                                                                 out.*Member)) {
        return false;
    }
    if (out.*Member != Duration{}) return true;
    reading.error(node.at, fmt::format("a {} of nothing ends the call before it begins", key),
                  fmt::format("write a longer one, or leave `{}` out", key));
    return false;
}

template <auto Member>
KeySpec<CallDraft> limit_key(std::string_view name, std::string_view doc) {
    return custom_key<CallDraft>(name, form_of_scalar<Duration>({{}, 86400e9}), doc,
                                 [name](Reading& reading, const YamlNode& node, CallDraft& out) {
                                     return read_limit<Member>(reading, name, node, out);
                                 });
}

Form scalar_or(std::string name, std::string example, Form map) {
    Form scalar = Value<std::string>::form({});
    scalar.name = std::move(name);
    scalar.example = example;
    scalar.json_type.clear();
    Form either;
    either.kind = Form::Kind::either;
    either.example = std::move(example);
    either.of = {std::move(scalar), std::move(map)};
    return either;
}

Table<CallDraft> make_call_table() {
    Table<CallDraft> table{"a call"};
    auto& keys = table.keys;
    const auto ignored = [](Reading&, const YamlNode&, CallDraft&) { return true; };
    keys.push_back(custom_key<CallDraft>("id", text_like("name", "c1"),
                                         "its name in expectations; call-N by default", ignored));
    keys.push_back(
        custom_key<CallDraft>("link", text_like("link", "api"), "the link it goes over",
                              [](Reading& reading, const YamlNode& node, CallDraft& out) {
                                  out.link = node.text;
                                  return reading.check_name(node, {NameKind::link}, "link");
                              }));
    keys.push_back(
        custom_key<CallDraft>("in", text_like("node", "client"),
                              "the node it is made from; the link's near end by default",
                              [](Reading& reading, const YamlNode& node, CallDraft& out) {
                                  out.node = node.text;
                                  return reading.check_name(node, {NameKind::node}, "node");
                              }));
    keys.push_back(
        custom_key<CallDraft>("get", text_like("path", "/"), "an HTTP GET of this path", read_get));
    keys.push_back(
        custom_key<CallDraft>("request", request_table().form(), "an HTTP request", read_request));
    keys.push_back(custom_key<CallDraft>("tcp",
                                         scalar_or("connect", "connect", Value<TcpCall>::form({})),
                                         "a TCP connection", read_tcp));
    keys.push_back(custom_key<CallDraft>("dns",
                                         scalar_or("name", "example.org", Value<DnsCall>::form({})),
                                         "a look-up of a name", read_dns));
    keys.push_back(custom_key<CallDraft>("ping",
                                         scalar_or("how many", "3", Value<PingCall>::form({})),
                                         "ICMP echo requests", read_ping));
    keys.push_back(custom_key<CallDraft>("exec", text_like("command", "curl -sS ${links.api.url}"),
                                         "a shell command in the node", read_exec));
    keys.push_back(custom_key<CallDraft>(
        "host", text_like("name", "api.example"),
        "with `get`, `request` or `tcp`: the name it calls, which the node looks up; the link's by "
        "default",
        [](Reading& reading, const YamlNode& node, CallDraft& out) {
            out.host = node.text;
            return want_scalar(reading, "host", node, "a name");
        }));
    keys.push_back(
        key<CallDraft>("tls", &CallDraft::tls, "with `get` or `request`: https, any certificate"));
    keys.push_back(key<CallDraft>("verify", &CallDraft::verify,
                                  "with `get` or `request`: https, and only a certificate for this "
                                  "host that `${scenario.ca}` signed"));
    keys.push_back(
        limit_key<&CallStep::timeout>("timeout", "the client's own limit, for all of it"));
    keys.push_back(limit_key<&CallStep::connect_timeout>("connect_timeout",
                                                         "the client's own limit, for connecting"));
    keys.push_back(limit_key<&CallStep::deadline>(
        "deadline", "the harness's patience: reached, the outcome is never_ended"));
    keys.back().initial = "10m";
    keys.push_back(key<CallDraft>("times", &CallStep::times, "how often", {1.0, 1e6}));
    keys.push_back(limit_key<&CallStep::lasting>("for", "repeat for so long instead of `times`"));
    keys.push_back(custom_key<CallDraft>("rate", text_like("calls per second", "50/s"),
                                         "begin so many a second, whether or not others have ended",
                                         read_rate));
    keys.push_back(key<CallDraft>("concurrency", &CallStep::concurrency, "so many at the same time",
                                  {1.0, 10000.0}));
    keys.push_back(key<CallDraft>("connection", &CallStep::connection,
                                  "with `get` or `request`: a connection of its own, or one kept"));
    keys.push_back(custom_key<CallDraft>("hold", words_form({"open"}),
                                         "keep the connection open behind the call", read_hold));
    keys.push_back(
        key<CallDraft>("background", &CallStep::background, "go on with the next step at once"));
    keys.push_back(key<CallDraft>("steady", &CallStep::steady,
                                  "a steady-state check, whose failure is an error of the run"));
    return table;
}

const Table<CallDraft>& call_table() {
    static const Table<CallDraft> table = make_call_table();
    return table;
}

// Which form the call has; an error unless it is exactly one.
std::string_view form_of_call(Reading& reading, const YamlNode& node) {
    std::string_view form;
    for (const YamlPair& pair : node.pairs) {
        if (!is_form(pair.key.text)) continue;
        if (!form.empty()) {
            reading.error(pair.key.at,
                          fmt::format("a call is either `{}` or `{}`", form, pair.key.text),
                          "make two calls of it");
            return {};
        }
        form = pair.key.text;
    }
    if (form.empty()) {
        reading.error(node.at, "a call says what to call",
                      fmt::format("write one of {}", fmt::join(form_keys, ", ")));
    }
    return form;
}

// Where the call goes and comes from.
bool settle_place(Reading& reading, const YamlNode& node, std::string_view form, CallDraft& call) {
    const bool needs_link = form != "exec" && form != "dns";
    const LinkSpec* link = reading.topology.link(call.link);
    if (call.link.empty()) {
        if (needs_link) {
            missing_key(reading, node.at, fmt::format("a call with `{}`", form), "link",
                        "the link it goes over",
                        reading.topology.links.empty() ? "api" : reading.topology.links[0].name);
            return false;
        }
        if (call.node.empty()) {
            missing_key(reading, node.at, fmt::format("a call with `{}`", form), "in",
                        "the node it is made from",
                        reading.topology.nodes.empty() ? "client" : reading.topology.nodes[0].name);
            return false;
        }
        return true;
    }
    if (link == nullptr) return true;  // an error already
    if ((form == "get" || form == "request" || form == "tcp") && !link->port) {
        reading.error(
            node.find("link")->at, fmt::format("the link `{}` leads to no port", call.link),
            fmt::format("write {} -> {}:PORT where it is declared", link->from, link->to));
        return false;
    }
    if (call.node.empty()) {
        call.node = link->from;
    } else if (needs_link && call.node != link->from) {
        reading.error(node.find("in")->at,
                      fmt::format("a call over `{}` begins at `{}`, not at `{}`", call.link,
                                  link->from, call.node),
                      "leave `in` out, or name another link");
        return false;
    }
    return true;
}

// Keys that say something only beside others.
bool check_repetition(Reading& reading, const YamlNode& node) {
    const YamlPair* times = node.find_pair("times");
    const YamlPair* lasting = node.find_pair("for");
    const YamlPair* rate = node.find_pair("rate");
    const YamlPair* concurrency = node.find_pair("concurrency");
    if (times != nullptr && lasting != nullptr) {
        reading.error(lasting->key.at, "`times` and `for` exclude each other", "keep one of them");
        return false;
    }
    if (rate != nullptr && times == nullptr && lasting == nullptr) {
        reading.error(rate->key.at, "`rate` does not say how long",
                      "add `for: 10s` or `times: 100`");
        return false;
    }
    if (rate != nullptr && concurrency != nullptr) {
        reading.error(concurrency->key.at,
                      "`rate` begins calls by the clock, so `concurrency` has nothing to say",
                      "keep one of them");
        return false;
    }
    if (concurrency != nullptr && times == nullptr && lasting == nullptr) {
        reading.error(concurrency->key.at, "`concurrency` of a single call",
                      "add `times: 100` or `for: 10s`");
        return false;
    }
    return true;
}

bool check_http_keys(Reading& reading, const YamlNode& node, std::string_view form) {
    const bool http = form == "get" || form == "request";
    for (const std::string_view key : {"tls", "verify", "connection"}) {
        const YamlPair* pair = node.find_pair(key);
        if (pair == nullptr || http) continue;
        reading.error(pair->key.at,
                      fmt::format("`{}` is about HTTP, and this call is `{}`", key, form),
                      "remove it");
        return false;
    }
    const YamlPair* host = node.find_pair("host");
    if (host != nullptr && !http && form != "tcp") {
        reading.error(
            host->key.at,
            fmt::format("`host` is what `get`, `request` and `tcp` call, and this call is "
                        "`{}`",
                        form),
            "remove it");
        return false;
    }
    const YamlPair* hold = node.find_pair("hold");
    if (hold != nullptr && !http && form != "tcp") {
        reading.error(hold->key.at,
                      fmt::format("`hold` keeps a connection, and `{}` has none", form),
                      "remove it");
        return false;
    }
    return true;
}

}  // namespace

bool read_call(Reading& reading, const YamlNode& node, CallStep& out) {
    if (!want_map(reading, "call", node)) return false;
    CallDraft call;
    bool good = read_map(reading, node, call_table(), call, "a call");
    const std::string_view form = form_of_call(reading, node);
    if (form.empty()) return false;
    good = check_http_keys(reading, node, form) && good;
    good = settle_place(reading, node, form, call) && good;
    good = check_repetition(reading, node) && good;
    if (call.tls) {
        if (auto* http = std::get_if<HttpCall>(&call.what)) http->tls = true;
    }
    if (auto* http = std::get_if<HttpCall>(&call.what)) {
        http->verify = http->verify || call.verify;
        http->tls = http->tls || http->verify;
    }
    if (good && call.timeout && *call.timeout > call.deadline) {
        reading.warning(
            node.find("timeout")->at,
            fmt::format("`timeout` is longer than the deadline of {}, which comes first",
                        Scalar<Duration>::write(call.deadline)),
            "raise `deadline`");
    }
    out = static_cast<CallStep&>(call);
    return good;
}

Form call_form() { return call_table().form(); }

}  // namespace etimedout
