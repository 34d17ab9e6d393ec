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
    if (route.until_close) answer.headers["Content-Length"] = "";
    answer.pace = {route.first_byte, route.between, route.piece.count};
    const std::int64_t stop = route.stop_after ? route.stop_after->count : answer.body.size;
    answer.ending = {std::min(stop, answer.body.size), stop < answer.body.size, route.end};
    return answer;
}

RenderedHead render_head(const Answer& answer, const RequestHead& request,
                         const WorldClock& clock) {
    return render_head({answer.status, answer.headers, answer.body.size, answer.wants_chunks},
                       request, clock.wall_begin() + clock.now().count());
}

Answer last_answer(std::int64_t status, std::string text) {
    Answer answer;
    answer.status = status;
    answer.headers = {{"Connection", "close"}};
    answer.body.text = std::move(text);
    answer.body.size = static_cast<std::int64_t>(answer.body.text.size());
    answer.ending.at = answer.body.size;
    return answer;
}

}  // namespace etimedout
