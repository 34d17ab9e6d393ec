// Answer: what a stub sends for a request, and at which pace; decided before a byte is sent.
#include "simulator/stub/answer.hh"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/beast/http/status.hpp>

namespace etimedout {

namespace {

constexpr std::int64_t block = 64 << 10;
constexpr std::int64_t line = 64;
constexpr std::string_view filler = " abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN";

std::string reason_of(std::int64_t status) {
    if (status == 529) return "Overloaded";
    const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
    if (known == boost::beast::http::status::unknown) return "Unknown";
    const auto text = boost::beast::http::obsolete_reason(known);
    return {text.data(), text.size()};
}

BodySource body_of(const StubRoute& route) {
    if (route.body_size) return {{}, route.body_size->count, true};
    std::string text = route.body.value_or("ok\n");
    const auto size = static_cast<std::int64_t>(text.size());
    return {std::move(text), size, false};
}

Answer respond(const Respond& plan) {
    Answer answer;
    answer.status = plan.status;
    answer.headers = plan.headers;
    answer.body.text =
        plan.body.value_or(fmt::format("{} {}\n", plan.status, reason_of(plan.status)));
    answer.body.size = static_cast<std::int64_t>(answer.body.text.size());
    answer.ending.at = answer.body.size;
    return answer;
}

// The route's waits stay; the fault's come on top.
Answer dribbled(Answer answer, const Dribble& plan) {
    answer.pace.first_byte += plan.first_byte;
    if (plan.between > Duration::zero()) {
        answer.pace.between = plan.between;
        answer.pace.piece = plan.piece;
    }
    return answer;
}

struct Act {
    const StubRoute& route;
    Action operator()(const Swallow& plan) const { return plan; }
    Action operator()(const Abort& plan) const { return plan; }
    Action operator()(const HangUp& plan) const { return plan; }
    Action operator()(const Respond& plan) const { return respond(plan); }
    Action operator()(const Dribble& plan) const {
        if (route.silent) return Swallow{};
        return dribbled(answer_of(route), plan);
    }
};

bool has_no_body(std::int64_t status) { return status < 200 || status == 204 || status == 304; }

// The head's fields: the stub's own first, in their order, the scenario's over them.
class Fields {
public:
    void set(std::string_view name, std::string value) {
        for (auto& field : fields_) {
            if (same_name(field.first, name)) {
                field.second = std::move(value);
                return;
            }
        }
        fields_.emplace_back(name, std::move(value));
    }
    // Empty when there is none.
    std::string_view get(std::string_view name) const {
        for (const auto& field : fields_) {
            if (same_name(field.first, name)) return field.second;
        }
        return {};
    }
    std::string text() const {
        std::string result;
        for (const auto& [name, value] : fields_) {
            if (!value.empty()) result += fmt::format("{}: {}\r\n", name, value);
        }
        return result;
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace

std::string BodySource::bytes(std::int64_t offset, std::int64_t count) const {
    const std::int64_t wanted = std::clamp<std::int64_t>(size - offset, 0, count);
    if (!generated)
        return text.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(wanted));
    std::string result;
    result.reserve(static_cast<std::size_t>(wanted + 2 * line));
    const std::int64_t begin = offset - offset % line;
    for (std::int64_t at = begin; at < offset + wanted; at += line) {
        result += fmt::format("{:012}{}\n", at, filler);
    }
    return result.substr(static_cast<std::size_t>(offset - begin),
                         static_cast<std::size_t>(wanted));
}

std::int64_t Pace::step() const { return between > Duration::zero() ? piece : block; }

const StubRoute& route_for(const StubSpec& spec, const RequestHead& head) {
    const StubRoute* best = &spec.all;
    std::size_t longest = 0;  // an exact pattern counts one more than a prefix as long
    for (const auto& [pattern, route] : spec.routes) {
        if (!path_matches(pattern, head.path()) && !path_matches(pattern, head.target)) continue;
        const std::size_t length =
            pattern.ends_with('*') ? 2 * pattern.size() - 1 : 2 * pattern.size() + 2;
        if (length <= longest) continue;
        longest = length;
        best = &route;
    }
    return *best;
}

Answer answer_of(const StubRoute& route) {
    Answer answer;
    answer.status = route.status;
    answer.headers = route.headers;
    answer.body = body_of(route);
    answer.wants_chunks = route.chunked;
    answer.pace = {route.first_byte, route.between, route.piece.count};
    const std::int64_t stop = route.stop_after ? route.stop_after->count : answer.body.size;
    answer.ending = {std::min(stop, answer.body.size), stop < answer.body.size, route.end};
    return answer;
}

Action action_for(const StubRoute& route, const StreamPlan* plan) {
    if (plan != nullptr) return std::visit(Act{route}, *plan);
    if (route.silent) return Swallow{};
    return answer_of(route);
}

RenderedHead render_head(const Answer& answer, const RequestHead& request,
                         const WorldClock& clock) {
    const bool chunked = answer.wants_chunks && request.version >= 11;
    Fields fields;
    fields.set("Server", "etimedout");
    fields.set("Date", http_date(clock.wall_begin() + clock.now().count()));
    if (!has_no_body(answer.status)) {
        fields.set("Content-Type", "text/plain");
        if (chunked) {
            fields.set("Transfer-Encoding", "chunked");
        } else if (!answer.wants_chunks) {
            fields.set("Content-Length", fmt::format("{}", answer.body.size));
        }
    }
    for (const auto& [name, value] : answer.headers) fields.set(name, value);

    RenderedHead head;
    if (has_no_body(answer.status) || request.method == "HEAD") {
        head.framing = Framing::none;
    } else if (chunked) {
        head.framing = Framing::chunked;
    } else if (fields.get("Content-Length").empty()) {
        head.framing = Framing::until_close;
    }
    head.keep_alive = request.keep_alive && head.framing != Framing::until_close &&
                      !same_name(fields.get("Connection"), "close");
    if (!head.keep_alive && fields.get("Connection").empty()) {
        fields.set("Connection", "close");
    } else if (head.keep_alive && request.version == 10) {
        fields.set("Connection", "keep-alive");
    }
    head.text = fmt::format("HTTP/1.1 {} {}\r\n{}\r\n", answer.status, reason_of(answer.status),
                            fields.text());
    return head;
}

std::string chunk_header(std::int64_t count) { return fmt::format("{:x}\r\n", count); }

Answer bad_request(const std::string& complaint) {
    Respond plan;
    plan.status = 400;
    plan.headers = {{"Connection", "close"}};
    plan.body = complaint + "\n";
    return respond(plan);
}

std::string http_date(std::int64_t nanoseconds_since_1970) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = nanoseconds_since_1970 / 1'000'000'000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                       days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                       months.at(static_cast<std::size_t>(utc.tm_mon)), 1900 + utc.tm_year,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace etimedout
