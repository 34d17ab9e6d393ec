// Limits: the timers that can end a call, the client's own and the harness's patience.
#include "harness/call/limits.hh"

#include <cerrno>

#include <poll.h>

namespace etimedout {

namespace {

constexpr std::size_t most_collected = 64U << 10U;

}  // namespace

Limits Limits::of(const CallStep& step, Duration begin) {
    Limits limits{begin, begin + step.deadline, {}, {}};
    if (step.timeout) limits.timeout = begin + *step.timeout;
    if (step.connect_timeout) limits.connect_timeout = begin + *step.connect_timeout;
    return limits;
}

std::optional<Duration> Limits::own_while_connecting() const {
    if (!timeout) return connect_timeout;
    return std::min(*timeout, connect_timeout.value_or(*timeout));
}

bool wait_for(int fd, short events, const WorldClock& clock, Duration until) {
    while (true) {
        const Duration left = std::max(until - clock.now(), Duration::zero());
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        const timespec time{seconds.count(), (left - seconds).count()};
        pollfd poll{fd, events, 0};
        const int ready = ::ppoll(&poll, 1, &time, nullptr);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) throw_errno("ppoll", errno);
        if (clock.now() >= until) return false;
    }
}

void Flow::arrived(Duration now) {
    if (last_) longest_silence_ = std::max(longest_silence_, now - *last_);
    last_ = now;
}

bool Flow::is_flowing(Duration now) const { return last_ && now - *last_ <= 2 * longest_silence_; }

const char* Flow::timeout_word(Duration now) const {
    if (!has_begun()) return "first_byte_timeout";
    return is_flowing(now) ? "total_timeout" : "idle_timeout";
}

void Collected::add(std::string_view more) {
    size += static_cast<std::int64_t>(more.size());
    text.append(more.substr(0, most_collected - std::min(most_collected, text.size())));
}

}  // namespace etimedout
