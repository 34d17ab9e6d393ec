// Stage: one fault at work on one direction of one connection; pure, on a clock that is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "simulator/base/rng.hh"
#include "simulator/faults/flow.hh"
#include "simulator/stream/item.hh"

namespace etimedout {

// Takes items in order and gives them, or others in their place, when they are due. Never loses or
// reorders bytes unless its plan is to.
class Stage {
public:
    virtual ~Stage() = default;

    virtual void take(Item item) = 0;
    // The next item due by `now`; its `at` is when it was due.
    virtual std::optional<Item> give(Moment now) = 0;
    // When give() has something, unless more is taken before; nothing: not before then.
    virtual std::optional<Moment> next() const = 0;
    // Bytes it keeps.
    virtual std::size_t held() const = 0;
    // The same kind of plan with other values. What is under way is told in TOXIPROXY's manner:
    // what waits leaves by the new values, counted from when it came.
    virtual void change(const FlowPlan& plan, Moment now) = 0;
    // The fault is gone: all it keeps, in order, to be passed on at once.
    virtual std::vector<Item> dissolve(Moment now) = 0;

    // Whether it has changed something for the first time since this was asked: delayed, kept back,
    // thrown away, damaged or ended.
    bool take_acted() { return has_acted_ && !std::exchange(told_, true); }

protected:
    void act() { has_acted_ = true; }

private:
    bool has_acted_ = false;
    bool told_ = false;
};

// How long so many bytes take at a rate above 0.
Duration time_for(std::int64_t count, std::int64_t bytes_per_second);

// A rate that all connections of one proxy and direction share. Thread-safe.
class SharedBudget {
public:
    // Grants `count` bytes, not before `from`, and says when they may leave.
    Moment grant(std::int64_t count, std::int64_t bytes_per_second, Moment from);

private:
    std::mutex mutex_;
    Moment free_at_{};
};

struct StageContext {
    Rng rng;
    Moment now{};                            // when the fault met the connection
    std::shared_ptr<SharedBudget> budget{};  // for plans with `shared`
};

// `delay`, give or take a whole multiple of `grain` within [-jitter, jitter); never below 0.
Duration drawn_delay(Duration delay, Duration jitter, Duration grain, Rng& rng);

// How many bytes are spared until the next is damaged (geometrically distributed).
std::uint64_t spared_bytes(Probability chance, Rng& rng);

std::unique_ptr<Stage> make_stage(const FlowPlan& plan, StageContext context);

}  // namespace etimedout
