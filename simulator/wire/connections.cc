// TCP connections as one capture shows them: numbered, with what happened to each and when.
#include "simulator/wire/connections.hh"

#include <algorithm>
#include <cstring>

namespace etimedout {

namespace {

constexpr std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 32U;
    value *= 0x9E3779B97F4A7C15ULL;
    return value ^ value >> 29U;
}

std::uint64_t hash_of(const Endpoint& endpoint) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), endpoint.address.bytes.data(), sizeof words);
    return mix(mix(words[0]) + words[1] + endpoint.port);
}

}  // namespace

std::size_t ConnectionTracker::TupleHash::operator()(const Tuple& tuple) const {
    return static_cast<std::size_t>(mix(hash_of(tuple.low) * 3 + hash_of(tuple.high)));
}

ConnectionTracker::ConnectionTracker(std::vector<PacketAddress> callers, StreamObserver* observer)
    : callers_{std::move(callers)}, observer_{observer} {}

ConnectionTracker::Tuple ConnectionTracker::tuple_of(const Endpoint& a, const Endpoint& b) {
    return a < b ? Tuple{a, b} : Tuple{b, a};
}

std::optional<std::size_t> ConnectionTracker::find(const Endpoint& a, const Endpoint& b) const {
    const auto found = newest_.find(tuple_of(a, b));
    if (found == newest_.end()) return std::nullopt;
    return found->second;
}

std::size_t ConnectionTracker::create(const Endpoint& client, const Endpoint& server, Moment when) {
    const std::size_t index = connections_.size();
    TcpConnection& connection = connections_.emplace_back();
    connection.client = client;
    connection.server = server;
    connection.began = when.t;
    newest_[tuple_of(client, server)] = index;
    return index;
}

// Whether a SYN is part of a connection that is known: sent again, or both sides opening at once
// (RFC 9293 section 3.5).
bool ConnectionTracker::belongs_to(const TcpSegment& syn, const TcpConnection& connection) const {
    const Side by = syn.from == connection.client ? Side::client : Side::server;
    const TcpStream& stream = connection.of(by).stream;
    if (stream.begun_at_syn()) return stream.initial_sequence() == syn.sequence;
    return by == Side::server && !stream.begun() && !connection.closed;
}

bool ConnectionTracker::is_from_client(const TcpSegment& segment) const {
    const auto is_caller = [this](const Endpoint& endpoint) {
        return std::find(callers_.begin(), callers_.end(), endpoint.address) != callers_.end();
    };
    const bool from_caller = is_caller(segment.from);
    if (from_caller != is_caller(segment.to)) return from_caller;
    return segment.from.port >= segment.to.port;
}

std::size_t ConnectionTracker::connection_of(const TcpSegment& segment, Moment when) {
    const auto known = find(segment.from, segment.to);
    const bool opens = segment.flags.syn && !segment.flags.ack;
    if (known && (!opens || belongs_to(segment, connections_[*known]))) return *known;
    if (opens) return create(segment.from, segment.to, when);
    if (segment.flags.syn) return create(segment.to, segment.from, when);
    return is_from_client(segment) ? create(segment.from, segment.to, when)
                                   : create(segment.to, segment.from, when);
}

void ConnectionTracker::note(const Step& step, TcpHappening what, std::int64_t retransmission) {
    facts_.push_back({step.when, step.index, what, step.by, retransmission});
}

void ConnectionTracker::add(const TcpSegment& segment, Moment when) {
    const std::size_t index = connection_of(segment, when);
    TcpConnection& connection = connections_[index];
    const Side by = segment.from == connection.client ? Side::client : Side::server;
    const Step step{
        segment, when, index, connection, by, connection.of(by), connection.of(other(by))};
    connection.last_packet = when.t;
    // A reset sent by a firewall need not know the sequence number.
    if (segment.flags.rst) {
        note(step, TcpHappening::rst);
        close(step, TcpHappening::rst);
        connection.was_reset = true;
        return;
    }
    if (segment.flags.syn) add_syn(step);
    TcpStream& stream = step.sender.stream;
    if (!stream.begun()) stream.begin_in_the_middle(segment.sequence);
    const std::int64_t position =
        stream.position_of(segment.sequence + (segment.flags.syn ? 1U : 0U));
    if (!stream.is_plausible(position)) return;  // left over from the tuple's previous connection
    add_acknowledgement(step);
    if (!add_probe(step, position)) {
        if (segment.length > 0) add_payload(step, position);
        if (segment.flags.fin) add_fin(step, position + segment.length);
    }
    step.sender.window_closed = segment.window == 0;
    deliver(index, by);
}

void ConnectionTracker::add_syn(const Step& step) {
    TcpStream& stream = step.sender.stream;
    const bool answers = step.segment.flags.ack;
    // A server that makes its number from a cookie, or was restarted, answers a SYN sent again
    // with another number; until the handshake is complete the latest is the one that may count.
    if (!stream.begun() || (answers && !step.connection.established && stream.next() == 0)) {
        stream.begin_at_syn(step.segment.sequence);
    }
    std::int64_t& count = answers ? step.sender.syn_acks : step.sender.syns;
    note(step, answers ? TcpHappening::syn_ack : TcpHappening::syn, count);
    ++count;
}

// What the other side has received, and with it perhaps the last step of the handshake.
void ConnectionTracker::add_acknowledgement(const Step& step) {
    TcpStream& theirs = step.receiver.stream;
    if (!step.segment.flags.ack || !theirs.begun()) return;
    const std::int64_t position = theirs.position_of(step.segment.acknowledged);
    theirs.acknowledge(position);
    deliver(step.index, other(step.by));
    if (step.connection.established || step.segment.flags.syn || step.by != Side::client) return;
    if (step.receiver.syn_acks == 0 || position < 0) return;
    step.connection.established = step.when.t;
    note(step, TcpHappening::established);
}

// Keep-alive and window probes repeat the last acknowledged position, with no byte or with one
// (Linux sends none for either, so the receiver's window tells them apart); or they send the next
// byte into a closed window. Whether the segment was nothing but a probe.
bool ConnectionTracker::add_probe(const Step& step, std::int64_t position) {
    const TcpSegment& segment = step.segment;
    const TcpStream& stream = step.sender.stream;
    if (segment.length > 1 || segment.flags.syn || segment.flags.fin || !segment.flags.ack) {
        return false;
    }
    const bool closed_window = step.receiver.window_closed;
    const bool repeats = position == stream.next() - 1 && stream.acknowledged() == stream.next();
    // One byte sent alone and then sent again is a retransmission whose acknowledgement got lost.
    if (repeats && (segment.length == 0 || stream.last_length() != 1)) {
        note(step, closed_window ? TcpHappening::window_probe : TcpHappening::keep_alive);
        return true;
    }
    if (segment.length == 1 && closed_window) {
        note(step, TcpHappening::window_probe);
        return stream.all_seen(position, 1);  // a new byte counts as data too
    }
    return false;
}

void ConnectionTracker::add_payload(const Step& step, std::int64_t position) {
    TcpStream& stream = step.sender.stream;
    const TcpSegment& segment = step.segment;
    if (stream.all_seen(position, segment.length)) {
        ++step.connection.retransmissions;
        note(step, TcpHappening::retransmission, stream.count_again(position));
        return;
    }
    if (!step.sender.sent_data) note(step, TcpHappening::first_data);
    step.sender.sent_data = true;
    step.connection.last_byte = step.when.t;
    stream.add({position, segment.length, segment.payload, step.when.t, step.when.packet});
}

void ConnectionTracker::add_fin(const Step& step, std::int64_t position) {
    // With payload in front of it, the payload was counted.
    if (step.sender.fins > 0 && step.segment.length == 0) ++step.connection.retransmissions;
    note(step, TcpHappening::fin, step.sender.fins);
    ++step.sender.fins;
    step.sender.stream.add_fin(position, step.when.t, step.when.packet);
    close(step, TcpHappening::fin);
}

void ConnectionTracker::close(const Step& step, TcpHappening how) {
    if (step.connection.closed) return;
    step.connection.closed = step.when.t;
    step.connection.closed_by = step.by;
    step.connection.closed_how = how;
}

void ConnectionTracker::deliver(std::size_t index, Side from) {
    TcpStream& stream = connections_[index].of(from).stream;
    if (observer_ != nullptr) {
        for (const StreamPiece& piece : stream.ready()) observer_->on_piece(index, from, piece);
    }
    stream.discard_ready();
}

void ConnectionTracker::add_error(const QuotedPacket& about, Moment when) {
    constexpr std::uint8_t tcp_protocol = 6;
    if (about.protocol != tcp_protocol) return;
    const auto index = find(about.from, about.to);
    if (!index) return;
    TcpConnection& connection = connections_[*index];
    connection.last_packet = when.t;
    const Side by = about.from == connection.client ? Side::client : Side::server;
    facts_.push_back({when, *index, TcpHappening::icmp_error, by, 0});
}

void ConnectionTracker::add_damaged(const DamagedPacket& packet, Moment when) {
    constexpr std::uint8_t tcp_protocol = 6;
    if (packet.protocol != tcp_protocol) return;
    const auto index = find(packet.from, packet.to);
    if (!index) return;
    TcpConnection& connection = connections_[*index];
    connection.last_packet = when.t;
    const Side by = packet.from == connection.client ? Side::client : Side::server;
    facts_.push_back({when, *index, TcpHappening::damaged, by, 0});
}

}  // namespace etimedout
