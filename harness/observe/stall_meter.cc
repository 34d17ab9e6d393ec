// StallMeter: how long the machine keeps a world in real time waiting.
#include "harness/observe/stall_meter.hh"

namespace etimedout {

std::optional<Duration> LateTimer::fired(Duration now) {
    const Duration late = now - next_;
    next_ += period;
    if (now >= next_) next_ += (now - next_) / period * period + period;
    return late >= least ? std::optional{late} : std::nullopt;
}

StallMeter::StallMeter(const WorldClock& clock, EventSink& sink)
    : thread_{[this, &clock, &sink] {
          LateTimer timer{clock.now()};
          while (!stopping_) {
              clock.sleep_until(timer.next());
              const Duration now = clock.now();
              if (const auto late = timer.fired(now)) sink.put({now, Stall{*late}});
          }
      }} {}

StallMeter::~StallMeter() {
    stopping_ = true;
    thread_.join();
}

}  // namespace etimedout
