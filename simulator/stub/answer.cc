// Answer: what a stub sends for a request, and at which pace; decided before a byte is sent.
#include "simulator/stub/answer.hh"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr std::int64_t block = 64 << 10;
constexpr std::int64_t line = 64;
constexpr std::string_view filler = " abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN";

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
    answer.body.text = plan.body.value_or(default_body(plan.status));
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
    // What only the proxy carries out; Stub::arm refuses it.
    template <class Plan>
    Action operator()(const Plan& /*plan*/) const {
        return route.silent ? Action{Swallow{}} : Action{answer_of(route)};
    }
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
    return render_head({answer.status, answer.headers, answer.body.size, answer.wants_chunks},
                       request, clock.wall_begin() + clock.now().count());
}

Answer bad_request(const std::string& complaint) {
    Respond plan;
    plan.status = 400;
    plan.headers = {{"Connection", "close"}};
    plan.body = complaint + "\n";
    return respond(plan);
}

}  // namespace etimedout
