// Attempts: what was tried over a link, and by which repetition of a call.
#include "harness/expect/attempts.hh"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>
#include <time.h>

#include "simulator/base/timestamp.hh"

namespace etimedout {

namespace {

// Which repetition an attempt belongs to.
class RunFinder {
public:
    RunFinder(const LogIndex& log, const std::optional<std::string>& call) {
        if (!call) return;
        runs_ = &log.runs_of(*call);
        for (std::size_t i = 0; i < runs_->size(); ++i) {
            by_index_[(*runs_)[i].begin->index] = i;
            by_begin_.push_back(i);
        }
        std::stable_sort(by_begin_.begin(), by_begin_.end(), [this](std::size_t a, std::size_t b) {
            return (*runs_)[a].ran.from < (*runs_)[b].ran.from;
        });
    }

    std::size_t of(const Attempt& attempt) const {
        if (runs_ == nullptr) return no_run;
        if (attempt.request != nullptr && !attempt.request->call.empty()) {
            const std::string& trace = attempt.request->message->call;
            std::int64_t index = 1;
            const auto slash = trace.rfind('/');
            if (slash != std::string::npos) {
                std::from_chars(trace.data() + slash + 1, trace.data() + trace.size(), index);
            }
            const auto found = by_index_.find(index);
            return found == by_index_.end() ? no_run : found->second;
        }
        return by_time(attempt.began);
    }

private:
    std::size_t by_time(Duration t) const {
        auto next = std::upper_bound(
            by_begin_.begin(), by_begin_.end(), t,
            [this](Duration at, std::size_t run) { return at < (*runs_)[run].ran.from; });
        // As many as can run at the same time are looked through, and no more.
        constexpr int most = 1000;
        for (int tried = 0; next != by_begin_.begin() && tried < most; ++tried) {
            --next;
            if ((*runs_)[*next].ran.contains(t)) return *next;
        }
        return no_run;
    }

    const std::vector<CallRun>* runs_ = nullptr;
    std::map<std::int64_t, std::size_t> by_index_{};
    std::vector<std::size_t> by_begin_{};
};

// Whether the caller had gone when the answer's last byte came: it had closed, and not just its own
// direction, so that its kernel answers what still comes with RST.
bool came_too_late(const Connection& connection, Duration answered) {
    if (!connection.closed || connection.closed_by != "client" || *connection.closed >= answered) {
        return false;
    }
    return std::any_of(connection.moments.begin(), connection.moments.end(),
                       [&](const TcpMoment& moment) {
                           return moment.t >= *connection.closed && moment.what->by == "client" &&
                                  moment.what->what == "rst";
                       });
}

Attempt attempt_from(const Request& request, const Connection& connection, Duration log_end) {
    constexpr std::int64_t first_error = 500;
    Attempt attempt;
    attempt.request = &request;
    attempt.connection = &connection;
    attempt.began = request.began;
    const bool late = request.response != nullptr && came_too_late(connection, request.last_seen);
    attempt.answered = request.response != nullptr && !late;
    const bool complete = attempt.answered && request.response->complete;
    if (attempt.answered) attempt.status = request.response->status;
    attempt.good = complete && attempt.status < first_error;
    attempt.given_up = !complete && connection.closed && connection.closed_by == "client";
    attempt.over = complete || connection.closed;
    attempt.ended = complete ? request.last_seen : connection.closed.value_or(log_end);
    return attempt;
}

Attempt attempt_from(const Connection& connection, Duration log_end) {
    Attempt attempt;
    attempt.connection = &connection;
    attempt.began = connection.began;
    attempt.answered = connection.established.has_value();
    attempt.good = attempt.answered && connection.closed_how != "rst";
    attempt.given_up = attempt.answered && connection.closed && connection.closed_by == "client";
    // One that was never established ends with its last SYN, or with what refused it.
    attempt.over = connection.closed.has_value() || !attempt.answered;
    attempt.ended = attempt.over ? connection.last_seen : log_end;
    return attempt;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value < 0) return {};
    constexpr std::int64_t ten_years = 315'360'000;
    return std::min(value, ten_years);
}

// Nanoseconds since 1970 of an HTTP date in the form that RFC 9110 section 5.6.7 prefers.
std::optional<std::int64_t> http_date(const std::string& text) {
    tm fields{};
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&fields)) * nanoseconds_per_second;
}

}  // namespace

std::vector<Attempt> attempts_of(const LogIndex& log, const Expectation& expectation,
                                 const Selection& selection) {
    std::map<std::int64_t, const Connection*> connections;
    std::set<std::int64_t> with_requests;
    for (const Connection* one : selection.connections) connections[one->number] = one;
    const RunFinder finder{log, expectation.of};
    std::vector<Attempt> attempts;
    attempts.reserve(selection.requests.size());
    for (const Request* request : selection.requests) {
        with_requests.insert(request->connection);
        attempts.push_back(
            attempt_from(*request, *connections.at(request->connection), log.end_time()));
    }
    for (const Connection* one : selection.fresh) {
        const bool speaks_http = !selection.requests.empty();
        if (with_requests.contains(one->number) || (speaks_http && one->established)) continue;
        attempts.push_back(attempt_from(*one, log.end_time()));
    }
    for (Attempt& attempt : attempts) attempt.run = finder.of(attempt);
    std::stable_sort(attempts.begin(), attempts.end(),
                     [](const Attempt& a, const Attempt& b) { return a.began < b.began; });
    return attempts;
}

std::variant<std::vector<Attempt>, Check> attempts_at(const LogIndex& log,
                                                      const Expectation& expectation,
                                                      const std::string& link,
                                                      const std::optional<std::string>& call) {
    Expectation there;
    there.at = link;
    there.of = call;
    there.during = expectation.during;
    there.since = expectation.since;
    there.settle = expectation.settle;
    there.ignore_paths = expectation.ignore_paths;
    there.ignore_sources = expectation.ignore_sources;
    const auto selected = select(log, there);
    if (const auto* problem = std::get_if<Check>(&selected)) return *problem;
    return attempts_of(log, there, std::get<Selection>(selected));
}

std::string in_words(const Attempt& attempt) {
    if (attempt.request == nullptr) {
        return fmt::format("connection {}: {}", attempt.connection->number,
                           !attempt.answered ? "never established"
                           : !attempt.over   ? "never closed"
                                             : "closed at " + show(attempt.ended));
    }
    const HttpMessage& message = *attempt.request->message;
    std::string end = "no answer";
    if (attempt.answered) {
        end = fmt::format("{} at {}", attempt.status, show(attempt.request->answered));
    } else if (attempt.given_up) {
        end = fmt::format("given up at {}", show(attempt.ended));
    }
    return fmt::format("{} {} {}: {}", show(attempt.began), message.method,
                       one_line(message.path, 40), end);
}

std::optional<Duration> retry_after_of(const LogIndex& log, const HttpMessage& response,
                                       Duration t) {
    if (const auto found = response.headers.find("retry-after-ms");
        found != response.headers.end()) {
        if (const auto value = whole_number(found->second)) {
            return std::chrono::milliseconds{*value};
        }
    }
    const auto found = response.headers.find("retry-after");
    if (found == response.headers.end()) return std::nullopt;
    if (const auto value = whole_number(found->second)) return std::chrono::seconds{*value};
    const auto date = http_date(found->second);
    const auto start = log.begin() != nullptr ? read_timestamp(log.begin()->start)
                                              : Result<std::chrono::sys_time<Duration>>{Problem{}};
    if (!date || !start) return std::nullopt;
    const Duration when{*date - start->time_since_epoch().count()};
    return std::max(Duration{}, when - t);
}

}  // namespace etimedout
