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

// What came of a body that is sent piece by piece: an event stream (WHATWG HTML, section 9.2), or
// one without a length. Times are those of the event that holds this.
struct StreamSeen {
    std::optional<Duration> headers{};
    std::optional<Duration> first_byte{};
    std::optional<Duration> first_event{};
    std::optional<Duration> first_content{};
    std::optional<Duration> last{};
    std::optional<Duration> end{};
    Duration largest_gap{};
    std::int64_t events = 0;
    std::int64_t comments = 0;
    std::string last_type{};
    std::string last_data{};
    static constexpr std::size_t most_of_last = 200;
    static constexpr auto fields() {
        return std::tuple{
            optional("headers", &StreamSeen::headers, "the head was complete"),
            optional("first_byte", &StreamSeen::first_byte, "first byte of the body"),
            optional("first_event", &StreamSeen::first_event, "first event, comments not counted"),
            optional("first_content", &StreamSeen::first_content,
                     "first event that carries content: of OpenAI's and Anthropic's streams the "
                     "first piece of the answer, of others the first event"),
            optional("last", &StreamSeen::last,
                     "last event; of a body that is no event stream, its last piece"),
            optional("end", &StreamSeen::end,
                     "its end was seen: the last chunk, the last announced byte, or FIN"),
            optional("largest_gap", &StreamSeen::largest_gap,
                     "longest pause between two events, or two pieces, in nanoseconds"),
            optional("events", &StreamSeen::events, "events"),
            optional("comments", &StreamSeen::comments, "comments, which keep a stream alive"),
            optional("last_type", &StreamSeen::last_type, "type of the last event"),
            optional("last_data", &StreamSeen::last_data,
                     "data of the last event, or the body's last line; at most 200 bytes")};
    }
    bool operator==(const StreamSeen&) const = default;
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

// One TCP connection (4-tuple) at one point of capture; facts come from its packets alone.
struct TcpEvent {
    static constexpr std::string_view kind = "tcp";
    static constexpr std::string_view doc =
        "Something happened to a TCP connection, seen on a link.";
    std::string link{};
    std::string end{};            // near or far: which side of the link's router saw it
    std::int64_t connection = 0;  // from 1, in order of first packets, per link and end
    std::string what{};
    std::string by{};
    std::int64_t retransmission = 0;
    std::string client{};
    std::string server{};
    static constexpr auto fields() {
        return std::tuple{
            required("link", &TcpEvent::link, "the link"),
            required("end", &TcpEvent::end, "`near` the caller or `far` from it"),
            required("connection", &TcpEvent::connection, "its number on this link, from 1"),
            required("what", &TcpEvent::what,
                     "syn, syn_ack, established, first_data (of each side), fin, rst, "
                     "retransmission, keep_alive, window_probe, icmp_error, or damaged (its "
                     "checksum is wrong)"),
            required("by", &TcpEvent::by,
                     "client or server: who sent the packet; for icmp_error, whose packet it "
                     "answers"),
            optional("retransmission", &TcpEvent::retransmission,
                     "for syn, syn_ack, fin and retransmission: how often this was sent before"),
            optional("client", &TcpEvent::client, "address:port, with syn"),
            optional("server", &TcpEvent::server, "address:port, with syn")};
    }
};

struct ConnectionSummary {
    static constexpr std::string_view kind = "connection";
    static constexpr std::string_view doc =
        "All that was seen of one TCP connection, when it closed or the capture ended.";
    std::string link{};
    std::string end{};
    std::int64_t connection = 0;
    std::string client{};
    std::string server{};
    Duration began{};
    std::optional<Duration> established{};
    std::optional<Duration> closed{};
    std::string closed_by{};   // client or server: who sent the first FIN or RST
    std::string closed_how{};  // fin or rst
    std::optional<Duration> last_byte{};
    std::int64_t syns = 0;
    std::int64_t syn_acks = 0;
    std::int64_t retransmissions = 0;
    std::int64_t bytes_up = 0;  // payload, each byte once
    std::int64_t bytes_down = 0;
    static constexpr auto fields() {
        return std::tuple{
            required("link", &ConnectionSummary::link, "the link"),
            required("end", &ConnectionSummary::end, "`near` the caller or `far` from it"),
            required("connection", &ConnectionSummary::connection, "its number on this link"),
            required("client", &ConnectionSummary::client, "address:port"),
            required("server", &ConnectionSummary::server, "address:port"),
            required("began", &ConnectionSummary::began, "first packet"),
            optional("established", &ConnectionSummary::established, "handshake complete"),
            optional("closed", &ConnectionSummary::closed, "first FIN or RST"),
            optional("closed_by", &ConnectionSummary::closed_by, "client or server"),
            optional("closed_how", &ConnectionSummary::closed_how, "fin or rst"),
            optional("last_byte", &ConnectionSummary::last_byte, "last new payload byte"),
            required("syns", &ConnectionSummary::syns, "SYNs, retransmissions included"),
            required("syn_acks", &ConnectionSummary::syn_acks, "SYN-ACKs"),
            required("retransmissions", &ConnectionSummary::retransmissions,
                     "segments sent again, SYNs not counted"),
            required("bytes_up", &ConnectionSummary::bytes_up, "payload from the client"),
            required("bytes_down", &ConnectionSummary::bytes_down, "payload from the server")};
    }
};

struct HttpMessage {
    static constexpr std::string_view kind = "http";
    static constexpr std::string_view doc =
        "An HTTP/1.1 request or final response (or 101), seen on a link, at its first byte.";
    std::string link{};
    std::string end{};
    std::int64_t connection = 0;
    std::int64_t number = 0;
    std::string what{};
    std::string method{};
    std::string path{};
    std::int64_t status = 0;
    std::string call{};  // from the trace header
    std::optional<Duration> ended{};
    std::int64_t body_bytes = 0;
    bool complete = false;
    std::string fingerprint{};
    std::map<std::string, std::string> headers{};  // names in lower case
    std::optional<StreamSeen> stream{};
    static constexpr auto fields() {
        return std::tuple{
            required("link", &HttpMessage::link, "the link"),
            required("end", &HttpMessage::end, "`near` the caller or `far` from it"),
            required("connection", &HttpMessage::connection, "its connection's number"),
            required("number", &HttpMessage::number, "which of its kind there, from 1"),
            required("what", &HttpMessage::what, "request or response"),
            optional("method", &HttpMessage::method, "of a request"),
            optional("path", &HttpMessage::path, "of a request, with its query"),
            optional("status", &HttpMessage::status, "of a response"),
            optional("call", &HttpMessage::call, "from the request's header X-Etimedout-Call"),
            optional("ended", &HttpMessage::ended, "when its last byte was seen"),
            optional("body_bytes", &HttpMessage::body_bytes,
                     "length of the body, without chunks' framing"),
            required("complete", &HttpMessage::complete, "all that was announced was seen"),
            optional("fingerprint", &HttpMessage::fingerprint,
                     "of a request's headers, in hexadecimal (FNV-1a of names and values, "
                     "sorted): without those of one hop, of tracing, and the date"),
            optional("headers", &HttpMessage::headers,
                     "of a request, Idempotency-Key; of a response, Retry-After and "
                     "Retry-After-Ms"),
            optional("stream", &HttpMessage::stream,
                     "of a response: an event stream, or a body without a length; times since "
                     "the world began")};
    }
};

struct Datagram {
    static constexpr std::string_view kind = "datagram";
    static constexpr std::string_view doc =
        "A UDP datagram or an ICMP message, seen on a link; neighbour discovery and the like are "
        "left out.";
    std::string link{};
    std::string end{};
    std::string what{};
    std::string from{};
    std::string to{};
    std::int64_t bytes = 0;
    static constexpr auto fields() {
        return std::tuple{required("link", &Datagram::link, "the link"),
                          required("end", &Datagram::end, "`near` the caller or `far` from it"),
                          required("what", &Datagram::what,
                                   "udp, or the ICMP message: echo_request, echo_reply, "
                                   "unreachable/host, …"),
                          required("from", &Datagram::from, "address, with the port for udp"),
                          required("to", &Datagram::to, "address, with the port for udp"),
                          required("bytes", &Datagram::bytes, "payload")};
    }
};

// One message of DNS over UDP or TCP (RFC 1035), as it was on the wire.
struct DnsMessage {
    static constexpr std::string_view kind = "dns";
    static constexpr std::string_view doc =
        "A DNS query or answer, over UDP or TCP (port 53), seen on a link.";
    std::string link{};
    std::string end{};
    std::string what{};
    std::string transport{};
    std::string from{};
    std::string to{};
    std::int64_t id = 0;
    std::string name{};
    std::string type{};
    std::string rcode{};
    std::vector<std::string> records{};
    std::optional<Duration> ttl{};
    bool truncated = false;
    std::optional<Duration> took{};
    static constexpr auto fields() {
        return std::tuple{
            required("link", &DnsMessage::link, "the link"),
            required("end", &DnsMessage::end, "`near` the caller or `far` from it"),
            required("what", &DnsMessage::what,
                     "query, answer, or malformed: port 53, but no message of DNS"),
            required("transport", &DnsMessage::transport, "udp or tcp"),
            required("from", &DnsMessage::from, "address:port"),
            required("to", &DnsMessage::to, "address:port"),
            optional("id", &DnsMessage::id, "of the query, and of its answer"),
            optional("name", &DnsMessage::name, "asked for; lower case, without the last dot"),
            optional("type", &DnsMessage::type, "asked for: A, AAAA, SRV, …"),
            optional("rcode", &DnsMessage::rcode,
                     "of an answer, as RFC 1035 and IANA name it: NOERROR, NXDOMAIN, SERVFAIL, …"),
            optional("records", &DnsMessage::records,
                     "of an answer's answer section, in its order: `TYPE DATA`"),
            optional("ttl", &DnsMessage::ttl, "the shortest of those records"),
            optional("truncated", &DnsMessage::truncated, "the answer says: ask over TCP"),
            optional("took", &DnsMessage::took,
                     "of an answer: since the last query with its id, name and ports")};
    }
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
