// TCP connections as one capture shows them: numbered, with what happened to each and when.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/wire/packet.hh"
#include "simulator/wire/tcp_stream.hh"

namespace etimedout {

enum class Side : std::uint8_t { client, server };

constexpr Side other(Side side) { return side == Side::client ? Side::server : Side::client; }
constexpr std::string_view word(Side side) { return side == Side::client ? "client" : "server"; }

// Where in a capture something is: the packet's stamp and its number, which breaks ties.
struct Moment {
    Duration t{};
    std::size_t packet = 0;
};

enum class TcpHappening : std::uint8_t {
    syn,
    syn_ack,
    established,
    first_data,
    fin,
    rst,
    retransmission,
    keep_alive,
    window_probe,
    icmp_error,
    damaged,
};

constexpr std::string_view word(TcpHappening what) {
    constexpr std::array<std::string_view, 11> words{
        "syn",        "syn_ack",      "established", "first_data", "fin", "rst", "retransmission",
        "keep_alive", "window_probe", "icmp_error",  "damaged"};
    return words[static_cast<std::size_t>(what)];
}

struct TcpFact {
    Moment when{};
    std::size_t connection = 0;  // index, from 0
    TcpHappening what{};
    Side by{};  // who sent the packet; for icmp_error, whose packet the error is about
    std::int64_t retransmission = 0;
};

// What one side has sent.
struct Sender {
    TcpStream stream{};
    std::int64_t syns = 0;
    std::int64_t syn_acks = 0;
    std::int64_t fins = 0;
    bool sent_data = false;
    bool window_closed = false;  // its latest packet announced a receive window of 0
};

struct TcpConnection {
    Endpoint client{};
    Endpoint server{};
    Duration began{};
    Duration last_packet{};
    std::optional<Duration> established{};
    std::optional<Duration> closed{};  // first FIN or RST
    Side closed_by{};
    TcpHappening closed_how{};  // fin or rst
    bool was_reset = false;
    std::optional<Duration> last_byte{};
    std::int64_t retransmissions = 0;
    std::array<Sender, 2> senders{};

    Sender& of(Side side) { return senders[static_cast<std::size_t>(side)]; }
    const Sender& of(Side side) const { return senders[static_cast<std::size_t>(side)]; }
};

// Gets each connection's streams as they become complete.
class StreamObserver {
public:
    virtual ~StreamObserver() = default;
    virtual void on_piece(std::size_t connection, Side from, const StreamPiece& piece) = 0;
};

// Follows RFC 9293 from the outside. A connection is a SYN's 4-tuple until another SYN with another
// initial sequence number takes that tuple; a connection met in the middle begins with its first
// packet. Its client is whoever sent the SYN; without one, the side whose address is among
// `callers`, else the side with the higher port. Bytes that were all seen before are a
// retransmission, unless they are a keep-alive probe (RFC 1122 section 4.2.3.6) or a probe of a
// closed window (RFC 9293 section 3.8.6.1).
class ConnectionTracker {
public:
    // `observer` may be null.
    ConnectionTracker(std::vector<PacketAddress> callers, StreamObserver* observer);

    // In the order of the capture. The segment's bytes must outlive the tracker.
    void add(const TcpSegment& segment, Moment when);
    // An ICMP error that quotes a segment of a known connection.
    void add_error(const QuotedPacket& about, Moment when);
    void add_damaged(const DamagedPacket& packet, Moment when);

    const std::deque<TcpConnection>& connections() const { return connections_; }
    const std::vector<TcpFact>& facts() const { return facts_; }

private:
    // Both endpoints, the lower one first.
    struct Tuple {
        Endpoint low;
        Endpoint high;
        bool operator==(const Tuple&) const = default;
    };
    struct TupleHash {
        std::size_t operator()(const Tuple& tuple) const;
    };
    // One segment on its way through the functions below.
    struct Step {
        const TcpSegment& segment;
        Moment when;
        std::size_t index;
        TcpConnection& connection;
        Side by;
        Sender& sender;
        Sender& receiver;
    };

    static Tuple tuple_of(const Endpoint& a, const Endpoint& b);
    std::optional<std::size_t> find(const Endpoint& a, const Endpoint& b) const;
    std::size_t create(const Endpoint& client, const Endpoint& server, Moment when);
    std::size_t connection_of(const TcpSegment& segment, Moment when);
    bool belongs_to(const TcpSegment& syn, const TcpConnection& connection) const;
    bool is_from_client(const TcpSegment& segment) const;

    void note(const Step& step, TcpHappening what, std::int64_t retransmission = 0);
    void add_syn(const Step& step);
    void add_acknowledgement(const Step& step);
    bool add_probe(const Step& step, std::int64_t position);
    void add_payload(const Step& step, std::int64_t position);
    void add_fin(const Step& step, std::int64_t position);
    void close(const Step& step, TcpHappening how);
    void deliver(std::size_t index, Side from);

    std::vector<PacketAddress> callers_;
    StreamObserver* observer_;
    std::deque<TcpConnection> connections_;
    std::unordered_map<Tuple, std::size_t, TupleHash> newest_;  // of each tuple
    std::vector<TcpFact> facts_;
};

}  // namespace etimedout
