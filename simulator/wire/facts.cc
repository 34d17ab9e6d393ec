// A capture's bytes to events: connections, HTTP messages, datagrams, on the world's time axis.
#include "simulator/wire/facts.hh"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "simulator/wire/connections.hh"
#include "simulator/wire/dns_message.hh"
#include "simulator/wire/http_messages.hh"
#include "simulator/wire/pcap_file.hh"

namespace etimedout {

namespace {

// Events with the packets they come from, to be put in order at the end.
class Timeline {
public:
    void put(Moment when, Event event) {
        keys_.push_back(when);
        events_.push_back(std::move(event));
    }

    // By time, then by packet, then in the order in which they were put.
    EventLog in_order() {
        std::vector<std::size_t> order(events_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
            return std::tuple{keys_[a].t, keys_[a].packet, a} <
                   std::tuple{keys_[b].t, keys_[b].packet, b};
        });
        EventLog log;
        log.reserve(events_.size());
        for (const std::size_t index : order) log.push_back(std::move(events_[index]));
        return log;
    }

private:
    std::vector<Moment> keys_;
    EventLog events_;
};

std::int64_t number_of(std::size_t index) { return static_cast<std::int64_t>(index) + 1; }

constexpr std::uint16_t dns_port = 53;

bool is_dns(const Endpoint& from, const Endpoint& to) {
    return from.port == dns_port || to.port == dns_port;
}

// The messages of DNS of one capture, answers with the time since their queries.
class DnsReader {
public:
    explicit DnsReader(const CaptureName& name) : name_{name} {}

    struct Way {
        Endpoint from;
        Endpoint to;
        std::string_view transport;
    };
    void add(ByteView message, Moment when, const Way& way) {
        DnsMessage event;
        event.link = name_.link;
        event.end = name_.end;
        event.transport = way.transport;
        event.from = to_text(way.from);
        event.to = to_text(way.to);
        std::optional<DnsFact> fact = read_dns_message(message);
        if (!fact) {
            event.what = "malformed";
            messages_.emplace_back(when, std::move(event));
            return;
        }
        event.what = fact->answer ? "answer" : "query";
        event.id = fact->id;
        event.name = std::move(fact->name);
        event.type = std::move(fact->type);
        event.rcode = std::move(fact->rcode);
        event.records = std::move(fact->records);
        event.ttl = fact->ttl;
        event.truncated = fact->truncated;
        const std::string_view asker = fact->answer ? event.to : event.from;
        const std::string key =
            fmt::format("{} {} {} {} {}", asker, event.transport, event.id, event.type, event.name);
        if (!fact->answer) {
            asked_[key] = when.t;
        } else if (const auto query = asked_.find(key); query != asked_.end()) {
            event.took = when.t - query->second;
        }
        messages_.emplace_back(when, std::move(event));
    }

    struct Half {
        const TcpConnection& connection;
        Side from;
    };
    void add_stream(std::size_t index, const Half& half, const StreamPiece& piece) {
        DnsStreamSplitter& splitter = streams_[{index, half.from}];
        if (piece.kind == StreamPiece::Kind::hole) splitter.give_up();
        if (piece.kind != StreamPiece::Kind::bytes) return;
        splitter.add(piece.bytes);
        const bool up = half.from == Side::client;
        const Way way{up ? half.connection.client : half.connection.server,
                      up ? half.connection.server : half.connection.client, "tcp"};
        while (const auto message = splitter.next()) add(*message, {piece.t, piece.packet}, way);
    }

    std::vector<std::pair<Moment, DnsMessage>> take() { return std::move(messages_); }

private:
    const CaptureName& name_;
    std::map<std::string, Duration> asked_;
    std::map<std::pair<std::size_t, Side>, DnsStreamSplitter> streams_;
    std::vector<std::pair<Moment, DnsMessage>> messages_;
};

// Reads one capture from begin to end.
class CaptureReader final : StreamObserver {
public:
    CaptureReader(const CaptureName& name, std::int64_t wall_begin)
        : name_{name}, wall_begin_{wall_begin}, tracker_{name.callers, this} {}

    void add(const CapturedFrame& frame) {
        const Moment when{Duration{frame.time - wall_begin_}, packets_};
        ++packets_;
        last_ = std::max(last_, when.t);
        const Packet packet = decode_frame(frame.bytes);
        if (const auto* segment = std::get_if<TcpSegment>(&packet)) {
            tracker_.add(*segment, when);
        } else if (const auto* datagram = std::get_if<UdpDatagram>(&packet)) {
            put_datagram(when, "udp", to_text(datagram->from), to_text(datagram->to),
                         datagram->length);
            if (is_dns(datagram->from, datagram->to)) {
                names_.add(datagram->payload, when, {datagram->from, datagram->to, "udp"});
            }
        } else if (const auto* message = std::get_if<IcmpMessage>(&packet)) {
            add_icmp(*message, when);
        } else if (const auto* damaged = std::get_if<DamagedPacket>(&packet)) {
            ++damaged_;
            tracker_.add_damaged(*damaged, when);
        }
    }

    CaptureFacts finish(bool truncated) {
        for (const TcpFact& fact : tracker_.facts()) put_tcp(fact);
        for (std::size_t i = 0; i < conversations_.size(); ++i) put_http(i);
        for (auto& [when, event] : names_.take()) timeline_.put(when, {when.t, std::move(event)});
        for (std::size_t i = 0; i < tracker_.connections().size(); ++i) put_summary(i);
        return {timeline_.in_order(), static_cast<std::int64_t>(packets_), damaged_, truncated};
    }

private:
    void on_piece(std::size_t connection, Side from, const StreamPiece& piece) override {
        const TcpConnection& of = tracker_.connections()[connection];
        if (of.server.port == dns_port) {
            names_.add_stream(connection, {of, from}, piece);
            return;
        }
        if (connection >= conversations_.size()) conversations_.resize(connection + 1);
        auto& conversation = conversations_[connection];
        if (!conversation) conversation.emplace();
        conversation->add(from, piece);
    }

    void add_icmp(const IcmpMessage& message, Moment when) {
        if (message.about) tracker_.add_error(*message.about, when);
        if (is_link_housekeeping(message)) return;
        put_datagram(when, name_of(message), to_text(message.from), to_text(message.to),
                     message.length);
    }

    void put_datagram(Moment when, std::string what, std::string from, std::string to,
                      std::int64_t bytes) {
        timeline_.put(when, {when.t, Datagram{name_.link, name_.end, std::move(what),
                                              std::move(from), std::move(to), bytes}});
    }

    void put_tcp(const TcpFact& fact) {
        TcpEvent event;
        event.link = name_.link;
        event.end = name_.end;
        event.connection = number_of(fact.connection);
        event.what = word(fact.what);
        event.by = word(fact.by);
        event.retransmission = fact.retransmission;
        if (fact.what == TcpHappening::syn) {
            event.client = to_text(tracker_.connections()[fact.connection].client);
            event.server = to_text(tracker_.connections()[fact.connection].server);
        }
        timeline_.put(fact.when, {fact.when.t, std::move(event)});
    }

    void put_http(std::size_t connection) {
        if (!conversations_[connection]) return;
        for (HttpFact& fact : conversations_[connection]->finish()) {
            HttpMessage event;
            event.link = name_.link;
            event.end = name_.end;
            event.connection = number_of(connection);
            event.number = fact.number;
            event.what = fact.from == Side::client ? "request" : "response";
            event.method = std::move(fact.method);
            event.path = std::move(fact.path);
            event.status = fact.status;
            event.call = std::move(fact.call);
            event.ended = fact.ended;
            event.body_bytes = fact.body_bytes;
            event.complete = fact.complete;
            event.fingerprint = std::move(fact.fingerprint);
            event.headers = std::move(fact.headers);
            event.stream = std::move(fact.stream);
            timeline_.put(fact.began, {fact.began.t, std::move(event)});
        }
    }

    void put_summary(std::size_t index) {
        const TcpConnection& connection = tracker_.connections()[index];
        const Sender& client = connection.of(Side::client);
        const Sender& server = connection.of(Side::server);
        ConnectionSummary event;
        event.link = name_.link;
        event.end = name_.end;
        event.connection = number_of(index);
        event.client = to_text(connection.client);
        event.server = to_text(connection.server);
        event.began = connection.began;
        event.established = connection.established;
        event.closed = connection.closed;
        if (connection.closed) {
            event.closed_by = word(connection.closed_by);
            event.closed_how = word(connection.closed_how);
        }
        event.last_byte = connection.last_byte;
        event.syns = client.syns + server.syns;
        event.syn_acks = client.syn_acks + server.syn_acks;
        event.retransmissions = connection.retransmissions;
        event.bytes_up = static_cast<std::int64_t>(client.stream.bytes());
        event.bytes_down = static_cast<std::int64_t>(server.stream.bytes());
        const Duration t = connection.closed ? connection.last_packet : last_;
        timeline_.put({t, std::numeric_limits<std::size_t>::max()}, {t, std::move(event)});
    }

    const CaptureName& name_;
    std::int64_t wall_begin_;
    std::size_t packets_ = 0;
    std::int64_t damaged_ = 0;
    Duration last_ = Duration::min();
    ConnectionTracker tracker_;
    DnsReader names_{name_};
    std::vector<std::optional<HttpConversation>> conversations_;
    Timeline timeline_;
};

}  // namespace

CaptureFacts facts_of_capture(ByteView pcap, const CaptureName& name, std::int64_t wall_begin) {
    PcapReader file = PcapReader::open(pcap).value();
    CaptureReader reader{name, wall_begin};
    while (const auto frame = file.next()) reader.add(*frame);
    return reader.finish(file.truncated());
}

}  // namespace etimedout
