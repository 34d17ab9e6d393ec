// stream: when a body that comes piece by piece began, paused and ended, and whether all of it
// came.
#include <functional>
#include <map>

#include <fmt/format.h>

#include "harness/expect/attempts.hh"
#include "harness/expect/model_check.hh"
#include "harness/expect/models.hh"

namespace etimedout {

namespace {

// One body: at a call, or at a link.
struct Body {
    const StreamSeen* seen = nullptr;
    Duration begin{};                 // from here on its times count
    std::optional<Duration> ended{};  // where `seen` does not say
    std::string name{};               // "repetition 3", "GET /events on connection 2"
    std::string instead{};            // of a stream: "response 503"
    Duration at{};
};

bool has_marker(const StreamSeen& seen, const std::string& marker) {
    return seen.last_data == marker || seen.last_type == marker;
}

std::string last_of(const StreamSeen& seen) {
    if (!seen.last_type.empty() && seen.last_type != "message") {
        return fmt::format("the last event was {} \"{}\"", seen.last_type,
                           one_line(seen.last_data, 40));
    }
    if (seen.last_data.empty()) return "nothing came";
    return fmt::format("the last was \"{}\"", one_line(seen.last_data, 60));
}

std::string in_words(const Body& body) {
    const StreamSeen& seen = *body.seen;
    std::string text = fmt::format("{}: ", body.name);
    if (!seen.last_type.empty() || seen.events > 0) {
        text +=
            fmt::format("{}, {}", amount(static_cast<std::size_t>(seen.events), "event", "events"),
                        amount(static_cast<std::size_t>(seen.comments), "comment", "comments"));
    } else {
        text += "no events";
    }
    return fmt::format("{}; {}", text, last_of(seen));
}

// When one of its moments was, since it began.
Check check_moment(const Bound<Duration>& bound, const Body& body,
                   std::optional<Duration> StreamSeen::*moment) {
    const auto& t = body.seen->*moment;
    if (t) return measure(bound, *t - body.begin);
    Check check = missed(expected_of(bound), "it never came");
    check.finding.window = window_of(bound);
    return check;
}

Check check_idle(const Bound<Duration>& bound, const Body& body) {
    const StreamSeen& seen = *body.seen;
    const auto end = seen.end ? seen.end : body.ended;
    if (!end) return missed(expected_of(bound), "its end never came");
    const Duration last =
        seen.last.value_or(seen.first_byte.value_or(seen.headers.value_or(body.begin)));
    return measure(bound, *end - last);
}

Check check_marker(const std::string& marker, const StreamSeen& seen) {
    if (!has_marker(seen, marker)) return missed(marker, last_of(seen));
    Check check;
    check.finding.expected = marker;
    check.finding.observed = marker;
    return check;
}

// Each part of the model that the bound has, for one body.
void check_body(const StreamBound& bound, const Body& body,
                const std::function<void(const std::string&, Check)>& add) {
    const auto put = [&](const std::string& part, Check check) {
        if (body.seen != nullptr && check.finding.evidence.empty()) {
            check.finding.evidence.push_back(in_words(body));
        }
        check.finding.at = body.at;
        add(part, std::move(check));
    };
    const auto each = [&](const std::string& part, const auto& wanted, const auto& check) {
        if (!wanted) return;
        if (body.seen == nullptr) {
            put(part, missed(expected_of(*wanted), fmt::format("no stream: {}", body.instead)));
        } else {
            put(part, check(*wanted));
        }
    };
    const auto moment = [&](const std::string& part, const std::optional<Bound<Duration>>& wanted,
                            std::optional<Duration> StreamSeen::*member) {
        each(part, wanted,
             [&](const Bound<Duration>& one) { return check_moment(one, body, member); });
    };
    const auto number = [&](const std::string& part,
                            const std::optional<Bound<std::int64_t>>& wanted,
                            std::int64_t StreamSeen::*member) {
        each(part, wanted,
             [&](const Bound<std::int64_t>& one) { return measure(one, body.seen->*member); });
    };
    moment("headers", bound.headers, &StreamSeen::headers);
    moment("first_byte", bound.first_byte, &StreamSeen::first_byte);
    moment("first_event", bound.first_event, &StreamSeen::first_event);
    moment("first_content", bound.first_content, &StreamSeen::first_content);
    each("largest_gap", bound.largest_gap,
         [&](const Bound<Duration>& one) { return measure(one, body.seen->largest_gap); });
    each("idle_before_end", bound.idle_before_end,
         [&](const Bound<Duration>& one) { return check_idle(one, body); });
    number("events", bound.events, &StreamSeen::events);
    number("comments", bound.comments, &StreamSeen::comments);
    if (bound.end_marker) {
        put("end_marker", body.seen == nullptr ? missed(*bound.end_marker,
                                                        fmt::format("no stream: {}", body.instead))
                                               : check_marker(*bound.end_marker, *body.seen));
    }
}

std::vector<Body> bodies_of_call(const LogIndex& log, const std::string& call) {
    std::vector<Body> bodies;
    const auto& runs = log.runs_of(call);
    for (const CallRun& run : runs) {
        Body body;
        body.name = runs.size() > 1 ? fmt::format("repetition {}", run.begin->index)
                                    : fmt::format("call {}", call);
        body.at = run.ran.to;
        body.instead = "the call had not ended when the log did";
        if (run.end != nullptr) {
            body.instead = run.end->outcome;
            if (run.end->status) body.instead += fmt::format(" {}", *run.end->status);
            if (run.end->stream) body.seen = &*run.end->stream;
        }
        bodies.push_back(std::move(body));
    }
    return bodies;
}

std::vector<Body> bodies_at_link(const Selection& selection) {
    std::map<std::int64_t, const Connection*> connections;
    for (const Connection* one : selection.connections) connections[one->number] = one;
    std::vector<Body> bodies;
    for (const Request* request : selection.requests) {
        if (request->response == nullptr || !request->response->stream) continue;
        Body body;
        body.seen = &*request->response->stream;
        body.begin = request->began;
        body.ended = connections.at(request->connection)->closed;
        body.name = fmt::format("{} {} on connection {}", request->message->method,
                                one_line(request->message->path, 40), request->connection);
        body.at = body.seen->end.value_or(request->last_seen);
        bodies.push_back(std::move(body));
    }
    return bodies;
}

// The parts, each the worst of all bodies.
std::vector<std::pair<std::string, Check>> check_bodies(const StreamBound& bound,
                                                        const std::vector<Body>& bodies) {
    std::vector<std::pair<std::string, std::vector<Check>>> parts;
    for (const Body& body : bodies) {
        std::size_t next = 0;
        check_body(bound, body, [&](const std::string& part, Check check) {
            if (next == parts.size()) parts.emplace_back(part, std::vector<Check>{});
            parts[next++].second.push_back(std::move(check));
        });
    }
    std::vector<std::pair<std::string, Check>> worst;
    for (auto& [part, checks] : parts) {
        worst.emplace_back(part, worst_of(std::move(checks), "streams"));
    }
    return worst;
}

}  // namespace

void check_streams(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    StreamBound bound = expectation.stream;
    // Beside `completeness` the marker says what is complete, and is no fact of its own.
    if (expectation.completeness) bound.end_marker.reset();
    if (bound.empty()) return;
    std::vector<Body> bodies;
    if (log.is_call(expectation.at)) {
        bodies = bodies_of_call(log, expectation.at);
        if (bodies.empty()) {
            facts.add("stream", no_answer(ErrorCause::absent,
                                          fmt::format("the call `{}` never began", expectation.at),
                                          "look at what the run did before it"));
            return;
        }
    } else {
        const auto found = select(log, expectation);
        if (const auto* problem = std::get_if<Check>(&found)) {
            facts.add("stream", *problem);
            return;
        }
        const auto& selection = std::get<Selection>(found);
        if (auto unseen = unseen_requests(selection, expectation.at)) {
            facts.add("stream", std::move(*unseen));
            return;
        }
        bodies = bodies_at_link(selection);
        if (bodies.empty()) {
            facts.add("stream",
                      missed("a response that is a stream",
                             fmt::format("none of {} was one",
                                         amount(selection.requests.size(), "answer", "answers"))));
            return;
        }
    }
    for (auto& [part, check] : check_bodies(bound, bodies)) facts.add(part, std::move(check));
}

}  // namespace etimedout
