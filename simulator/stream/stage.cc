// Stage: one fault at work on one direction of one connection; pure, on a clock that is passed in.
#include "simulator/stream/stage.hh"

#include <algorithm>
#include <cmath>

#include "simulator/stream/stages.hh"

namespace etimedout {

Moment SharedBudget::grant(std::int64_t count, std::int64_t bytes_per_second, Moment from) {
    const std::lock_guard lock{mutex_};
    free_at_ = std::max(free_at_, from) + time_for(count, bytes_per_second);
    return free_at_;
}

Duration time_for(std::int64_t count, std::int64_t bytes_per_second) {
    // In two steps, so that no product of a large count and a billion overflows.
    constexpr std::int64_t billion = 1'000'000'000;
    const std::int64_t whole = count / bytes_per_second;
    const std::int64_t rest = count % bytes_per_second;
    const double part = static_cast<double>(rest) / static_cast<double>(bytes_per_second);
    return Duration{whole * billion +
                    static_cast<std::int64_t>(part * static_cast<double>(billion))};
}

Duration drawn_delay(Duration delay, Duration jitter, Duration grain, Rng& rng) {
    const std::int64_t half = grain.count() == 0 ? 0 : jitter / grain;
    if (half == 0) return delay;
    const auto steps = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * half)));
    return std::max(delay + (steps - half) * grain, Duration{});
}

std::uint64_t spared_bytes(Probability chance, Rng& rng) {
    constexpr auto never = std::uint64_t{1} << 62U;
    if (chance.value <= 0) return never;
    if (chance.value >= 1) return 0;
    const double spared = std::log1p(-rng.next_double()) / std::log1p(-chance.value);
    return spared < static_cast<double>(never) ? static_cast<std::uint64_t>(spared) : never;
}

std::unique_ptr<Stage> make_stage(const FlowPlan& plan, StageContext context) {
    return std::visit([&](const auto& one) { return stage_for(one, context); }, plan);
}

}  // namespace etimedout
