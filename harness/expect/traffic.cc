// Traffic: connections and requests, put together from what the capture saw.
#include "harness/expect/traffic.hh"

#include <algorithm>

namespace etimedout {

namespace {

// A 1xx response announces another one, but for 101, after which HTTP is over (RFC 9110 15.2).
bool is_final(const HttpMessage& response) {
    return response.status >= 200 || response.status == 101 || response.status == 0;
}

bool is_sent_again(const TcpEvent& event) {
    return event.what == "retransmission" || (event.what == "fin" && event.retransmission > 0);
}

// What only the summary knows, as far as single events tell it too: for a log that was cut short.
void take_moments(Connection& connection, const std::vector<TcpMoment>& moments) {
    for (const TcpMoment& moment : moments) {
        const TcpEvent& event = *moment.what;
        if (event.what == "syn") ++connection.syns;
        if (is_sent_again(event)) ++connection.retransmissions;
        if (event.what == "established" && !connection.established) {
            connection.established = moment.t;
        }
        if ((event.what == "fin" || event.what == "rst") && !connection.closed) {
            connection.closed = moment.t;
            connection.closed_by = event.by;
            connection.closed_how = event.what;
        }
        if (!event.client.empty()) connection.client = event.client;
        if (!event.server.empty()) connection.server = event.server;
    }
}

void take_summary(Connection& connection, const ConnectionSummary& summary) {
    connection.client = summary.client;
    connection.server = summary.server;
    connection.began = summary.began;
    connection.established = summary.established;
    connection.closed = summary.closed;
    connection.closed_by = summary.closed_by;
    connection.closed_how = summary.closed_how;
    connection.last_byte = summary.last_byte;
    connection.syns = summary.syns;
    connection.retransmissions = summary.retransmissions;
    connection.bytes = summary.bytes_up + summary.bytes_down;
}

void pair_requests(Connection& connection,
                   const std::vector<std::pair<Duration, const HttpMessage*>>& messages) {
    std::size_t answered = 0;
    for (const auto& [t, message] : messages) {
        if (message->what == "request") {
            Request request;
            request.message = message;
            request.call = call_of_trace(message->call);
            request.connection = connection.number;
            request.began = t;
            request.sent = message->ended.value_or(t);
            connection.requests.push_back(std::move(request));
        } else if (is_final(*message)) {
            ++connection.responses;
            if (answered >= connection.requests.size()) continue;
            Request& request = connection.requests[answered++];
            request.response = message;
            request.answered = t;
            request.finished = message->ended;
        }
    }
    for (Request& request : connection.requests) {
        if (!request.finished) request.finished = connection.closed;
        request.last_seen = request.finished.value_or(connection.last_seen);
    }
}

}  // namespace

std::string call_of_trace(const std::string& value) { return value.substr(0, value.rfind('/')); }

void TrafficBuilder::take(Duration t, const TcpEvent& event) {
    parts_[event.connection].moments.push_back({t, &event});
}

void TrafficBuilder::take(Duration /*t*/, const ConnectionSummary& summary) {
    parts_[summary.connection].summary = &summary;
}

void TrafficBuilder::take(Duration t, const HttpMessage& message) {
    parts_[message.connection].messages.emplace_back(t, &message);
}

void TrafficBuilder::take(Duration t, const Datagram& datagram) {
    traffic_.datagrams.push_back({t, &datagram});
}

void TrafficBuilder::take(const CaptureEnd& end) {
    traffic_.captured = true;
    traffic_.dropped += end.dropped;
}

void TrafficBuilder::take_far(Duration t, const TcpEvent& event) {
    if (!event.client.empty()) far_clients_[event.connection] = event.client;
    if (event.by != "server" || !is_sent_again(event)) return;
    auto& times = far_sent_again_[far_clients_[event.connection]];
    // A FIN that is sent again with its payload is one segment and two events.
    if (times.empty() || times.back() != t) times.push_back(t);
}

void TrafficBuilder::take_far(const CaptureEnd& /*end*/) { far_captured_ = true; }

// Replaces what the near end saw of the server's by what the far end did.
void TrafficBuilder::count_sent_again(Connection& connection) {
    std::vector<Duration> server;
    for (const TcpMoment& moment : connection.moments) {
        if (!is_sent_again(*moment.what)) continue;
        auto& times = moment.what->by == "server" ? server : connection.sent_again;
        if (times.empty() || times.back() != moment.t) times.push_back(moment.t);
    }
    if (far_captured_) {
        connection.retransmissions -= static_cast<std::int64_t>(server.size());
        server = far_sent_again_[connection.client];
        connection.retransmissions += static_cast<std::int64_t>(server.size());
    }
    connection.sent_again.insert(connection.sent_again.end(), server.begin(), server.end());
}

Connection TrafficBuilder::assemble(std::int64_t number, Parts parts) {
    Connection connection;
    connection.number = number;
    if (!parts.moments.empty()) connection.began = parts.moments.front().t;
    if (parts.moments.empty() && !parts.messages.empty()) {
        connection.began = parts.messages.front().first;
    }
    if (parts.summary != nullptr) {
        take_summary(connection, *parts.summary);
    } else {
        take_moments(connection, parts.moments);
    }
    connection.last_seen = connection.began;
    if (!parts.moments.empty()) {
        connection.last_seen = std::max(connection.last_seen, parts.moments.back().t);
    }
    if (connection.last_byte) {
        connection.last_seen = std::max(connection.last_seen, *connection.last_byte);
    }
    for (const auto& [t, message] : parts.messages) {
        connection.last_seen = std::max({connection.last_seen, t, message->ended.value_or(t)});
    }
    if (connection.closed) connection.last_seen = *connection.closed;
    pair_requests(connection, parts.messages);
    connection.moments = std::move(parts.moments);
    return connection;
}

LinkTraffic TrafficBuilder::finish() && {
    auto& connections = traffic_.connections;
    connections.reserve(parts_.size());
    for (auto& [number, parts] : parts_) {
        connections.push_back(assemble(number, std::move(parts)));
        count_sent_again(connections.back());
    }
    // They are numbered by their first packet, so that there is rarely anything to move.
    const auto earlier = [](const Connection& a, const Connection& b) { return a.began < b.began; };
    if (!std::is_sorted(connections.begin(), connections.end(), earlier)) {
        std::stable_sort(connections.begin(), connections.end(), earlier);
    }
    return std::move(traffic_);
}

}  // namespace etimedout
