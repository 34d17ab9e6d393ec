// DueStage: what most stages are made of: a queue of items, each with the moment it may leave.
#pragma once

#include <algorithm>
#include <deque>

#include "simulator/stream/stage.hh"

namespace etimedout {

// `Plan` is the stage's alternative of FlowPlan.
template <class Plan>
class DueStage : public Stage {
public:
    DueStage(const Plan& plan, StageContext context) : plan_{plan}, context_{context} {}

    std::optional<Item> give(Moment now) override {
        if (queue_.empty() || queue_.front().at > now) return std::nullopt;
        Item item = std::move(queue_.front());
        queue_.pop_front();
        held_ -= item.bytes.size();
        return item;
    }
    std::optional<Moment> next() const override {
        if (queue_.empty()) return std::nullopt;
        return queue_.front().at;
    }
    std::size_t held() const override { return held_; }
    void change(const FlowPlan& plan, Moment /*now*/) override { plan_ = std::get<Plan>(plan); }
    std::vector<Item> dissolve(Moment now) override {
        std::vector<Item> rest{std::make_move_iterator(queue_.begin()),
                               std::make_move_iterator(queue_.end())};
        for (Item& item : rest) item.at = std::min(item.at, now);
        queue_.clear();
        held_ = 0;
        return rest;
    }

protected:
    // Never before what was put in earlier.
    void leave(Item item, Moment due) {
        last_due_ = std::max(last_due_, due);
        item.at = last_due_;
        held_ += item.bytes.size();
        queue_.push_back(std::move(item));
    }

    Plan plan_;
    StageContext context_;
    std::deque<Item> queue_;
    std::size_t held_ = 0;
    Moment last_due_{};
};

// A stage that passes bytes until it ends the connection, once; what comes later is thrown away.
template <class Plan>
class EndingStage : public DueStage<Plan> {
public:
    using DueStage<Plan>::DueStage;

protected:
    void end(Item::Kind kind, Moment at) {
        if (ended_) return;
        ended_ = true;
        this->leave(Item::end(kind, at), at);
    }
    bool ended() const { return ended_; }

private:
    bool ended_ = false;
};

inline Item::Kind end_of(CutHow how) {
    return how == CutHow::fin ? Item::Kind::close : Item::Kind::reset;
}

}  // namespace etimedout
