// WorldClock: time since the world began, and waiting on it.
#include "simulator/base/clock.hh"

#include <cerrno>
#include <ctime>

#include "simulator/base/timestamp.hh"

namespace etimedout {

namespace {

std::int64_t read_clock(clockid_t which) {
    timespec now{};
    checked("clock_gettime", ::clock_gettime(which, &now));
    return now.tv_sec * nanoseconds_per_second + now.tv_nsec;
}

// How far the wall clock is ahead. Reading a clock takes time, in a virtual world always the same,
// so the one belongs to the middle between two readings of the other.
std::int64_t wall_minus_monotonic() {
    const std::int64_t before = read_clock(CLOCK_MONOTONIC);
    const std::int64_t wall = read_clock(CLOCK_REALTIME);
    const std::int64_t after = read_clock(CLOCK_MONOTONIC);
    return wall - (before + (after - before) / 2);
}

}  // namespace

WorldClock::WorldClock() : WorldClock{read_clock(CLOCK_MONOTONIC)} {}

WorldClock::WorldClock(std::int64_t monotonic_begin)
    : monotonic_begin_{monotonic_begin}, wall_begin_{monotonic_begin + wall_minus_monotonic()} {}

WorldClock WorldClock::since_boot(Duration begin) { return WorldClock{begin.count()}; }

Duration WorldClock::now() const {
    return Duration{read_clock(CLOCK_MONOTONIC) - monotonic_begin_};
}

Duration WorldClock::from_wall(std::int64_t nanoseconds) const {
    return Duration{nanoseconds - wall_begin_};
}

void WorldClock::sleep_until(Duration t) const {
    const std::int64_t target = monotonic_begin_ + t.count();
    const timespec until{target / nanoseconds_per_second, target % nanoseconds_per_second};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

}  // namespace etimedout
