// Zone: what a resolver would answer if nothing were wrong with it; pure.
#include "simulator/dns/zone.hh"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr int most_aliases = 8;

const DnsRecordSet* find(const DnsRecords& records, const std::string& name) {
    const auto exact = records.find(name);
    if (exact != records.end()) return exact->second.empty() ? nullptr : &exact->second;
    // The closest wildcard above it (RFC 4592 section 3.3.1).
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
        const auto wild = records.find("*" + name.substr(dot));
        if (wild != records.end()) return wild->second.empty() ? nullptr : &wild->second;
    }
    return nullptr;
}

bool has_names_below(const DnsRecords& records, const std::string& name) {
    return std::any_of(records.begin(), records.end(), [&](const auto& entry) {
        return !entry.second.empty() && entry.first.size() > name.size() &&
               entry.first.ends_with("." + name);
    });
}

bool is_address(int family, const std::string& text) {
    in6_addr address{};
    return ::inet_pton(family, text.c_str(), &address) == 1;
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::vector<std::string> data_of(const DnsRecordSet& set, std::string_view type) {
    if (type == "A") return set.a;
    if (type == "AAAA") return set.aaaa;
    if (type == "SRV" || type == "PTR") {
        std::vector<std::string> data = type == "SRV" ? set.srv : set.ptr;
        for (std::string& each : data) {
            if (!each.ends_with('.')) each += '.';
        }
        return data;
    }
    std::vector<std::string> texts;
    if (type == "TXT") {
        for (const std::string& text : set.txt) texts.push_back(quoted(text));
    }
    return texts;
}

std::string wrong_with_service(const std::string& text) {
    std::string_view rest = text;
    for (const std::string_view what : {"priority", "weight", "port"}) {
        std::uint16_t number = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        const auto length = static_cast<std::size_t>(end - rest.data());
        if (error != std::errc{} || length >= rest.size() || rest[length] != ' ') {
            return fmt::format("`{}` is no service: its {} is missing", text, what);
        }
        rest.remove_prefix(length + 1);
    }
    return wrong_with_name(rest);
}

}  // namespace

std::string canonical_name(std::string_view name) {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    std::string out{name};
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool name_matches(std::string_view pattern, std::string_view name) {
    if (pattern == "*") return true;
    if (!pattern.starts_with("*.")) return pattern == name;
    return name.size() > pattern.size() - 1 && name.ends_with(pattern.substr(1));
}

ZoneAnswer answer_of(const ResolverSpec& zone, std::string_view name, std::string_view type) {
    ZoneAnswer answer;
    std::string owner = canonical_name(name);
    for (int alias = 0; alias <= most_aliases; ++alias) {
        const DnsRecordSet* set = find(zone.records, owner);
        if (set == nullptr) {
            const bool known = has_names_below(zone.records, owner);
            if (!known) {
                answer.code = zone.unknown == UnknownName::refused && answer.records.empty()
                                  ? DnsCode::refused
                                  : DnsCode::nxdomain;
            }
            break;
        }
        const Duration ttl = set->ttl.value_or(zone.ttl);
        if (set->cname) {
            answer.records.push_back(
                {owner, "CNAME", fmt::format("{}.", canonical_name(*set->cname)), ttl});
            if (type == "CNAME") return answer;
            owner = canonical_name(*set->cname);
            continue;
        }
        const std::vector<std::string> data = data_of(*set, type);
        for (const std::string& each : data) {
            answer.records.push_back({owner, std::string{type}, each, ttl});
        }
        if (!data.empty()) return answer;
        break;
    }
    answer.negative_ttl = zone.negative_ttl;
    return answer;
}

ZoneAnswer answer_with(const std::vector<std::string>& addresses, std::string_view name,
                       std::string_view type, Duration ttl) {
    ZoneAnswer answer;
    for (const std::string& address : addresses) {
        const std::string_view its_type = address.find(':') == std::string::npos ? "A" : "AAAA";
        if (its_type != type) continue;
        answer.records.push_back({canonical_name(name), std::string{type}, address, ttl});
    }
    answer.negative_ttl = ttl;
    return answer;
}

std::string wrong_with_name(std::string_view name) {
    constexpr std::size_t longest = 253;  // RFC 1035 section 2.3.4, as text
    constexpr std::size_t longest_label = 63;
    const std::string text = canonical_name(name);
    if (text.empty()) return "a name is empty";
    if (text.size() > longest)
        return fmt::format("`{}` has more than {} characters", text, longest);
    std::size_t label = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.') {
            if (label == 0) return fmt::format("`{}` has an empty part between its dots", text);
            label = 0;
            continue;
        }
        if (++label > longest_label) {
            return fmt::format("`{}` has a part of more than {} characters", text, longest_label);
        }
        const bool first_of_wildcard = c == '*' && i == 0;
        const bool usual = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!usual && !first_of_wildcard) {
            return fmt::format("`{}`: `{}` is not for names", text, c);
        }
    }
    return label == 0 ? fmt::format("`{}` has an empty part", text) : std::string{};
}

std::string wrong_with_records(const DnsRecordSet& records) {
    for (const std::string& address : records.a) {
        if (!is_address(AF_INET, address)) return fmt::format("`{}` is no IPv4 address", address);
    }
    for (const std::string& address : records.aaaa) {
        if (!is_address(AF_INET6, address)) return fmt::format("`{}` is no IPv6 address", address);
    }
    for (const std::string& text : records.txt) {
        if (text.size() > 255) return "a text has more than 255 bytes";
    }
    for (const std::string& service : records.srv) {
        if (std::string wrong = wrong_with_service(service); !wrong.empty()) return wrong;
    }
    for (const std::string& name : records.ptr) {
        if (std::string wrong = wrong_with_name(name); !wrong.empty()) return wrong;
    }
    if (!records.cname) return {};
    DnsRecordSet others = records;
    others.cname.reset();
    if (!others.empty()) return "an alias (`cname`) has no other records (RFC 1034 section 3.6.2)";
    return wrong_with_name(*records.cname);
}

}  // namespace etimedout
