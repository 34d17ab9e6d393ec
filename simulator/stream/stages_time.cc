// Stages that hold bytes back for a time: delay, throttle, late end, loss.
#include <algorithm>

#include "simulator/stream/due_stage.hh"
#include "simulator/stream/stages.hh"

namespace etimedout {

namespace {

class DelayStage final : public DueStage<FlowDelay> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        const Moment came = item.at;
        // An end is not late by itself: it comes behind the bytes before it.
        const Duration wait = item.kind == Item::Kind::data ? draw() : Duration{};
        if (wait > Duration{}) act();
        came_.push_back(came);
        leave(std::move(item), came + wait);
    }
    std::optional<Item> give(Moment now) override {
        auto item = DueStage::give(now);
        if (item) came_.pop_front();
        return item;
    }
    // What is first in line leaves at once, as a sleep that was interrupted; the rest by the new
    // delay, counted from when it came.
    void change(const FlowPlan& plan, Moment now) override {
        DueStage::change(plan, now);
        last_due_ = Moment{};
        for (std::size_t i = 0; i < queue_.size(); ++i) {
            const bool is_data = queue_[i].kind == Item::Kind::data;
            Moment due = came_[i] + (is_data ? draw() : Duration{});
            if (i == 0) due = std::min(due, now);
            last_due_ = std::max(last_due_, due);
            queue_[i].at = last_due_;
        }
    }
    std::vector<Item> dissolve(Moment now) override {
        came_.clear();
        return DueStage::dissolve(now);
    }

private:
    Duration draw() { return drawn_delay(plan_.delay, plan_.jitter, plan_.grain, context_.rng); }
    std::deque<Moment> came_;
};

// A tenth of a second's bytes leave at once, at the end of the time they take.
class ThrottleStage final : public DueStage<FlowThrottle> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        if (!item.bytes.empty()) act();
        held_ += item.bytes.size();
        queue_.push_back(std::move(item));
        reserve();
    }
    std::optional<Item> give(Moment now) override {
        if (!due_ || *due_ > now) return std::nullopt;
        const Moment due = *due_;
        due_.reset();
        Item item = take_piece();
        item.at = due;
        reserve();
        return item;
    }
    std::optional<Moment> next() const override { return due_; }
    void change(const FlowPlan& plan, Moment now) override {
        DueStage::change(plan, now);
        free_at_ = now;
        due_.reset();
        reserve();
    }
    std::vector<Item> dissolve(Moment now) override {
        if (!queue_.empty()) queue_.front().bytes.erase(0, std::exchange(taken_, 0));
        due_.reset();
        return DueStage::dissolve(now);
    }

private:
    std::int64_t piece_size() const {
        constexpr std::int64_t pieces_per_second = 10;
        const std::int64_t step =
            std::max<std::int64_t>(plan_.bytes_per_second / pieces_per_second, 1);
        return std::min(step, static_cast<std::int64_t>(queue_.front().bytes.size() - taken_));
    }
    void reserve() {
        if (due_ || queue_.empty()) return;
        const Moment from = std::max(queue_.front().at, free_at_);
        if (queue_.front().kind != Item::Kind::data) {
            due_ = from;
            return;
        }
        if (plan_.bytes_per_second <= 0) return;
        if (plan_.shared && context_.budget != nullptr) {
            due_ = context_.budget->grant(piece_size(), plan_.bytes_per_second, from);
        } else {
            due_ = from + time_for(piece_size(), plan_.bytes_per_second);
        }
        free_at_ = *due_;
    }
    Item take_piece() {
        Item& front = queue_.front();
        const auto size =
            static_cast<std::size_t>(front.kind == Item::Kind::data ? piece_size() : 0);
        if (front.kind != Item::Kind::data || taken_ + size == front.bytes.size()) {
            Item item = std::move(front);
            queue_.pop_front();
            item.bytes.erase(0, std::exchange(taken_, 0));
            held_ -= item.bytes.size();
            return item;
        }
        Item item = Item::data(front.bytes.substr(taken_, size), front.at);
        taken_ += size;
        held_ -= size;
        return item;
    }

    std::size_t taken_ = 0;  // of the first item
    Moment free_at_{};
    std::optional<Moment> due_;  // of the first piece; nothing while the rate is 0
};

class LateEndStage final : public DueStage<FlowLateEnd> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        const Moment came = item.at;
        const bool ends = item.kind == Item::Kind::fin || item.kind == Item::Kind::close;
        if (ends) {
            ended_ = came;
            act();
        }
        leave(std::move(item), ends ? came + plan_.delay : came);
    }
    // The delay starts anew.
    void change(const FlowPlan& plan, Moment now) override {
        DueStage::change(plan, now);
        if (ended_ && !queue_.empty()) queue_.back().at = now + plan_.delay;
    }

private:
    std::optional<Moment> ended_;
};

class LossStage final : public DueStage<FlowLoss> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        Moment due = item.at;
        if (item.kind == Item::Kind::data) {
            const double chance =
                std::min(1.0, plan_.chance.value + (lost_before_ ? plan_.correlation.value : 0.0));
            lost_before_ = context_.rng.next_double() < chance;
            if (lost_before_) {
                due += plan_.pause;
                act();
            }
        }
        leave(std::move(item), due);
    }

private:
    bool lost_before_ = false;
};

}  // namespace

std::unique_ptr<Stage> stage_for(const FlowDelay& plan, StageContext context) {
    return std::make_unique<DelayStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowThrottle& plan, StageContext context) {
    return std::make_unique<ThrottleStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowLateEnd& plan, StageContext context) {
    return std::make_unique<LateEndStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowLoss& plan, StageContext context) {
    return std::make_unique<LossStage>(plan, context);
}

}  // namespace etimedout
