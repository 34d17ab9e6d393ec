// Pool: many runs side by side, each in a folder of its own, delivered in their order.
#include "harness/cli/pool.hh"

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

namespace etimedout {

namespace {

namespace fs = std::filesystem;

// What the threads share.
class Board {
public:
    Board(const std::vector<PoolEntry>& entries, const Driver& driver, const Keeper& keeper,
          const std::atomic<bool>& interrupted, const PoolEvents& events)
        : entries_{entries},
          driver_{driver},
          keeper_{keeper},
          interrupted_{interrupted},
          events_{events},
          done_(entries.size()) {}

    void work() {
        while (const auto index = next()) {
            try {
                deliver(*index, run_one(*index));
            } catch (...) {  // kept for the caller's thread, which throws it again
                const std::lock_guard lock{mutex_};
                if (!failure_) failure_ = std::current_exception();
            }
        }
    }

    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    struct Done {
        ScenarioResult result;
        fs::path folder;
    };

    std::optional<std::size_t> next() {
        const std::lock_guard lock{mutex_};
        if (failure_ || interrupted_ || next_ == entries_.size()) return std::nullopt;
        return next_++;
    }

    Done run_one(std::size_t index) {
        const PoolEntry& entry = entries_[index];
        if (entry.skipped) return {*entry.skipped, {}};
        if (events_.started) events_.started(index);
        // The folder's name is part of nothing that repeats, but of the same length for all.
        const fs::path folder = keeper_.folder(fmt::format("{:06}", index));
        return {driver_.run(entry.request, folder), folder};
    }

    void deliver(std::size_t index, Done done) {
        const std::lock_guard lock{mutex_};
        done_[index] = std::move(done);
        while (delivered_ < done_.size() && done_[delivered_]) {
            Done& ready = *done_[delivered_];
            events_.finished(delivered_, ready.result, ready.folder);
            if (!ready.folder.empty()) keeper_.remove(ready.folder);
            ready.result.log = {};  // logs are large, and were looked at
            ++delivered_;
        }
    }

    const std::vector<PoolEntry>& entries_;
    const Driver& driver_;
    const Keeper& keeper_;
    const std::atomic<bool>& interrupted_;
    const PoolEvents& events_;
    std::mutex mutex_;
    std::vector<std::optional<Done>> done_;
    std::size_t next_ = 0;
    std::size_t delivered_ = 0;
    std::exception_ptr failure_;
};

}  // namespace

void run_pool(const std::vector<PoolEntry>& entries, std::size_t jobs, const Driver& driver,
              const Keeper& keeper, const std::atomic<bool>& interrupted,
              const PoolEvents& events) {
    Board board{entries, driver, keeper, interrupted, events};
    const std::size_t workers =
        std::clamp<std::size_t>(jobs, 1, std::max<std::size_t>(entries.size(), 1));
    // A world dies with the thread that started it, so the threads live until all is done.
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&] { board.work(); });
    board.work();
    for (std::thread& thread : threads) thread.join();
    board.rethrow();
}

}  // namespace etimedout
