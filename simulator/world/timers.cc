// Timers: things to do at a moment of the world's clock, on one thread, in order.
#include "simulator/world/timers.hh"

#include <chrono>

namespace etimedout {

Timers::Timers(const WorldClock& clock) : clock_{clock}, thread_{[this] { run(); }} {}

Timers::~Timers() { stop(); }

void Timers::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Timers::at(Duration t, std::function<void()> what) {
    {
        const std::lock_guard lock{mutex_};
        waiting_.emplace(t, std::move(what));
    }
    changed_.notify_all();
}

void Timers::run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const Duration left = waiting_.begin()->first - clock_.now();
        if (left > Duration{}) {
            changed_.wait_until(lock, std::chrono::steady_clock::now() + left);
            continue;
        }
        const auto due = waiting_.extract(waiting_.begin());
        lock.unlock();
        due.mapped()();
        lock.lock();
    }
}

}  // namespace etimedout
