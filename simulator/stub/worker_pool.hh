// WorkerPool: so many requests are served at a time, so many may wait, and who waited how long.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/base/clock.hh"

namespace etimedout {

struct WorkerLimits {
    std::optional<std::int64_t> workers{};  // none: as many as there are requests
    std::optional<std::int64_t> queue{};    // none: any number may wait
};

struct WorkerRecord {
    std::int64_t waiting = 0;
    std::int64_t waited = 0;
    Duration longest_wait{};
};

// First come, first served. All of it runs on the stub's one thread, but for what says otherwise.
class WorkerPool {
public:
    // A worker, until it is destroyed.
    class Place {
    public:
        Place() = default;
        explicit Place(WorkerPool* pool) : pool_{pool} {}
        Place(Place&& other) noexcept : pool_{std::exchange(other.pool_, nullptr)} {}
        Place& operator=(Place&& other) noexcept {
            if (this != &other) {
                give_back();
                pool_ = std::exchange(other.pool_, nullptr);
            }
            return *this;
        }
        ~Place() { give_back(); }

        void give_back();
        // The worker never comes back, as one that waits for a lock that nobody will open.
        void lose() { pool_ = nullptr; }

    private:
        WorkerPool* pool_ = nullptr;
    };

    // The clock outlives the pool.
    WorkerPool(WorkerLimits limits, const WorldClock* clock) : limits_{limits}, clock_{clock} {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    // Throws operation_aborted when the task is cancelled meanwhile.
    boost::asio::awaitable<Place> take();
    // Whether one who comes now would find the queue full.
    bool is_full() const;

    // Any thread. A release is followed by a grant() on the stub's own.
    void occupy(std::optional<std::int64_t> count);
    void release();
    WorkerRecord record() const;

    // Gives workers that are free to those who wait.
    void grant();

    // How many can be served and wait at a time; nothing: any number.
    std::optional<std::int64_t> room() const;

private:
    struct Waiter;

    std::int64_t free_now() const;  // with the lock held

    WorkerLimits limits_;
    const WorldClock* clock_;
    mutable std::mutex mutex_;
    std::list<Waiter*> waiters_;
    std::int64_t busy_ = 0;
    std::int64_t occupied_ = 0;
    bool all_occupied_ = false;
    std::int64_t waited_ = 0;
    Duration longest_{};
};

}  // namespace etimedout
