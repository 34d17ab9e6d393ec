// The event log's vocabulary: what happened, where, when, and which call caused it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"
#include "simulator/events/link_events.hh"

namespace etimedout {

// Raised whenever a reader of older logs would misunderstand newer ones.
inline constexpr std::int64_t event_log_version = 1;

// All times are nanoseconds since the world began (`t`), of the world's own clock.

struct LogBegin {
    static constexpr std::string_view kind = "log_begin";
    static constexpr std::string_view doc = "First line of every log: what run this is.";
    std::int64_t version = event_log_version;
    std::string scenario{};
    std::string seed{};   // decimal; JSON numbers lose digits above 2^53
    std::string clock{};  // virtual or real
    std::string start{};  // the world's wall clock when it began, RFC 3339
    std::map<std::string, std::string> variables{};
    static constexpr auto fields() {
        return std::tuple{
            required("version", &LogBegin::version, "of this format"),
            required("scenario", &LogBegin::scenario, "the scenario's name"),
            required("seed", &LogBegin::seed, "decimal"),
            required("clock", &LogBegin::clock, "`virtual` or `real`"),
            required("start", &LogBegin::start, "the world's wall clock at t = 0 (RFC 3339)"),
            optional("variables", &LogBegin::variables, "the scenario's variables as expanded")};
    }
};

// Which node calls which over a link, so that what nodes count and log can be laid beside what was
// seen of the link. Written once for each link, before anything passes.
struct LinkBegin {
    static constexpr std::string_view kind = "link_begin";
    static constexpr std::string_view doc = "A link is there: who calls whom over it.";
    std::string link{};
    std::string from{};
    std::string to{};
    std::optional<std::int64_t> port{};
    std::vector<std::string> callers{};
    std::vector<std::string> callees{};
    static constexpr auto fields() {
        return std::tuple{
            required("link", &LinkBegin::link, "its name"),
            required("from", &LinkBegin::from, "the node at its near end, which calls"),
            required("to", &LinkBegin::to, "the node at its far end, which is called"),
            optional("port", &LinkBegin::port, "where it is called; absent: anywhere"),
            required("callers", &LinkBegin::callers, "addresses of the near end"),
            required("callees", &LinkBegin::callees, "addresses of the far end")};
    }
};

struct StepBegin {
    static constexpr std::string_view kind = "step_begin";
    static constexpr std::string_view doc = "A step of the scenario begins.";
    std::int64_t step = 0;
    std::string what{};
    std::string id{};
    static constexpr auto fields() {
        return std::tuple{required("step", &StepBegin::step, "its number, from 1"),
                          required("what", &StepBegin::what, "fault, heal, call, wait or set"),
                          optional("id", &StepBegin::id, "its id")};
    }
};

struct StepEnd {
    static constexpr std::string_view kind = "step_end";
    static constexpr std::string_view doc = "A step is done (a background call may still run).";
    std::int64_t step = 0;
    static constexpr auto fields() {
        return std::tuple{required("step", &StepEnd::step, "its number, from 1")};
    }
};

struct CallBegin {
    static constexpr std::string_view kind = "call_begin";
    static constexpr std::string_view doc = "A call begins.";
    std::string call{};
    std::int64_t index = 1;
    std::string node{};
    std::string link{};
    std::string what{};
    bool steady = false;
    static constexpr auto fields() {
        return std::tuple{
            required("call", &CallBegin::call, "the call's id"),
            required("index", &CallBegin::index, "which of its repetitions, from 1"),
            required("node", &CallBegin::node, "the node it is made from"),
            optional("link", &CallBegin::link, "the link it goes over"),
            required("what", &CallBegin::what, "http, tcp, dns, ping or exec"),
            optional("steady", &CallBegin::steady, "a steady-state check: must succeed")};
    }
};

// What the caller saw. Phases are durations from the call's begin, as `curl -w` names them;
// a phase not reached is absent.
struct CallEnd {
    static constexpr std::string_view kind = "call_end";
    static constexpr std::string_view doc = "A call has ended, and this is what the caller saw.";
    std::string call{};
    std::int64_t index = 1;
    std::string outcome{};  // DESIGN section 7: response, ok, connect_timeout, …
    std::string error{};    // errno's name where there is one
    std::string detail{};   // the program's or the library's own words
    std::optional<std::int64_t> status{};
    std::optional<std::int64_t> exit_code{};
    std::optional<Duration> dns{};
    std::optional<Duration> connect{};
    std::optional<Duration> tls{};
    std::optional<Duration> first_byte{};
    Duration total{};
    std::int64_t sent = 0;
    std::int64_t received = 0;
    std::map<std::string, std::string> headers{};  // names in lower case
    std::string body{};                            // at most 64 KiB of it
    std::string completeness{};                    // complete, cut, silently_cut
    std::string standard_output{};                 // exec; at most 64 KiB
    std::string standard_error{};
    std::vector<std::string> addresses{};  // dns
    std::string local_address{};           // tcp and http: address:port of our end
    std::optional<StreamSeen> stream{};    // times since the call began
    static constexpr auto fields() {
        return std::tuple{
            required("call", &CallEnd::call, "the call's id"),
            required("index", &CallEnd::index, "which of its repetitions, from 1"),
            required("outcome", &CallEnd::outcome, "what became of it, in one word"),
            optional("errno", &CallEnd::error, "errno's name; an application's own timer has none"),
            optional("detail", &CallEnd::detail, "the program's or the library's own words"),
            optional("status", &CallEnd::status, "HTTP status"),
            optional("exit_code", &CallEnd::exit_code, "of a program; 128 + n for signal n"),
            optional("dns", &CallEnd::dns, "name resolved, since the call began"),
            optional("connect", &CallEnd::connect, "TCP connected, since the call began"),
            optional("tls", &CallEnd::tls, "TLS established, since the call began"),
            optional("first_byte", &CallEnd::first_byte, "first byte, since the call began"),
            required("total", &CallEnd::total, "the whole call"),
            optional("sent", &CallEnd::sent, "bytes of body or payload sent"),
            optional("received", &CallEnd::received, "bytes of body or payload received"),
            optional("headers", &CallEnd::headers, "of the response, names in lower case"),
            optional("body", &CallEnd::body, "at most 64 KiB of it"),
            optional("completeness", &CallEnd::completeness, "complete, cut or silently_cut"),
            optional("stdout", &CallEnd::standard_output, "of a program, at most 64 KiB"),
            optional("stderr", &CallEnd::standard_error, "of a program, at most 64 KiB"),
            optional("addresses", &CallEnd::addresses, "a name's addresses, sorted"),
            optional("local_address", &CallEnd::local_address, "our end, address:port"),
            optional("stream", &CallEnd::stream,
                     "of an event stream, or a body without a length; times since the call began")};
    }
};

struct FaultArmed {
    static constexpr std::string_view kind = "fault_armed";
    static constexpr std::string_view doc = "A fault is in place from here.";
    std::string fault{};
    std::string what{};
    std::string at{};
    static constexpr auto fields() {
        return std::tuple{required("fault", &FaultArmed::fault, "its id"),
                          required("what", &FaultArmed::what, "its kind"),
                          required("at", &FaultArmed::at, "the link or node")};
    }
};

struct FaultHealed {
    static constexpr std::string_view kind = "fault_healed";
    static constexpr std::string_view doc = "A fault is gone from here.";
    std::string fault{};
    static constexpr auto fields() {
        return std::tuple{required("fault", &FaultHealed::fault, "its id")};
    }
};

struct FaultFired {
    static constexpr std::string_view kind = "fault_fired";
    static constexpr std::string_view doc =
        "The link's proxy did for the first time to this connection, or to this request, what the "
        "fault is about.";
    std::string fault{};
    std::string at{};
    std::string client{};
    static constexpr auto fields() {
        return std::tuple{
            required("fault", &FaultFired::fault, "its id"),
            required("at", &FaultFired::at, "the link"),
            required("client", &FaultFired::client, "the connection's caller, address:port")};
    }
};

// Read from the kernel's or the engine's own counters when a fault is healed or the world ends.
struct FaultWitness {
    static constexpr std::string_view kind = "fault_witness";
    static constexpr std::string_view doc = "The proof of what a fault met and did.";
    std::string fault{};
    std::int64_t matched = 0;
    std::int64_t fired = 0;
    std::string evidence{};
    static constexpr auto fields() {
        return std::tuple{
            required("fault", &FaultWitness::fault, "its id"),
            required("matched", &FaultWitness::matched, "packets, connections or requests it met"),
            required("fired", &FaultWitness::fired, "those on which it took effect"),
            optional("evidence", &FaultWitness::evidence, "where the numbers come from")};
    }
};

struct ProcessBegin {
    static constexpr std::string_view kind = "process_begin";
    static constexpr std::string_view doc = "A node's program is started.";
    std::string node{};
    std::string command{};
    static constexpr auto fields() {
        return std::tuple{required("node", &ProcessBegin::node, "its node"),
                          required("command", &ProcessBegin::command, "as the scenario wrote it")};
    }
};

struct ProcessReady {
    static constexpr std::string_view kind = "process_ready";
    static constexpr std::string_view doc = "A node's program passed its ready check.";
    std::string node{};
    static constexpr auto fields() {
        return std::tuple{required("node", &ProcessReady::node, "its node")};
    }
};

struct ProcessEnd {
    static constexpr std::string_view kind = "process_end";
    static constexpr std::string_view doc = "A node's program ended.";
    std::string node{};
    std::int64_t exit_code = 0;
    bool expected = false;
    static constexpr auto fields() {
        return std::tuple{
            required("node", &ProcessEnd::node, "its node"),
            required("exit_code", &ProcessEnd::exit_code, "128 + n for signal n"),
            required("expected", &ProcessEnd::expected, "the world or the scenario ended it")};
    }
};

struct LogLine {
    static constexpr std::string_view kind = "log_line";
    static constexpr std::string_view doc = "A line a node's program wrote.";
    std::string node{};
    std::string source{};
    std::string text{};
    static constexpr auto fields() {
        return std::tuple{required("node", &LogLine::node, "its node"),
                          required("source", &LogLine::source, "stdout, stderr or the file's name"),
                          required("text", &LogLine::text, "without its end of line")};
    }
};

struct Counters {
    static constexpr std::string_view kind = "counters";
    static constexpr std::string_view doc =
        "Kernel counters of a node, under nstat's names: those that changed since the last sample.";
    std::string node{};
    std::map<std::string, std::int64_t> values{};
    static constexpr auto fields() {
        return std::tuple{required("node", &Counters::node, "its node"),
                          required("values", &Counters::values, "absolute values")};
    }
};

struct Listener {
    std::int64_t port = 0;
    std::int64_t queue = 0;
    std::int64_t backlog = 0;
    static constexpr auto fields() {
        return std::tuple{required("port", &Listener::port, "local port"),
                          required("queue", &Listener::queue, "connections waiting for accept"),
                          required("backlog", &Listener::backlog, "how many may wait")};
    }
    bool operator==(const Listener&) const = default;
};

struct Sockets {
    static constexpr std::string_view kind = "sockets";
    static constexpr std::string_view doc = "The TCP socket table of a node, when it changed.";
    std::string node{};
    std::map<std::string, std::int64_t> states{};
    std::vector<Listener> listeners{};
    std::int64_t send_queue = 0;
    std::int64_t receive_queue = 0;
    static constexpr auto fields() {
        return std::tuple{
            required("node", &Sockets::node, "its node"),
            required("states", &Sockets::states, "sockets per state, as ss names them"),
            optional("listeners", &Sockets::listeners, "listening sockets and their queues"),
            optional("send_queue", &Sockets::send_queue, "unsent or unacknowledged bytes, summed"),
            optional("receive_queue", &Sockets::receive_queue, "unread bytes, summed")};
    }
};

struct Usage {
    static constexpr std::string_view kind = "usage";
    static constexpr std::string_view doc = "What a node's processes hold, when it changed.";
    std::string node{};
    std::int64_t fds = 0;
    std::int64_t memory = 0;
    std::int64_t processes = 0;
    static constexpr auto fields() {
        return std::tuple{
            required("node", &Usage::node, "its node"),
            required("fds", &Usage::fds, "open descriptors, summed"),
            required("memory", &Usage::memory,
                     "resident bytes of their own, without files and shared memory, summed"),
            required("processes", &Usage::processes, "how many")};
    }
    bool operator==(const Usage&) const = default;
};

struct CaptureEnd {
    static constexpr std::string_view kind = "capture_end";
    static constexpr std::string_view doc = "A capture is closed.";
    std::string link{};
    std::string end{};
    std::int64_t packets = 0;
    std::int64_t dropped = 0;
    static constexpr auto fields() {
        return std::tuple{
            required("link", &CaptureEnd::link, "the link"),
            required("end", &CaptureEnd::end, "`near` or `far`"),
            required("packets", &CaptureEnd::packets, "captured"),
            required("dropped", &CaptureEnd::dropped, "lost by the capture; must be 0")};
    }
};

// Everything that can take a world's time from it (the host's other work, a paused machine) keeps a
// thread of the world from running, and so is seen as a timer that fires late.
struct Stall {
    static constexpr std::string_view kind = "stall";
    static constexpr std::string_view doc =
        "The machine kept the world waiting, which ended here: a timer that is set every 10 ms "
        "fired "
        "5 ms late or later. In real time only.";
    Duration late{};
    static constexpr auto fields() {
        return std::tuple{required("late", &Stall::late, "how late the timer fired")};
    }
};

// The last line of every log. `reason` is ok, or names what is wrong with the run itself.
struct LogEnd {
    static constexpr std::string_view kind = "log_end";
    static constexpr std::string_view doc = "Last line: how the world ended.";
    std::string reason{};
    std::string message{};
    std::string advice{};
    static constexpr auto fields() {
        return std::tuple{
            required("reason", &LogEnd::reason,
                     "ok, not_ready, process_ended, nothing_happens, stands_still, out_of_memory, "
                     "skipped, steady_state, world"),
            optional("message", &LogEnd::message, "what is wrong, for people"),
            optional("advice", &LogEnd::advice, "what to do about it")};
    }
};

using AllEvents = List<LogBegin, LinkBegin, StepBegin, StepEnd, CallBegin, CallEnd, FaultArmed,
                       FaultFired, FaultHealed, FaultWitness, ProcessBegin, ProcessReady,
                       ProcessEnd, LogLine, Counters, Sockets, Usage, TcpEvent, ConnectionSummary,
                       HttpMessage, Datagram, DnsMessage, CaptureEnd, Stall, LogEnd>;

template <class>
struct EventVariant;
template <class... Ts>
struct EventVariant<List<Ts...>> {
    using type = std::variant<Ts...>;
};

struct Event {
    Duration t{};
    EventVariant<AllEvents>::type what;
};

using EventLog = std::vector<Event>;

}  // namespace etimedout
