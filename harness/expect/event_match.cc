// EventMatch against events, by their field tables.
#include "harness/expect/event_match.hh"

#include <set>
#include <type_traits>

#include <fmt/format.h>

#include "harness/expect/measure.hh"

namespace etimedout {

namespace {

// `*` stands for any text.
bool fits(std::string_view pattern, std::string_view text) {
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    std::size_t p = 0;
    std::size_t t = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool equal(const std::string& wanted, const std::string& value) { return fits(wanted, value); }
bool equal(const std::string& wanted, bool value) { return wanted == Scalar<bool>::write(value); }
bool equal(const std::string& wanted, std::int64_t value) {
    const auto bound = parse_count_bound(wanted);
    return bound && bound->contains(value);
}
bool equal(const std::string& wanted, Duration value) {
    const auto bound = parse_duration_bound(wanted);
    return bound && bound->contains(value);
}
bool equal(const std::string& wanted, const Listener& value) { return equal(wanted, value.port); }
bool equal(const std::string& /*wanted*/, const StreamSeen& /*value*/) {
    return false;  // its fields are compared, by a key with a dot
}
template <class T>
bool equal(const std::string& wanted, const std::optional<T>& value) {
    return value && equal(wanted, *value);
}
// One of them.
template <class T>
bool equal(const std::string& wanted, const std::vector<T>& values) {
    for (const T& value : values) {
        if (equal(wanted, value)) return true;
    }
    return false;
}
template <class T>
bool equal(const std::string& /*wanted*/, const std::map<std::string, T>& /*value*/) {
    return false;  // entries are compared, by a key with a dot
}

template <class T>
constexpr bool is_nested = false;
template <HasFields T>
constexpr bool is_nested<std::optional<T>> = true;
template <class T>
constexpr bool is_map = false;
template <class T>
constexpr bool is_map<std::map<std::string, T>> = true;

std::string write(const std::string& value) { return one_line(value, 60); }
std::string write(bool value) { return Scalar<bool>::write(value); }
std::string write(std::int64_t value) { return show(value); }
std::string write(Duration value) { return show(value); }
std::string write(const StreamSeen& value) {
    return fmt::format("({} events, {} comments)", value.events, value.comments);
}
template <class T>
std::string write(const std::optional<T>& value) {
    return value ? write(*value) : std::string{};
}
template <class T>
std::string write(const T& values) {
    return fmt::format("({} entries)", values.size());
}

template <class T>
bool field_equals(const T& event, const std::string& key, const std::string& wanted) {
    bool good = false;
    for_each_field<T>([&](const auto& field) {
        const auto& value = event.*field.member;
        if (field.name == key) good = equal(wanted, value);
        if constexpr (is_map<std::decay_t<decltype(value)>>) {
            if (key.size() > field.name.size() && key.starts_with(field.name) &&
                key[field.name.size()] == '.') {
                const auto entry = value.find(key.substr(field.name.size() + 1));
                good = entry != value.end() && equal(wanted, entry->second);
            }
        }
        if constexpr (is_nested<std::decay_t<decltype(value)>>) {
            if (value && key.size() > field.name.size() && key.starts_with(field.name) &&
                key[field.name.size()] == '.') {
                good = field_equals(*value, key.substr(field.name.size() + 1), wanted);
            }
        }
    });
    return good;
}

constexpr std::array<std::string_view, 4> places{"link", "node", "call", "fault"};

// The names by which a kind's fields may be asked for; a map's end in a dot.
template <class T>
std::vector<std::string_view> field_names() {
    std::vector<std::string_view> names;
    for_each_field<T>([&](const auto& field) { names.push_back(field.name); });
    return names;
}

template <class T>
bool has_field(const std::string& key) {
    if (key == "event" || key == "at") return true;
    for (const std::string_view name : field_names<T>()) {
        if (key == name || (key.starts_with(name) && key[name.size()] == '.')) return true;
    }
    return false;
}

std::optional<Problem> unknown_field(std::string_view kind, const std::string& key,
                                     const std::vector<std::string_view>& names) {
    const std::string_view near = did_you_mean(key, names);
    return Problem{fmt::format("the event `{}` has no field `{}`", kind, key),
                   near.empty() ? fmt::format("it has {}", fmt::join(names, ", "))
                                : fmt::format("did you mean `{}`?", near)};
}

}  // namespace

std::optional<Problem> problem_with(const EventMatch& match) {
    const auto kind = match.fields.find("event");
    std::vector<std::string_view> kinds;
    std::optional<Problem> problem;
    bool known = false;
    AllEvents::for_each([&](auto type) {
        using T = typename decltype(type)::type;
        kinds.push_back(T::kind);
        if (kind == match.fields.end() || kind->second != T::kind) return;
        known = true;
        for (const auto& [key, wanted] : match.fields) {
            if (!has_field<T>(key)) problem = unknown_field(T::kind, key, field_names<T>());
        }
    });
    if (kind == match.fields.end()) {
        return Problem{"the match does not say which event it means",
                       "write `event:` and one of " + fmt::format("{}", fmt::join(kinds, ", "))};
    }
    if (!known) {
        const std::string_view near = did_you_mean(kind->second, kinds);
        return Problem{fmt::format("there is no event `{}`", kind->second),
                       near.empty() ? fmt::format("events are {}", fmt::join(kinds, ", "))
                                    : fmt::format("did you mean `{}`?", near)};
    }
    return problem;
}

bool matches(const EventMatch& match, const Event& event) {
    return std::visit(
        [&](const auto& what) {
            using T = std::decay_t<decltype(what)>;
            const auto kind = match.fields.find("event");
            if (kind == match.fields.end() || kind->second != T::kind) return false;
            if constexpr (requires { what.end; }) {
                if (!match.fields.contains("end") && what.end != "near") return false;
            }
            for (const auto& [key, wanted] : match.fields) {
                if (key == "event") continue;
                bool good = false;
                if (key == "at") {
                    good = field_equals(what, "at", wanted);
                    for (const std::string_view place : places) {
                        good = good || field_equals(what, std::string{place}, wanted);
                    }
                } else {
                    good = field_equals(what, key, wanted);
                }
                if (!good) return false;
            }
            return true;
        },
        event.what);
}

std::string in_one_line(const Event& event) {
    std::string line = show(event.t);
    std::visit(
        [&](const auto& what) {
            using T = std::decay_t<decltype(what)>;
            line += fmt::format(" {}", T::kind);
            const T unset{};
            for_each_field<T>([&](const auto& field) {
                const auto& value = what.*field.member;
                const std::string text = write(value);
                if (field.name == "end" || text.empty()) return;
                if (field.presence == Presence::optional && text == write(unset.*field.member)) {
                    return;
                }
                line += fmt::format(" {}={}", field.name, text);
            });
        },
        event.what);
    return one_line(line, 160);
}

std::string in_one_line(const EventMatch& match) {
    std::vector<std::string> parts;
    if (const auto kind = match.fields.find("event"); kind != match.fields.end()) {
        parts.push_back(fmt::format("event: {}", kind->second));
    }
    for (const auto& [key, wanted] : match.fields) {
        if (key != "event") parts.push_back(fmt::format("{}: {}", key, wanted));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

}  // namespace etimedout
