// WorldClock: time since the world began, and waiting on it.
#pragma once

#include "simulator/base/quantity.hh"

namespace etimedout {

// Monotonic time since t = 0, with the wall clock's offset to it, so that capture stamps (wall
// clock) and everything else (monotonic) share one axis. In a virtual world both are virtual.
class WorldClock {
public:
    WorldClock();  // t = 0 is now
    // t = 0 is that long after this kernel's boot; until then the clock shows less than nothing.
    static WorldClock since_boot(Duration begin);
    Duration now() const;
    // A wall-clock stamp in nanoseconds since 1970, as a capture gives it, on this axis.
    Duration from_wall(std::int64_t nanoseconds) const;
    // The wall clock at t = 0, nanoseconds since 1970.
    std::int64_t wall_begin() const { return wall_begin_; }
    // Waits until then; returns at once when that is past.
    void sleep_until(Duration t) const;

private:
    explicit WorldClock(std::int64_t monotonic_begin);

    std::int64_t monotonic_begin_;
    std::int64_t wall_begin_;
};

}  // namespace etimedout
