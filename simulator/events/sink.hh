// EventSink: where the parts of a world put what happened.
#pragma once

#include <mutex>

#include "simulator/events/event.hh"

namespace etimedout {

// Thread-safe. Events carry the time they happened at, which may be earlier than events already
// in the log; readers sort by time, keeping the order of equal times.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void put(Event event) = 0;
};

// Keeps everything in memory; for tests and for the world's own log.
class MemorySink final : public EventSink {
public:
    void put(Event event) override {
        const std::lock_guard lock{mutex_};
        events_.push_back(std::move(event));
    }
    EventLog take() {
        const std::lock_guard lock{mutex_};
        return std::move(events_);
    }

private:
    std::mutex mutex_;
    EventLog events_;
};

}  // namespace etimedout
