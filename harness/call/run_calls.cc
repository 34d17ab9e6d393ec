// A call step's load: once, many times, by several at once, or at a rate.
#include "harness/call/run_calls.hh"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr std::int64_t most_calls = 1'000'000;
constexpr std::int64_t most_at_once = 10'000;

class Load {
public:
    Load(const CallStep& step, const CallTarget& target, const WorldClock& clock, EventSink& sink,
         CallState& state)
        : step_{step},
          target_{target},
          clock_{clock},
          sink_{sink},
          state_{state},
          begin_{clock.now()} {}

    CallRun run() {
        if (step_.rate) {
            at_rate();
        } else {
            one_after_the_other();
        }
        if (error_) std::rethrow_exception(error_);
        return std::move(result_);
    }

private:
    void make(std::int64_t index) {
        CallPlan plan{step_.id,
                      index,
                      step_,
                      target_.host,
                      target_.address,
                      target_.port,
                      target_.scenario_dir};
        CallBegin begin;
        begin.call = step_.id;
        begin.index = index;
        begin.node = step_.node;
        begin.link = step_.link;
        begin.what = std::string{kind_of(step_)};
        begin.steady = step_.steady;
        sink_.put({clock_.now(), std::move(begin)});
        CallEnd end = run_call(plan, clock_, state_);
        const std::string outcome = end.outcome;
        sink_.put({clock_.now(), std::move(end)});
        const std::lock_guard lock{mutex_};
        ++result_.calls;
        ++result_.outcomes[outcome];
    }

    // What it throws is kept, and no further call begins.
    void make_guarded(std::int64_t index) {
        try {
            make(index);
        } catch (...) {
            keep(std::current_exception());
        }
    }

    void keep(std::exception_ptr error) {
        const std::lock_guard lock{mutex_};
        if (!error_) error_ = std::move(error);
    }

    bool is_over(std::int64_t index, Duration t) const {
        if (error_ || index > most_calls) return true;
        return step_.lasting ? t >= begin_ + *step_.lasting : index > step_.times;
    }

    // A thread that cannot be had is the load's error; those that run end as usual.
    void start(std::vector<std::thread>& threads, void (Load::*job)()) {
        try {
            threads.emplace_back(job, this);
        } catch (const std::system_error& error) {
            throw Error{fmt::format("call `{}`: caller number {}: {}", step_.id, threads.size() + 1,
                                    error.what()),
                        "lower its rate or concurrency"};
        }
    }

    void one_after_the_other() {
        const std::int64_t useful =
            step_.lasting ? most_at_once : std::max<std::int64_t>(step_.times, 1);
        const std::int64_t callers = std::clamp<std::int64_t>(step_.concurrency, 1, useful);
        std::vector<std::thread> others;
        try {
            for (std::int64_t i = 1; i < callers; ++i) start(others, &Load::work);
        } catch (...) {
            keep(std::current_exception());
        }
        work();
        for (auto& thread : others) thread.join();
    }

    void work() {
        while (const auto index = next_index()) make_guarded(*index);
    }

    std::optional<std::int64_t> next_index() {
        const std::lock_guard lock{mutex_};
        if (is_over(next_, clock_.now())) return std::nullopt;
        return next_++;
    }

    void at_rate() {
        std::vector<std::thread> callers;
        try {
            for (std::int64_t index = 1; hand_out(index, callers); ++index) {
            }
        } catch (...) {
            keep(std::current_exception());
        }
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
            changed_.notify_all();
        }
        for (auto& thread : callers) thread.join();
    }

    // Waits until this call is due and there is a caller for it; false when the load is over.
    bool hand_out(std::int64_t index, std::vector<std::thread>& callers) {
        const std::int64_t most = step_.concurrency > 1 ? step_.concurrency : most_at_once;
        const double seconds = static_cast<double>(index - 1) / *step_.rate;
        const Duration due =
            begin_ + std::chrono::round<Duration>(std::chrono::duration<double>{seconds});
        {
            const std::lock_guard lock{mutex_};
            if (is_over(index, due)) return false;
        }
        clock_.sleep_until(due);
        std::unique_lock lock{mutex_};
        if (idle_ == 0 && static_cast<std::int64_t>(callers.size()) < most) {
            start(callers, &Load::serve);
            ++idle_;  // the one that is to come
        }
        changed_.wait(lock, [this] { return idle_ > 0; });
        --idle_;
        due_.push_back(index);
        changed_.notify_all();
        return true;
    }

    // One caller of many: takes calls that are due until there will be no more.
    void serve() {
        while (true) {
            std::int64_t index = 0;
            {
                std::unique_lock lock{mutex_};
                changed_.wait(lock, [this] { return closed_ || !due_.empty(); });
                if (due_.empty()) return;
                index = due_.front();
                due_.pop_front();
            }
            make_guarded(index);
            const std::lock_guard lock{mutex_};
            ++idle_;
            changed_.notify_all();
        }
    }

    const CallStep& step_;
    const CallTarget& target_;
    const WorldClock& clock_;
    EventSink& sink_;
    CallState& state_;
    Duration begin_;

    std::mutex mutex_;
    std::condition_variable changed_;
    CallRun result_;
    std::exception_ptr error_;
    std::int64_t next_ = 1;
    std::int64_t idle_ = 0;         // callers free to take a call, less calls that are due
    std::deque<std::int64_t> due_;  // begun by the clock, not yet taken
    bool closed_ = false;
};

}  // namespace

CallRun run_calls(const CallStep& step, const CallTarget& target, const WorldClock& clock,
                  EventSink& sink, CallState& state) {
    return Load{step, target, clock, sink, state}.run();
}

}  // namespace etimedout
