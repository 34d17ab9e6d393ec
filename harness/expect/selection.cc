// Selection: `of`, `during`, `since` and `ignore`.
#include "harness/expect/selection.hh"

#include <algorithm>

#include <fmt/format.h>

namespace etimedout {

namespace {

Check unknown_call(const std::string& key, const std::string& call) {
    return no_answer(ErrorCause::absent,
                     fmt::format("the call `{}` named by `{}` never began", call, key),
                     "look at what the run did before it, or correct the name");
}

bool ignored_path(const Expectation& expectation, const std::string& path) {
    const std::string bare = path.substr(0, path.find('?'));
    for (const std::string& ignored : expectation.ignore_paths) {
        if (ignored == path || ignored == bare) return true;
        if (ignored.ends_with('*') && path.starts_with(ignored.substr(0, ignored.size() - 1))) {
            return true;
        }
    }
    return false;
}

// A source is an address, with or without its port, or the name of the node at the near end.
bool ignored_source(const Expectation& expectation, const LinkSpec& link,
                    const std::string& client) {
    const std::string address = client.substr(0, client.rfind(':'));
    for (const std::string& ignored : expectation.ignore_sources) {
        if (ignored == client || ignored == address || ignored == link.from) return true;
    }
    return false;
}

class Selector {
public:
    Selector(const LogIndex& log, const Expectation& expectation, const Window& window)
        : log_{log},
          expectation_{expectation},
          link_{*log.link_spec(expectation.at)},
          traffic_{log.link(expectation.at)},
          window_{window} {
        if (!expectation.of) return;
        for (const Connection& connection : traffic_.connections) {
            for (const Request& request : connection.requests) {
                if (request.call == *expectation.of) traced_ = true;
            }
        }
    }

    Selection run() {
        Selection selection;
        selection.window = by_time();
        selection.open_ended = !expectation_.during &&
                               (!expectation_.of || traced_ || expectation_.settle.has_value());
        for (const Connection& connection : traffic_.connections) {
            take(connection, selection);
        }
        std::stable_sort(selection.requests.begin(), selection.requests.end(),
                         [](const Request* a, const Request* b) { return a->began < b->began; });
        for (const DatagramMoment& datagram : traffic_.datagrams) {
            if (selection.window.contains(datagram.t)) selection.datagrams.push_back(datagram);
        }
        measure_activity(selection);
        return selection;
    }

private:
    // When traffic must have begun to be the call's where no trace header says so: while it ran,
    // and as much longer as `settle` asks for, but not into the next call.
    Window by_time() const {
        Window window = window_;
        if (!expectation_.of) return window;
        const Window call = *log_.window_of_call(*expectation_.of);
        window.from = std::max(window.from, call.from);
        Duration to = call.to;
        if (expectation_.settle) {
            const Duration next = log_.next_call_after(call.to);
            to = std::min(call.to + *expectation_.settle,
                          next == log_.end_time() ? next : next - Duration{1});
        }
        window.to = std::min(window.to, to);
        return window;
    }

    // A traced request may come after its call has given up.
    bool wanted(const Request& request, const Window& window) const {
        if (!(traced_ ? window_ : window).contains(request.began)) return false;
        if (ignored_path(expectation_, request.message->path)) return false;
        if (!expectation_.of) return true;
        return traced_ ? request.call == *expectation_.of : request.call.empty();
    }

    void take(const Connection& connection, Selection& selection) const {
        if (ignored_source(expectation_, link_, connection.client)) return;
        const Window& window = selection.window;
        bool carries = false;
        bool carries_others = false;
        for (const Request& request : connection.requests) {
            if (wanted(request, window)) {
                selection.requests.push_back(&request);
                carries = true;
            } else {
                carries_others = true;
            }
        }
        const bool in_time = window.contains(connection.began);
        if (!carries && (!in_time || carries_others)) return;
        selection.connections.push_back(&connection);
        if (in_time || (traced_ && carries && connection.began >= window.from)) {
            selection.fresh.push_back(&connection);
        }
    }

    // A connection that stays open, or a request that is never answered, is no activity: only what
    // begins is, and an answer that ends.
    void measure_activity(Selection& selection) const {
        selection.last_activity = selection.window.from;
        if (expectation_.of) selection.last_activity = log_.window_of_call(*expectation_.of)->to;
        const auto active = [&](Duration t) {
            selection.last_activity = std::max(selection.last_activity, t);
        };
        if (const auto& fresh = selection.fresh; !fresh.empty()) {
            active(fresh.back()->began);
            if (fresh.size() > 1) {
                selection.last_gap =
                    std::max(Duration{}, fresh.back()->began - fresh[fresh.size() - 2]->last_seen);
            }
        }
        for (const Request* request : selection.requests) {
            active(request->response != nullptr ? request->last_seen : request->began);
        }
        if (const auto& requests = selection.requests; requests.size() > 1) {
            const Duration gap = requests.back()->began - requests[requests.size() - 2]->last_seen;
            selection.last_gap = std::max(selection.last_gap, gap);
        }
    }

    const LogIndex& log_;
    const Expectation& expectation_;
    const LinkSpec& link_;
    const LinkTraffic& traffic_;
    Window window_;
    bool traced_ = false;
};

}  // namespace

std::variant<Window, Check> window_of(const LogIndex& log, const Expectation& expectation) {
    Window window{Duration{}, log.end_time()};
    if (expectation.of && !log.window_of_call(*expectation.of)) {
        return unknown_call("of", *expectation.of);
    }
    if (expectation.during) {
        const auto during = log.window_of_call(*expectation.during);
        if (!during) return unknown_call("during", *expectation.during);
        window = *during;
    }
    if (expectation.since) {
        const auto since = log.step_done(*expectation.since);
        if (!since) {
            return no_answer(
                ErrorCause::reference,
                fmt::format("the step `{}` named by `since` was never reached", *expectation.since),
                "look at what the run did before it, or correct the name");
        }
        window.from = std::max(window.from, *since);
    }
    return window;
}

std::variant<Selection, Check> select(const LogIndex& log, const Expectation& expectation) {
    if (!log.is_link(expectation.at)) {
        return no_answer(ErrorCause::reference,
                         fmt::format("`{}` is not a link of this scenario", expectation.at),
                         "name one of its links with `at`");
    }
    const auto window = window_of(log, expectation);
    if (const auto* problem = std::get_if<Check>(&window)) return *problem;
    const LinkTraffic& traffic = log.link(expectation.at);
    if (!traffic.captured) {
        return no_answer(
            ErrorCause::unseen,
            fmt::format("there is no complete capture of the link `{}`", expectation.at),
            "look at how the run ended; the capture is closed with the world");
    }
    if (traffic.dropped > 0) {
        return no_answer(
            ErrorCause::unseen,
            fmt::format("the capture of `{}` lost {} packets", expectation.at, traffic.dropped),
            "give the link a lower rate, or run with --time virtual");
    }
    return Selector{log, expectation, std::get<Window>(window)}.run();
}

std::optional<Check> unseen_requests(const Selection& selection, const std::string& link) {
    for (const Connection* connection : selection.connections) {
        if (connection->bytes == 0 || !connection->requests.empty()) continue;
        return no_answer(
            ErrorCause::unseen,
            fmt::format("connection {} on `{}` carried {}, in which no HTTP/1.1 was recognised",
                        connection->number, link, show(Bytes{connection->bytes})),
            "requests under TLS or of another protocol cannot be counted there: expect "
            "`attempts`, `established` or `bytes`, or look at a link without TLS");
    }
    return std::nullopt;
}

}  // namespace etimedout
