// The event log as text, made from the events' field tables alone.
#include "simulator/events/jsonl.hh"

#include <charconv>
#include <limits>
#include <memory_resource>
#include <type_traits>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "simulator/events/json_text.hh"

namespace etimedout {

namespace {

namespace json = boost::json;

// ------------------------------------------------------------------ writing

void write_value(std::string& out, std::int64_t value) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}
void write_value(std::string& out, bool value) { out += value ? "true" : "false"; }
void write_value(std::string& out, Duration value) {
    write_value(out, static_cast<std::int64_t>(value.count()));
}
void write_value(std::string& out, const std::string& value) { append_json_string(out, value); }

template <HasFields T>
void write_value(std::string& out, const T& value);
template <class T>
void write_value(std::string& out, const std::optional<T>& value);
template <class T>
void write_value(std::string& out, const std::vector<T>& values);
template <class T>
void write_value(std::string& out, const std::map<std::string, T>& values);

template <class T>
void write_value(std::string& out, const std::optional<T>& value) {
    if (value) {
        write_value(out, *value);
    } else {
        out += "null";
    }
}

template <class T>
void write_value(std::string& out, const std::vector<T>& values) {
    out += '[';
    bool first = true;
    for (const T& value : values) {
        if (!first) out += ',';
        first = false;
        write_value(out, value);
    }
    out += ']';
}

template <class T>
void write_value(std::string& out, const std::map<std::string, T>& values) {
    out += '{';
    bool first = true;
    for (const auto& [name, value] : values) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, name);
        out += ':';
        write_value(out, value);
    }
    out += '}';
}

// The fields as `"name":value,…`, with a comma before each but the first of its object.
template <HasFields T>
void write_fields(std::string& out, const T& value, bool first) {
    [[maybe_unused]] static const T defaults{};
    for_each_field<T>([&](const auto& field) {
        if (field.presence == Presence::optional && value.*field.member == defaults.*field.member) {
            return;
        }
        if (!first) out += ',';
        first = false;
        out += '"';
        out += field.name;  // names are plain identifiers; a test says so
        out += "\":";
        write_value(out, value.*field.member);
    });
}

template <HasFields T>
void write_value(std::string& out, const T& value) {
    out += '{';
    write_fields(out, value, true);
    out += '}';
}

void append_line(std::string& out, const Event& event) {
    out += "{\"t\":";
    write_value(out, event.t);
    std::visit(
        [&out](const auto& what) {
            out += ",\"event\":\"";
            out += std::remove_cvref_t<decltype(what)>::kind;
            out += '"';
            write_fields(out, what, false);
        },
        event.what);
    out += '}';
}

// ------------------------------------------------------------------ reading

// What is wrong with a value, seen from its own place; empty when nothing is. Callers put the
// name of the field in front.
using Complaint = std::string;

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "true or false";
        case json::kind::int64:
        case json::kind::uint64:
            return "a whole number";
        case json::kind::double_:
            return "a fraction";
        case json::kind::string:
            return "text";
        case json::kind::array:
            return "a list";
        case json::kind::object:
            return "an object";
    }
    return "?";
}

Complaint expected(std::string_view what, const json::value& value) {
    return fmt::format("must be {}, not {}", what, kind_name(value));
}

Complaint read_value(const json::value& from, std::int64_t& to) {
    if (from.is_int64()) {
        to = from.get_int64();
        return {};
    }
    if (from.is_uint64()) return "is above the largest whole number, 2^63 - 1";
    return expected("a whole number", from);
}

Complaint read_value(const json::value& from, bool& to) {
    if (!from.is_bool()) return expected("true or false", from);
    to = from.get_bool();
    return {};
}

Complaint read_value(const json::value& from, Duration& to) {
    std::int64_t count = 0;
    Complaint complaint = read_value(from, count);
    if (complaint.empty()) to = Duration{count};
    return complaint;
}

Complaint read_value(const json::value& from, std::string& to) {
    if (!from.is_string()) return expected("text", from);
    to.assign(from.get_string().data(), from.get_string().size());
    return {};
}

template <HasFields T>
Complaint read_value(const json::value& from, T& to);
template <class T>
Complaint read_value(const json::value& from, std::optional<T>& to);
template <class T>
Complaint read_value(const json::value& from, std::vector<T>& to);
template <class T>
Complaint read_value(const json::value& from, std::map<std::string, T>& to);

template <class T>
Complaint read_value(const json::value& from, std::optional<T>& to) {
    if (from.is_null()) {
        to.reset();
        return {};
    }
    return read_value(from, to.emplace());
}

template <class T>
Complaint read_value(const json::value& from, std::vector<T>& to) {
    if (!from.is_array()) return expected("a list", from);
    to.clear();
    for (const json::value& element : from.get_array()) {
        Complaint complaint = read_value(element, to.emplace_back());
        if (!complaint.empty()) return fmt::format("[{}]: {}", to.size() - 1, complaint);
    }
    return {};
}

template <class T>
Complaint read_value(const json::value& from, std::map<std::string, T>& to) {
    if (!from.is_object()) return expected("an object", from);
    to.clear();
    for (const auto& member : from.get_object()) {
        const std::string name{member.key().data(), member.key().size()};
        Complaint complaint = read_value(member.value(), to[name]);
        if (!complaint.empty()) return fmt::format("`{}`: {}", name, complaint);
    }
    return {};
}

template <HasFields T>
Complaint read_fields(const json::object& from, T& to) {
    Complaint first;
    for_each_field<T>([&](const auto& field) {
        if (!first.empty()) return;
        const json::value* value = from.if_contains({field.name.data(), field.name.size()});
        if (value == nullptr) {
            if (field.presence == Presence::required) {
                first = fmt::format("`{}` is missing", field.name);
            }
            return;
        }
        const Complaint complaint = read_value(*value, to.*field.member);
        if (!complaint.empty()) first = fmt::format("`{}` {}", field.name, complaint);
    });
    return first;
}

template <HasFields T>
Complaint read_value(const json::value& from, T& to) {
    if (!from.is_object()) return expected("an object", from);
    return read_fields(from.get_object(), to);
}

Problem unknown_kind(std::string_view kind) {
    std::vector<std::string_view> kinds;
    AllEvents::for_each([&]<class T>(std::type_identity<T>) { kinds.push_back(T::kind); });
    const std::string_view near = did_you_mean(kind, kinds);
    return {fmt::format("there is no event `{}`", kind),
            near.empty() ? "see docs/events.md for the events there are"
                         : fmt::format("did you mean `{}`?", near)};
}

Result<Event> event_of(const json::object& object) {
    Event event;
    const json::value* t = object.if_contains("t");
    const json::value* kind = object.if_contains("event");
    if (t == nullptr) return Problem{"`t` is missing", "each line needs a time in nanoseconds"};
    if (kind == nullptr) return Problem{"`event` is missing", "each line names its event"};
    if (const Complaint complaint = read_value(*t, event.t); !complaint.empty()) {
        return Problem{"`t` " + complaint, "times are nanoseconds since the world began"};
    }
    std::string name;
    if (const Complaint complaint = read_value(*kind, name); !complaint.empty()) {
        return Problem{"`event` " + complaint, "each line names its event"};
    }
    bool known = false;
    Complaint complaint;
    AllEvents::for_each([&]<class T>(std::type_identity<T>) {
        if (known || T::kind != name) return;
        known = true;
        complaint = read_fields(object, event.what.emplace<T>());
    });
    if (!known) return unknown_kind(name);
    if (!complaint.empty()) {
        return Problem{fmt::format("{}: {}", name, complaint),
                       "see docs/events.md for the fields of this event"};
    }
    return event;
}

Problem on_line(std::size_t number, const Problem& problem) {
    return {fmt::format("event log, line {}: {}", number, problem.message), problem.advice};
}

}  // namespace

std::string to_json_line(const Event& event) {
    std::string line;
    append_line(line, event);
    return line;
}

Result<Event> from_json_line(std::string_view line) {
    std::array<unsigned char, 8192> first_block{};
    json::monotonic_resource memory{first_block.data(), first_block.size()};
    json::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error, &memory);
    if (error) {
        return Problem{fmt::format("not JSON: {}", error.message()),
                       "the log may be cut; run the scenario again"};
    }
    if (!value.is_object()) {
        return Problem{expected("an object", value), "each line of an event log is one object"};
    }
    return event_of(value.get_object());
}

Result<EventLog> read_event_log(std::string_view text) {
    EventLog log;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, length);
        text.remove_prefix(std::min(length + 1, text.size()));
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        Result<Event> event = from_json_line(line);
        if (!event) return on_line(number, event.error());
        if (const auto* begin = std::get_if<LogBegin>(&event->what);
            begin != nullptr && begin->version > event_log_version) {
            return on_line(number,
                           {fmt::format("written in version {} of the format, and this program "
                                        "reads versions up to {}",
                                        begin->version, event_log_version),
                            "use the version of etimedout that wrote it, or a newer one"});
        }
        log.push_back(std::move(*event));
    }
    return log;
}

std::string write_event_log(const EventLog& log) {
    std::string text;
    for (const Event& event : log) {
        append_line(text, event);
        text += '\n';
    }
    return text;
}

}  // namespace etimedout
