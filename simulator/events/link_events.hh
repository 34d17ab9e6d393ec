// What is seen on a link: connections, HTTP messages, datagrams and messages of DNS.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

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

}  // namespace etimedout
