// Story: small logs for tests of diagnosis: a caller, its callee, what both ends of the link saw.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/diagnose/anonymous.hh"
#include "harness/diagnose/diagnose.hh"
#include "simulator/events/event.hh"

namespace etimedout::testing {

inline constexpr Duration one_way = 100us;

// client -> gateway (front), gateway -> server (up); or client -> server (api) alone.
class Story {
public:
    Story() { put({}, LogBegin{.scenario = "a secret", .seed = "7", .clock = "virtual"}); }

    static Story direct() {
        Story story;
        story.link("api", "client", "server", 80);
        return story;
    }
    static Story behind_gateway() {
        Story story;
        story.link("front", "client", "gateway", 8080);
        story.link("up", "gateway", "server", 9000);
        return story;
    }

    template <class T>
    Story& put(Duration t, T what) {
        log_.push_back(Event{t, std::move(what)});
        return *this;
    }

    Story& link(const std::string& name, const std::string& from, const std::string& to,
                std::int64_t port) {
        const auto number = std::to_string(++links_);
        addresses_[name] = {"10." + number + ".1.2", "10." + number + ".2.2", port};
        return put(
            {},
            LinkBegin{name, from, to, port, {addresses_[name].client}, {addresses_[name].server}});
    }

    Story& call(Duration from, Duration to, CallEnd end, const std::string& what = "http",
                const std::string& id = "c") {
        put(from, CallBegin{.call = id, .node = "client", .what = what});
        end.call = id;
        end.total = to - from;
        return put(to, std::move(end));
    }

    // One packet, at one end.
    Story& packet(const std::string& link, const std::string& end, Duration t,
                  const std::string& what, const std::string& by, std::int64_t again = 0,
                  std::int64_t connection = 1) {
        const auto& at = addresses_.at(link);
        const std::string client = at.client + ":" + std::to_string(40000 + connection);
        TcpEvent event{link, end, connection, what, by, again, {}, {}};
        if (what == "syn") {
            event.client = client;
            event.server = at.server + ":" + std::to_string(at.port);
        }
        return put(t, event);
    }
    // One that crosses the link.
    Story& up(const std::string& link, Duration t, const std::string& what, std::int64_t again = 0,
              std::int64_t connection = 1) {
        packet(link, "near", t, what, "client", again, connection);
        return packet(link, "far", t + one_way, what, "client", again, connection);
    }
    Story& down(const std::string& link, Duration t, const std::string& what,
                std::int64_t again = 0, std::int64_t connection = 1) {
        packet(link, "far", t, what, "server", again, connection);
        return packet(link, "near", t + one_way, what, "server", again, connection);
    }
    Story& handshake(const std::string& link, Duration t, std::int64_t connection = 1) {
        up(link, t, "syn", 0, connection);
        down(link, t + one_way, "syn_ack", 0, connection);
        packet(link, "near", t + 2 * one_way, "established", "client", 0, connection);
        return packet(link, "far", t + 3 * one_way, "established", "client", 0, connection);
    }

    Story& message(const std::string& link, const std::string& end, Duration t, HttpMessage what,
                   std::int64_t connection = 1) {
        what.link = link;
        what.end = end;
        what.connection = connection;
        if (!what.ended) what.ended = t;
        return put(t, std::move(what));
    }
    // Of the call named c, unless said otherwise.
    static HttpMessage get(const std::string& path = "/", std::int64_t number = 1,
                           const std::string& call = "c/1") {
        return {.number = number,
                .what = "request",
                .method = "GET",
                .path = path,
                .call = call,
                .complete = true};
    }
    // A request that crosses the link; and one of which nothing comes out of it.
    Story& request(const std::string& link, Duration t, const HttpMessage& what,
                   std::int64_t connection = 1) {
        up(link, t, "first_data", 0, connection);
        message(link, "near", t, what, connection);
        return message(link, "far", t + one_way, what, connection);
    }
    Story& request(const std::string& link, Duration t, const std::string& path = "/",
                   std::int64_t number = 1, std::int64_t connection = 1) {
        return request(link, t, get(path, number), connection);
    }
    Story& request_near(const std::string& link, Duration t, std::int64_t number = 1) {
        packet(link, "near", t, "first_data", "client");
        return message(link, "near", t, get("/", number));
    }
    // All that one end saw of the first connection.
    ConnectionSummary summary(const std::string& link, const std::string& end) {
        ConnectionSummary seen{.link = link, .end = end, .connection = 1};
        seen.client = addresses_.at(link).client + ":40001";
        seen.server = addresses_.at(link).server + ":" + std::to_string(addresses_.at(link).port);
        seen.began = Duration::zero();
        seen.established = 3 * one_way;
        return seen;
    }
    Story& response(const std::string& link, Duration t, std::int64_t status,
                    std::int64_t number = 1, std::int64_t connection = 1, bool complete = true) {
        HttpMessage what{
            .number = number, .what = "response", .status = status, .complete = complete};
        down(link, t, "first_data", 0, connection);
        message(link, "far", t, what, connection);
        return message(link, "near", t + one_way, what, connection);
    }
    Story& fin(const std::string& link, Duration t, std::int64_t connection = 1) {
        return up(link, t, "fin", 0, connection);
    }

    Story& counters(const std::string& node, Duration t,
                    std::map<std::string, std::int64_t> values) {
        return put(t, Counters{node, std::move(values)});
    }
    Story& sockets(const std::string& node, Duration t, std::vector<Listener> listeners,
                   std::int64_t receive_queue = 0) {
        return put(t, Sockets{.node = node,
                              .states = {{"ESTAB", 1}},
                              .listeners = std::move(listeners),
                              .receive_queue = receive_queue});
    }
    Story& line(const std::string& node, Duration t, const std::string& text) {
        return put(t, LogLine{node, "stderr", text});
    }
    Story& dns(const std::string& link, Duration t, DnsMessage what) {
        what.link = link;
        what.end = "near";
        what.transport = what.transport.empty() ? "udp" : what.transport;
        return put(t, std::move(what));
    }
    static DnsMessage query(const std::string& name, std::int64_t id = 1) {
        return {.what = "query",
                .from = "10.9.1.2:5000",
                .to = "10.9.2.2:53",
                .id = id,
                .name = name,
                .type = "A"};
    }
    static DnsMessage answer(const std::string& name, const std::string& rcode,
                             std::vector<std::string> records = {}, std::int64_t id = 1) {
        return {.what = "answer",
                .from = "10.9.2.2:53",
                .to = "10.9.1.2:5000",
                .id = id,
                .name = name,
                .type = "A",
                .rcode = rcode,
                .records = std::move(records)};
    }
    const std::string& address_of(const std::string& link) { return addresses_[link].server; }

    EventLog end(Duration t) {
        for (const auto& [name, addresses] : addresses_) {
            for (const char* side : {"near", "far"}) put(t, CaptureEnd{name, side, 9, 0});
        }
        put(t, LogEnd{.reason = "ok"});
        return std::move(log_);
    }

private:
    struct Addresses {
        std::string client{};
        std::string server{};
        std::int64_t port = 0;
    };
    EventLog log_;
    std::map<std::string, Addresses> addresses_;
    int links_ = 0;
};

inline CallEnd ended(const std::string& outcome, const std::string& error = {}) {
    return {.outcome = outcome, .error = error};
}
inline CallEnd answered(std::int64_t status, std::map<std::string, std::string> headers = {}) {
    return {.outcome = "response", .status = status, .headers = std::move(headers)};
}

// The only case of a log; a test fails where names or the scenario's records matter.
inline Diagnosis only(const EventLog& log) {
    const auto cases = diagnose(log);
    const auto blind = diagnose(anonymous(log));
    if (cases.size() != 1 || blind.size() != 1) {
        return {.finding = std::to_string(cases.size()) + " cases"};
    }
    if (cases[0].diagnosis.cause != blind[0].diagnosis.cause ||
        cases[0].diagnosis.finding != blind[0].diagnosis.finding) {
        return {.finding = "it depends on names: " + blind[0].diagnosis.finding};
    }
    return cases[0].diagnosis;
}

// For EXPECT_EQ: both in words.
inline std::string verdict(const Diagnosis& diagnosis) {
    return std::string{name_of(diagnosis.cause)} + ", " +
           std::string{name_of(diagnosis.confidence)} + ": " + diagnosis.finding;
}
inline std::string verdict_of(const EventLog& log) { return verdict(only(log)); }

}  // namespace etimedout::testing
