// Stage: one fault at work on one direction of one connection; pure, on a clock that is passed in.
#include "simulator/stream/stage.hh"

#include <algorithm>

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

std::unique_ptr<Stage> make_stage(const FlowPlan& plan, StageContext context) {
    return std::visit([&](const auto& one) { return stage_for(one, context); }, plan);
}

}  // namespace etimedout
