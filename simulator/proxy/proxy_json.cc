// The API's answers as text, as Go's encoding/json writes them.
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "simulator/events/json_text.hh"
#include "simulator/proxy/proxy_model.hh"

namespace etimedout {

namespace {

// Shortest digits that read back as the same number; an exponent below 1e-6 and from 1e21 on.
template <class Number>
std::string number_text(Number value) {
    const Number size = std::fabs(value);
    const bool plain =
        size == 0 || (size >= static_cast<Number>(1e-6) && size < static_cast<Number>(1e21));
    std::array<char, 64> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value,
                      plain ? std::chars_format::fixed : std::chars_format::scientific);
    std::string written{text.data(), end.ptr};
    const auto small = written.find("e-0");
    if (small != std::string::npos) written.erase(small + 2, 1);
    return written;
}

void append_value(std::string& out, std::int64_t value) { out += std::to_string(value); }
void append_value(std::string& out, double value) { out += go_number(value); }
void append_value(std::string& out, bool value) { out += value ? "true" : "false"; }
void append_value(std::string& out, const std::string& value) { append_go_string(out, value); }
template <HasWords E>
void append_value(std::string& out, E value) {
    append_go_string(out, word_of(value));
}
template <class T>
void append_value(std::string& out, const std::optional<T>& value) {
    if (value) {
        append_value(out, *value);
    } else {
        out += "null";
    }
}

// The members that are to be seen, each with a comma in front.
template <class T>
void append_members(std::string& out, const T& value) {
    const T unset{};
    for_each_field<T>([&](const auto& field) {
        if (field.presence == Presence::optional && value.*field.member == unset.*field.member) {
            return;
        }
        out += ',';
        append_go_string(out, field.name);
        out += ':';
        append_value(out, value.*field.member);
    });
}

template <class Rows, class Write>
std::string list_of(const Rows& rows, Write write) {
    std::string out = "[";
    for (const auto& row : rows) {
        if (out.size() > 1) out += ',';
        write(out, row);
    }
    return out + "]";
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += fmt::format("\"{}\":", name);
    append_go_string(out, text);
}

// A rule's id is its toxic's name with a number behind it.
std::string_view toxic_name(std::string_view rule) { return rule.substr(0, rule.rfind('#')); }

void append_connection(std::string& out, const ConnectionRow& row) {
    out += fmt::format("{{\"id\":{},", row.id);
    append_member(out, "proxy", row.proxy);
    out += fmt::format(",\"number\":{},", row.number);
    append_member(out, "client", row.client);
    out += ',';
    append_member(out, "upstream", row.upstream);
    out += fmt::format(",\"bytes_up\":{},\"bytes_down\":{},\"held\":{},\"age_ms\":{},\"toxics\":",
                       row.bytes_up, row.bytes_down, row.held,
                       std::chrono::duration_cast<std::chrono::milliseconds>(row.age).count());
    out += list_of(row.rules, [](std::string& text, const std::string& rule) {
        append_go_string(text, toxic_name(rule));
    });
    out += '}';
}

}  // namespace

std::string go_number(float value) { return number_text(value); }
std::string go_number(double value) { return number_text(value); }

void append_go_string(std::string& out, std::string_view text) {
    std::string strict;
    append_json_string(strict, text);
    for (std::size_t i = 0; i < strict.size(); ++i) {
        const char c = strict[i];
        const std::string_view rest{strict.data() + i, strict.size() - i};
        if (c == '<' || c == '>' || c == '&') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
            out += rest.starts_with("\u2028") ? "\\u2028" : "\\u2029";
            i += 2;
        } else {
            out += c;
        }
    }
}

std::string to_json(const ToxicRow& toxic) {
    std::string attributes;
    std::visit([&](const auto& t) { append_members(attributes, t); }, toxic.toxic);
    if (!attributes.empty()) attributes.erase(0, 1);
    std::string out = fmt::format("{{\"attributes\":{{{}}},", attributes);
    append_member(out, "name", toxic.name);
    out += ',';
    append_member(out, "type", kind_of(toxic.toxic));
    out += ',';
    append_member(out, "stream", toxic.stream);
    out += ",\"toxicity\":" + go_number(toxic.toxicity);
    append_members(out, toxic.selectors);
    return out + "}";
}

std::string to_json(const std::vector<ToxicRow>& toxics) {
    return list_of(toxics, [](std::string& out, const ToxicRow& toxic) { out += to_json(toxic); });
}

std::string to_json(const ProxyRow& proxy) {
    std::string out = "{";
    append_member(out, "name", proxy.name);
    out += ',';
    append_member(out, "listen", proxy.listen);
    out += ',';
    append_member(out, "upstream", proxy.upstream);
    out += fmt::format(",\"enabled\":{},\"Logger\":{{}},\"toxics\":", proxy.enabled);
    out += to_json(proxy.toxics);
    if (proxy.protocol == Protocol::tcp) return out + "}";  // as Toxiproxy's clients know it
    return out + fmt::format(",\"protocol\":\"{}\",\"idle_timeout_ms\":{}}}",
                             word_of(proxy.protocol), proxy.idle_timeout_ms);
}

std::string to_json(const std::vector<ProxyRow>& proxies) {
    return list_of(proxies, [](std::string& out, const ProxyRow& proxy) { out += to_json(proxy); });
}

std::string to_json_by_name(const std::vector<ProxyRow>& proxies) {
    std::string out = "{";
    for (const ProxyRow& proxy : proxies) {
        if (out.size() > 1) out += ',';
        append_go_string(out, proxy.name);
        out += ':' + to_json(proxy);
    }
    return out + "}";
}

std::string to_json(const std::vector<ConnectionRow>& connections) {
    return list_of(connections, append_connection);
}

}  // namespace etimedout
