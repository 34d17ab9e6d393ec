// LogBuilder: small logs for tests of expectations, written as a story.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/expect/judge.hh"
#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout::testing {

template <class T>
Bound<T> exactly(T value) {
    return {value, value, {}};
}
template <class T>
Bound<T> at_most(T value) {
    return {std::nullopt, value, {}};
}
template <class T>
Bound<T> at_least(T value) {
    return {value, std::nullopt, {}};
}
inline Bound<Duration> around(const std::string& text) {
    return parse_duration_bound(text).value();
}
inline Bound<std::int64_t> count(std::int64_t value) { return exactly<std::int64_t>(value); }

// client -> gateway:8080 (front), gateway -> upstream:9000 (up).
inline Scenario gateway_scenario() {
    Scenario scenario;
    scenario.file = "scenarios/gateway/silent_upstream.yaml";
    scenario.name = "nginx answers 504 when the upstream is silent";
    NodeSpec gateway;
    gateway.process = ProcessSpec{.run = "nginx"};
    NodeSpec upstream;
    upstream.stub = StubSpec{};
    scenario.topology.nodes = {{"client", {}}, {"gateway", gateway}, {"upstream", upstream}};
    scenario.topology.links = {
        {"front", LinkSpec{.from = "client", .to = "gateway", .port = Port{8080}}},
        {"up", LinkSpec{.from = "gateway", .to = "upstream", .port = Port{9000}}}};
    return scenario;
}

inline Step call_step(const std::string& id, const std::string& link = "front") {
    CallStep call;
    call.id = id;
    call.link = link;
    call.node = "client";
    call.what = HttpCall{};
    return Step{.where = {20, 5}, .id = id, .what = call};
}

inline Step fault_step(const std::string& id, const std::string& link = "up",
                       const Fault& fault = Silent{}) {
    return Step{.where = {19, 5}, .id = id, .what = FaultStep{link, ArmedFault{id, fault, {}}}};
}

// The times of a connection; what is not given did not happen.
struct ConnectionStory {
    std::string link = "up";
    std::int64_t number = 1;
    Duration began{};
    std::int64_t syns = 1;
    std::vector<Duration> syn_times{};  // of the retransmissions
    std::optional<Duration> established{};
    std::optional<Duration> closed{};
    std::string closed_by = "client";
    std::string closed_how = "fin";
    std::int64_t retransmissions = 0;
    std::int64_t bytes = 0;
    std::optional<Duration> last_byte{};
    std::string client = "10.0.1.1:40000";
};

struct RequestStory {
    std::string link = "up";
    std::int64_t connection = 1;
    std::int64_t number = 1;
    Duration sent{};
    std::optional<Duration> answered{};
    std::int64_t status = 200;
    std::string call{};
    std::string method = "GET";
    std::string path = "/";
};

class LogBuilder {
public:
    explicit LogBuilder(std::string clock = "virtual") {
        LogBegin begin;
        begin.scenario = "a test";
        begin.seed = "7";
        begin.clock = std::move(clock);
        begin.start = "2026-01-01T00:00:00Z";
        put({}, begin);
    }

    template <class T>
    LogBuilder& put(Duration t, T what) {
        log_.push_back(Event{t, std::move(what)});
        return *this;
    }

    LogBuilder& step(std::int64_t number, const std::string& id, Duration from, Duration to) {
        put(from, StepBegin{number, "call", id});
        return put(to, StepEnd{number});
    }

    LogBuilder& call(const std::string& id, Duration from, Duration to, CallEnd end = {},
                     std::int64_t index = 1) {
        CallBegin begin;
        begin.call = id;
        begin.index = index;
        begin.node = "client";
        begin.link = "front";
        begin.what = "http";
        put(from, begin);
        end.call = id;
        end.index = index;
        end.total = to - from;
        if (end.outcome.empty()) {
            end.outcome = "response";
            if (!end.status) end.status = 200;
        }
        return put(to, end);
    }

    LogBuilder& armed(const std::string& id, Duration t, const std::string& kind = "silent",
                      const std::string& at = "up") {
        return put(t, FaultArmed{id, kind, at});
    }
    LogBuilder& witness(const std::string& id, Duration t, std::int64_t matched,
                        std::int64_t fired) {
        return put(t, FaultWitness{id, matched, fired, "engine record"});
    }

    LogBuilder& connection(const ConnectionStory& story) {
        const auto tcp = [&](Duration t, const std::string& what, const std::string& by,
                             std::int64_t again) {
            TcpEvent event;
            event.link = story.link;
            event.end = "near";
            event.connection = story.number;
            event.what = what;
            event.by = by;
            event.retransmission = again;
            put(t, event);
        };
        tcp(story.began, "syn", "client", 0);
        std::int64_t again = 0;
        for (const Duration t : story.syn_times) tcp(t, "syn", "client", ++again);
        if (story.established) tcp(*story.established, "established", "client", 0);
        if (story.closed) tcp(*story.closed, story.closed_how, story.closed_by, 0);
        ConnectionSummary summary;
        summary.link = story.link;
        summary.end = "near";
        summary.connection = story.number;
        summary.client = story.client;
        summary.server = "10.0.1.2:9000";
        summary.began = story.began;
        summary.established = story.established;
        summary.closed = story.closed;
        if (story.closed) {
            summary.closed_by = story.closed_by;
            summary.closed_how = story.closed_how;
        }
        summary.last_byte = story.last_byte;
        summary.syns = story.syns + static_cast<std::int64_t>(story.syn_times.size());
        summary.syn_acks = story.established ? 1 : 0;
        summary.retransmissions = story.retransmissions;
        summary.bytes_up = story.bytes;
        return put(story.closed.value_or(story.began), summary);
    }

    LogBuilder& request(const RequestStory& story) {
        HttpMessage message;
        message.link = story.link;
        message.end = "near";
        message.connection = story.connection;
        message.number = story.number;
        message.what = "request";
        message.method = story.method;
        message.path = story.path;
        message.call = story.call;
        message.ended = story.sent;
        message.complete = true;
        put(story.sent, message);
        if (!story.answered) return *this;
        message.what = "response";
        message.method.clear();
        message.path.clear();
        message.status = story.status;
        message.ended = *story.answered;
        return put(*story.answered, message);
    }

    LogBuilder& line(const std::string& node, Duration t, const std::string& text) {
        return put(t, LogLine{node, "stderr", text});
    }
    LogBuilder& counters(const std::string& node, Duration t,
                         std::map<std::string, std::int64_t> values) {
        return put(t, Counters{node, std::move(values)});
    }

    // The captures of both links are closed, and the world ends.
    EventLog end(Duration t, const std::string& reason = "ok", std::int64_t dropped = 0) {
        for (const char* link : {"front", "up"}) {
            for (const char* side : {"near", "far"}) put(t, CaptureEnd{link, side, 100, dropped});
        }
        LogEnd end;
        end.reason = reason;
        put(t, end);
        return std::move(log_);
    }

private:
    EventLog log_;
};

// The only finding of a scenario with only this expectation.
inline Finding check_one(Scenario scenario, Expectation expectation, const EventLog& log) {
    expectation.text = "{at: " + expectation.at + ", …}";
    scenario.expectations = {std::move(expectation)};
    const auto findings = check_expectations(scenario, log);
    if (findings.size() != 1) {
        throw Error{"a test wants exactly one finding, and got " + std::to_string(findings.size())};
    }
    return findings.front();
}

}  // namespace etimedout::testing
