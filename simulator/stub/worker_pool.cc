// WorkerPool: so many requests are served at a time, so many may wait, and who waited how long.
#include "simulator/stub/worker_pool.hh"

#include <algorithm>
#include <limits>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "simulator/stream/serving.hh"

namespace etimedout {

namespace asio = boost::asio;

// One who waits; in the pool's list from birth to death, or until a worker is granted.
struct WorkerPool::Waiter {
    Waiter(WorkerPool* of, const asio::any_io_executor& executor)
        : pool{of},
          since{of->clock_->now()},
          granted_at{executor, asio::steady_timer::time_point::max()} {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        const std::lock_guard lock{pool->mutex_};
        pool->waiters_.remove(this);
        pool->longest_ = std::max(pool->longest_, pool->clock_->now() - since);
    }

    WorkerPool* pool;
    Duration since;
    asio::steady_timer granted_at;
    bool granted = false;
};

std::int64_t WorkerPool::free_now() const {
    if (all_occupied_) return 0;
    if (!limits_.workers) return std::numeric_limits<std::int64_t>::max();
    return std::max<std::int64_t>(*limits_.workers - occupied_ - busy_, 0);
}

asio::awaitable<WorkerPool::Place> WorkerPool::take() {
    std::unique_lock lock{mutex_};
    if (waiters_.empty() && free_now() > 0) {
        ++busy_;
        lock.unlock();
        Place place{this};
        co_return place;
    }
    ++waited_;
    lock.unlock();
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Waiter me{this, executor};
    lock.lock();
    waiters_.push_back(&me);
    lock.unlock();
    co_await me.granted_at.async_wait(as_values);
    if (!me.granted) throw boost::system::system_error{asio::error::operation_aborted};
    Place place{this};
    co_return place;
}

bool WorkerPool::is_full() const {
    const std::lock_guard lock{mutex_};
    if (!limits_.queue || free_now() > 0) return false;
    return static_cast<std::int64_t>(waiters_.size()) >= *limits_.queue;
}

void WorkerPool::occupy(std::optional<std::int64_t> count) {
    const std::lock_guard lock{mutex_};
    all_occupied_ = !count.has_value();
    occupied_ = count.value_or(0);
}

void WorkerPool::release() {
    const std::lock_guard lock{mutex_};
    all_occupied_ = false;
    occupied_ = 0;
}

WorkerRecord WorkerPool::record() const {
    const std::lock_guard lock{mutex_};
    WorkerRecord record{static_cast<std::int64_t>(waiters_.size()), waited_, longest_};
    for (const Waiter* waiter : waiters_) {
        record.longest_wait = std::max(record.longest_wait, clock_->now() - waiter->since);
    }
    return record;
}

void WorkerPool::grant() {
    const std::lock_guard lock{mutex_};
    while (!waiters_.empty() && free_now() > 0) {
        Waiter* next = waiters_.front();
        waiters_.pop_front();
        ++busy_;
        next->granted = true;
        next->granted_at.cancel();
    }
}

std::optional<std::int64_t> WorkerPool::room() const {
    const std::lock_guard lock{mutex_};
    if (!limits_.queue) return std::nullopt;
    if (all_occupied_) return limits_.queue;
    if (!limits_.workers) return std::nullopt;
    return std::max<std::int64_t>(*limits_.workers - occupied_, 0) + *limits_.queue;
}

void WorkerPool::Place::give_back() {
    WorkerPool* pool = std::exchange(pool_, nullptr);
    if (pool == nullptr) return;
    {
        const std::lock_guard lock{pool->mutex_};
        --pool->busy_;
    }
    pool->grant();
}

}  // namespace etimedout
