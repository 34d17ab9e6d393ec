// WorldClock: time since the world began, and waiting on it.
#include "simulator/base/clock.hh"

#include <cerrno>
#include <ctime>

namespace etimedout {

namespace {

constexpr std::int64_t billion = 1'000'000'000;

std::int64_t read_clock(clockid_t which) {
    timespec now{};
    checked("clock_gettime", ::clock_gettime(which, &now));
    return now.tv_sec * billion + now.tv_nsec;
}

}  // namespace

WorldClock::WorldClock()
    : monotonic_begin_{read_clock(CLOCK_MONOTONIC)}, wall_begin_{read_clock(CLOCK_REALTIME)} {}

Duration WorldClock::now() const {
    return Duration{read_clock(CLOCK_MONOTONIC) - monotonic_begin_};
}

Duration WorldClock::from_wall(std::int64_t nanoseconds) const {
    return Duration{nanoseconds - wall_begin_};
}

void WorldClock::sleep_until(Duration t) const {
    const std::int64_t target = monotonic_begin_ + t.count();
    const timespec until{target / billion, target % billion};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

}  // namespace etimedout
