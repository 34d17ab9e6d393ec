// The reference page of the event log, made from the events' declarations.
#include "simulator/events/events_reference.hh"

#include <fmt/format.h>

#include "simulator/events/event.hh"

namespace etimedout {

namespace {

constexpr std::string_view introduction = R"(# The event log

<!-- Made from simulator/events/event.hh by event_reference(); edit that, not this. -->

`events.jsonl` holds everything that was observed in one run, one JSON object per line. Every
expectation is a function of this file, so `etimedout recheck` needs nothing else.

## Form

- Each line has `t` and `event`, then the event's own fields in the order of the tables below.
- A field that need not be there is left out when it has its default: empty text, 0, false, an
  empty list or object, or no value at all.
- All text is UTF-8. Bytes that a program wrote and that are not UTF-8 are U+FFFD here; captures
  and log files in the run's folder keep them as they were.
- The first line is `log_begin`, the last one `log_end`. A log without `log_end` was cut.

## Version

`log_begin` carries the version of the format, now {}. It is raised when a reader of older
logs would misunderstand newer ones; new events and new fields alone do not raise it, so readers
ignore fields they do not know.

## Clock

`t` is in whole nanoseconds since the world began, on the world's own clock. In a virtual world
that clock jumps over idle time, and two runs of one scenario with one seed give the same log, byte
for byte. In a real one it is the host's clock. Other fields in nanoseconds count from the same
moment, but for those of `call_end`, which count from the begin of the call, and for pauses. `start` in `log_begin`
is the wall clock at `t` = 0. Events seen on a link carry the time stamp of their packet; a
`connection` comes when all of it was seen, with the last of its packets, or, when it is not closed
by then, with the last packet of the capture.

## Order

Lines are sorted by `t`. At equal times, what the world did comes first, in the order in which it
did it, then what was seen on the links, in the order of the links' names, `near` before `far`.

## Near and far

A link leads from a caller to a callee through a hidden router, and is captured at both sides of
it: `near` is the side of the caller, `far` that of the callee. What a fault on the link swallows
is seen at one end and not at the other. `up` is from caller to callee, `down` the other way.
Connections are numbered per link and end, so connection 3 at the near end need not be connection 3
at the far end: a SYN that a fault dropped is a connection that the far end never saw. The client
of a connection is whoever sent its SYN.

## Events
)";

template <class T>
struct TypeName {
    static std::string text() { return "?"; }
};
template <>
struct TypeName<std::int64_t> {
    static std::string text() { return "whole number"; }
};
template <>
struct TypeName<bool> {
    static std::string text() { return "true or false"; }
};
template <>
struct TypeName<Duration> {
    static std::string text() { return "nanoseconds"; }
};
template <>
struct TypeName<std::string> {
    static std::string text() { return "text"; }
};
template <class T>
struct TypeName<std::optional<T>> : TypeName<T> {};
template <class T>
struct TypeName<std::vector<T>> {
    static std::string text() { return fmt::format("list of {}", TypeName<T>::text()); }
};
template <HasFields T>
struct TypeName<T> {
    static std::string text() {
        std::string names;
        for_each_field<T>([&](const auto& field) {
            names += fmt::format("{}`{}`", names.empty() ? "" : ", ", field.name);
        });
        return fmt::format("{{{}}}", names);
    }
};
template <class T>
struct TypeName<std::map<std::string, T>> {
    static std::string text() { return fmt::format("object of {}", TypeName<T>::text()); }
};

// A bar would end the cell.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

template <HasFields T>
void append_fields(std::string& out, std::string_view prefix);

template <class T>
struct Nested {
    static void append(std::string&, std::string_view) {}
};
template <HasFields T>
struct Nested<std::vector<T>> {
    static void append(std::string& out, std::string_view name) {
        append_fields<T>(out, fmt::format("{}[].", name));
    }
};

template <HasFields T>
struct Nested<std::optional<T>> {
    static void append(std::string& out, std::string_view name) {
        append_fields<T>(out, fmt::format("{}.", name));
    }
};

template <HasFields T>
void append_fields(std::string& out, std::string_view prefix) {
    for_each_field<T>([&](const auto& field) {
        using Member = typename std::remove_cvref_t<decltype(field)>::member_type;
        out += fmt::format(
            "| `{}{}` | {} | {} | {} |\n", prefix, field.name, TypeName<Member>::text(),
            field.presence == Presence::required ? "always" : "may be absent", cell(field.doc));
        Nested<Member>::append(out, field.name);
    });
}

}  // namespace

std::string event_reference() {
    std::string page = fmt::format(fmt::runtime(introduction), event_log_version);
    AllEvents::for_each([&]<class T>(std::type_identity<T>) {
        page += fmt::format("\n### `{}`\n\n{}\n\n", T::kind, T::doc);
        page += "| field | type | presence | meaning |\n|---|---|---|---|\n";
        append_fields<T>(page, "");
    });
    return page;
}

}  // namespace etimedout
