// Facts at a link: what its capture shows, at the near end.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/expect/facts.hh"
#include "harness/expect/link_view.hh"

namespace etimedout {

namespace {

// +1 at each begin, -1 at each end; ends come first where times are equal.
class Peak {
public:
    void add(Duration from, Duration to) {
        changes_.emplace_back(from, 1);
        changes_.emplace_back(std::max(from, to), -1);
    }
    std::int64_t of_all() {
        std::sort(changes_.begin(), changes_.end());
        std::int64_t now = 0;
        std::int64_t peak = 0;
        for (const auto& [t, change] : changes_) peak = std::max(peak, now += change);
        return peak;
    }

private:
    std::vector<std::pair<Duration, int>> changes_;
};

// When the last selected request of each connection was sent.
std::map<std::int64_t, Duration> last_requests(const Selection& selection) {
    std::map<std::int64_t, Duration> sent;
    for (const Request* request : selection.requests) sent[request->connection] = request->sent;
    return sent;
}

std::int64_t events_in_window(const LinkView& view, const std::string& what) {
    std::int64_t count = 0;
    for (const Connection* connection : view.selection.connections) {
        for (const TcpMoment& moment : connection->moments) {
            if (moment.what->what == what && view.selection.window.contains(moment.t)) ++count;
        }
    }
    return count;
}

// With a window, single packets are counted; without one, what the summaries say of whole
// connections, which is the same.
bool has_window(const Expectation& expectation) {
    return expectation.during.has_value() || expectation.since.has_value();
}

std::int64_t count_connections(const LinkView& view, const std::string& name) {
    const Selection& selection = view.selection;
    std::int64_t count = 0;
    if (name == "attempts") return static_cast<std::int64_t>(selection.fresh.size());
    if (name == "established") {
        return std::count_if(selection.fresh.begin(), selection.fresh.end(),
                             [](const Connection* one) { return one->established.has_value(); });
    }
    if (name == "syns") {
        if (has_window(view.expectation)) return events_in_window(view, "syn");
        for (const Connection* connection : selection.fresh) count += connection->syns;
        return count;
    }
    if (name == "retransmissions") {
        for (const Connection* one : selection.connections) {
            count += has_window(view.expectation)
                         ? std::count_if(one->sent_again.begin(), one->sent_again.end(),
                                         [&](Duration t) { return selection.window.contains(t); })
                         : one->retransmissions;
        }
        return count;
    }
    Peak open;
    for (const Connection* connection : selection.connections) {
        if (!connection->established) continue;
        open.add(*connection->established, connection->closed.value_or(Duration::max()));
    }
    return open.of_all();
}

std::int64_t count_requests(const LinkView& view, const std::string& name) {
    const auto& requests = view.selection.requests;
    if (name == "requests") return static_cast<std::int64_t>(requests.size());
    if (name == "responses") {
        return std::count_if(requests.begin(), requests.end(),
                             [](const Request* one) { return one->response != nullptr; });
    }
    if (name == "reused") {
        return std::count_if(requests.begin(), requests.end(),
                             [](const Request* one) { return one->message->number > 1; });
    }
    Peak in_flight;
    for (const Request* one : requests) {
        in_flight.add(one->began, one->finished.value_or(Duration::max()));
    }
    return in_flight.of_all();
}

bool counts_requests(const std::string& name) {
    return name == "requests" || name == "responses" || name == "in_flight" || name == "reused";
}
bool counts_connections(const std::string& name) {
    return name == "attempts" || name == "syns" || name == "established" ||
           name == "retransmissions" || name == "open";
}

Check check_count(const LinkView& view, const std::string& name, const Bound<std::int64_t>& bound) {
    if (counts_requests(name)) {
        if (auto unseen = unseen_requests(view.selection, view.expectation.at)) return *unseen;
    } else if (!counts_connections(name) && name != "datagrams") {
        return no_answer(ErrorCause::reference,
                         fmt::format("`{}` cannot be counted at a link", name),
                         "count attempts, syns, established, requests, responses, in_flight, "
                         "retransmissions, open, reused or datagrams");
    }
    std::int64_t value = 0;
    if (counts_requests(name)) {
        value = count_requests(view, name);
    } else if (counts_connections(name)) {
        value = count_connections(view, name);
    } else {
        value = static_cast<std::int64_t>(view.selection.datagrams.size());
    }
    Check check = measure(bound, value);
    if (name != "datagrams") {
        check.finding.evidence = counts_requests(name) && !view.selection.requests.empty()
                                     ? request_lines(view.selection)
                                     : connection_lines(view.selection);
    }
    check.finding.at = view.selection.last_activity;
    return bound.at_most ? watched(std::move(check), view) : check;
}

// ------------------------------------------------------------------ closed

std::string expected_closing(const ClosedBound& bound) {
    std::string text = "closed";
    if (bound.by) text += fmt::format(" by {}", *bound.by);
    if (bound.how) text += fmt::format(" with {}", *bound.how == "rst" ? "RST" : "FIN");
    if (bound.after) {
        text += fmt::format(", {} after ", expected_of(*bound.after));
        if (bound.since == "request") {
            text += "the request";
        } else if (bound.since == "last_byte") {
            text += "the last byte";
        } else if (bound.since == "connect") {
            text += "it was established";
        } else {
            text += fmt::format("step {}", bound.since);
        }
    }
    return text;
}

// From when a connection's closing is timed.
std::variant<Duration, Check> anchor_of(const LinkView& view, const Connection& connection,
                                        const std::map<std::int64_t, Duration>& requests) {
    const ClosedBound& bound = *view.expectation.closed;
    if (bound.since == "request") {
        const auto last = requests.find(connection.number);
        if (last != requests.end()) return last->second;
        return missed(expected_closing(bound),
                      fmt::format("no request was sent on connection {}", connection.number));
    }
    if (bound.since == "connect") {
        if (connection.established) return *connection.established;
        return missed(expected_closing(bound),
                      fmt::format("connection {} was never established", connection.number));
    }
    if (bound.since == "last_byte") {
        return connection.last_byte.value_or(connection.established.value_or(connection.began));
    }
    if (const auto step = view.log.step_done(bound.since)) return *step;
    return no_answer(ErrorCause::reference,
                     fmt::format("the step `{}` named by `since` was never reached", bound.since),
                     "look at what the run did before it, or correct the name");
}

Check check_open_connection(const LinkView& view, const Connection& connection, Duration anchor) {
    const ClosedBound& bound = *view.expectation.closed;
    const Duration watched_for = view.log.end_time() - anchor;
    Check check;
    if (bound.after && bound.after->at_most && watched_for <= *bound.after->at_most) {
        check = no_answer(
            ErrorCause::unwatched,
            fmt::format("connection {} was still open when the log ended, only {} after that",
                        connection.number, show(watched_for)),
            fmt::format("write `settle: {}` to watch for longer",
                        Scalar<Duration>::write(std::chrono::ceil<std::chrono::milliseconds>(
                            *bound.after->at_most + least_settle))));
    } else {
        check = missed(expected_closing(bound),
                       fmt::format("connection {} was still open when the log ended at {}",
                                   connection.number, show(view.log.end_time())));
    }
    check.finding.expected = expected_closing(bound);
    return check;
}

Check check_closing(const LinkView& view, const Connection& connection,
                    const std::map<std::int64_t, Duration>& requests) {
    const ClosedBound& bound = *view.expectation.closed;
    std::variant<Duration, Check> anchor = connection.began;
    if (bound.after) anchor = anchor_of(view, connection, requests);
    if (auto* problem = std::get_if<Check>(&anchor)) return std::move(*problem);
    const Duration since = std::get<Duration>(anchor);
    if (!connection.closed) return check_open_connection(view, connection, since);

    const LinkSpec& link = *view.log.link_spec(view.expectation.at);
    const std::string by = connection.closed_by == "client" ? link.from : link.to;
    const std::string how = connection.closed_how == "rst" ? "RST" : "FIN";
    Check check;
    if (bound.after) check = measure(*bound.after, *connection.closed - since);
    Finding& finding = check.finding;
    finding.expected = expected_closing(bound);
    finding.observed = fmt::format("closed by {} with {}", by, how);
    finding.observed += bound.after
                            ? fmt::format(", {} after that", show(*connection.closed - since))
                            : fmt::format(" at {}", show(*connection.closed));
    finding.at = connection.closed;
    if ((bound.by && *bound.by != by) || (bound.how && *bound.how != connection.closed_how)) {
        finding.verdict = Verdict::fail;
        // Whatever the time, the wrong end closed it: that is no miss in time alone.
        finding.missed_time.reset();
        finding.missed_by.clear();
        check.badness = std::numeric_limits<double>::infinity();
    }
    return check;
}

Check check_closed(const LinkView& view) {
    const ClosedBound& bound = *view.expectation.closed;
    if (bound.after && bound.since == "request") {
        if (auto unseen = unseen_requests(view.selection, view.expectation.at)) return *unseen;
    }
    if (view.selection.connections.empty()) {
        return missed(expected_closing(bound), "there was no connection");
    }
    const auto requests = last_requests(view.selection);
    std::vector<Check> checks;
    for (const Connection* connection : view.selection.connections) {
        checks.push_back(check_closing(view, *connection, requests));
    }
    Check worst = worst_of(std::move(checks), "connections");
    const auto lines = connection_lines(view.selection);
    worst.finding.evidence.insert(worst.finding.evidence.end(), lines.begin(), lines.end());
    return worst;
}

// ------------------------------------------------------------------ in_any, bytes

Check check_in_any(const LinkView& view) {
    const InAnyBound& bound = *view.expectation.in_any;
    std::vector<Duration> begins;
    const bool of_requests =
        bound.of.value_or(view.selection.requests.empty()
                              ? CountedUnit::connections
                              : CountedUnit::requests) != CountedUnit::connections;
    if (of_requests) {
        if (auto unseen = unseen_requests(view.selection, view.expectation.at)) return *unseen;
        for (const Request* one : view.selection.requests) begins.push_back(one->began);
    } else {
        for (const Connection* one : view.selection.fresh) begins.push_back(one->began);
    }
    // The fullest window [t, t + length) begins with one of them.
    std::int64_t peak = 0;
    Duration when{};
    std::size_t last = 0;
    for (std::size_t first = 0; first < begins.size(); ++first) {
        while (last < begins.size() && begins[last] < begins[first] + bound.window) ++last;
        if (static_cast<std::int64_t>(last - first) > peak) {
            peak = static_cast<std::int64_t>(last - first);
            when = begins[first];
        }
    }
    Check check = measure(bound.count, peak);
    check.finding.evidence.push_back(fmt::format("most {} in any {}: {} from {}",
                                                 of_requests ? "requests" : "connections",
                                                 show(bound.window), peak, show(when)));
    check.finding.at = when;
    return bound.count.at_most ? watched(std::move(check), view) : check;
}

Check check_bytes(const LinkView& view) {
    std::int64_t bytes = 0;
    for (const Connection* connection : view.selection.connections) bytes += connection->bytes;
    Check check = measure(*view.expectation.bytes, Bytes{bytes});
    check.finding.evidence = connection_lines(view.selection);
    return check;
}

std::vector<std::string> link_keys(const Expectation& expectation) {
    std::vector<std::string> keys;
    for (const auto& [name, bound] : expectation.counts) keys.push_back(name);
    if (expectation.bytes) keys.emplace_back("bytes");
    if (expectation.closed) keys.emplace_back("closed");
    if (expectation.retries) keys.emplace_back("retries");
    if (expectation.in_any) keys.emplace_back("in_any");
    return keys;
}

}  // namespace

std::vector<std::string> request_lines(const Selection& selection) {
    constexpr std::size_t most = 5;
    std::vector<std::string> lines;
    for (const Request* one : selection.requests) {
        if (lines.size() == most) {
            lines.push_back(fmt::format("and {} more", selection.requests.size() - most));
            break;
        }
        lines.push_back(
            fmt::format("{} {} {} on connection {}: {}", show(one->began), one->message->method,
                        one_line(one->message->path, 40), one->connection,
                        one->response != nullptr
                            ? fmt::format("{} at {}", one->response->status, show(one->answered))
                            : "no answer"));
    }
    return lines;
}

std::vector<std::string> connection_lines(const Selection& selection) {
    constexpr std::size_t most = 5;
    std::vector<std::string> lines;
    for (const Connection* one : selection.connections) {
        if (lines.size() == most) {
            lines.push_back(fmt::format("and {} more", selection.connections.size() - most));
            break;
        }
        std::string line = fmt::format("{} connection {}: {} SYN{}", show(one->began), one->number,
                                       one->syns, one->syns == 1 ? "" : "s");
        line += one->established ? fmt::format(", established at {}", show(*one->established))
                                 : ", never established";
        if (one->closed) {
            line += fmt::format(", {} by the {} at {}", one->closed_how == "rst" ? "RST" : "FIN",
                                one->closed_by, show(*one->closed));
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

Check watched(Check check, const LinkView& view) {
    if (!view.selection.open_ended) return check;
    Watch watch{view.selection.last_activity, {}};
    if (view.expectation.of) {
        watch.last_gap = view.selection.last_gap;
    } else {
        // Traffic that never ends says nothing new: all of the steps, and the settling, are seen.
        watch.from = std::min(watch.from, view.log.steps_end());
    }
    return if_watched(std::move(check), view.log, view.expectation, watch);
}

bool has_link_keys(const Expectation& expectation) { return !link_keys(expectation).empty(); }

void check_link_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const auto keys = link_keys(expectation);
    if (keys.empty()) return;
    const auto selected = select(log, expectation);
    if (const auto* problem = std::get_if<Check>(&selected)) {
        for (const std::string& key : keys) facts.add(key, *problem);
        return;
    }
    const LinkView view{log, expectation, std::get<Selection>(selected)};
    for (const auto& [name, bound] : expectation.counts) {
        facts.add(name, check_count(view, name, bound));
    }
    if (expectation.bytes) facts.add("bytes", check_bytes(view));
    if (expectation.closed) facts.add("closed", check_closed(view));
    if (expectation.retries) facts.add("retries", check_retries(view));
    if (expectation.in_any) facts.add("in_any", check_in_any(view));
}

}  // namespace etimedout
