// StallMeter: how long the machine keeps a world in real time waiting.
#pragma once

#include <atomic>
#include <optional>
#include <thread>

#include "simulator/base/clock.hh"
#include "simulator/events/sink.hh"

namespace etimedout {

// A periodic timer by the times at which it should have fired and did. Those that a stall skipped
// are not made up for, so that no time counts twice.
class LateTimer {
public:
    static constexpr Duration period = 10ms;
    // Less is within the tolerance of every time bound.
    static constexpr Duration least = 5ms;

    explicit LateTimer(Duration begin) : next_{begin + period} {}
    Duration next() const { return next_; }
    // By how much it was late, where that matters.
    std::optional<Duration> fired(Duration now);

private:
    Duration next_;
};

// A thread like any other of the world, which waits for such a timer and puts a Stall into the log
// whenever it was kept waiting. Not for virtual time, where the timer would be all that happens.
class StallMeter {
public:
    StallMeter(const WorldClock& clock, EventSink& sink);
    StallMeter(const StallMeter&) = delete;
    StallMeter& operator=(const StallMeter&) = delete;
    ~StallMeter();

private:
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace etimedout
