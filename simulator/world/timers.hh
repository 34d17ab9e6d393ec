// Timers: things to do at a moment of the world's clock, on one thread, in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "simulator/base/clock.hh"

namespace etimedout {

// Callbacks run one at a time on the timers' own thread and may add further timers. Two at the
// same moment run in the order in which they were added.
class Timers {
public:
    explicit Timers(const WorldClock& clock);
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers();  // drops what has not run, waits for what is running

    void at(Duration t, std::function<void()> what);
    // Nothing begins any more, and nothing runs when this returns.
    void stop();

private:
    void run();

    const WorldClock& clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<Duration, std::function<void()>> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace etimedout
