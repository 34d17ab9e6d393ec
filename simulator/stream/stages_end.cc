// Stages that end a connection, or keep its bytes: discard, reset, cut, stall, deadline, idle.
#include <algorithm>

#include "simulator/stream/due_stage.hh"
#include "simulator/stream/stages.hh"

namespace etimedout {

namespace {

bool is_data(const Item& item) { return item.kind == Item::Kind::data; }

std::optional<Moment> sooner(std::optional<Moment> a, std::optional<Moment> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

// An ending stage with a timer: at alarm() the connection ends, unless it has before.
template <class Plan>
class TimedStage : public EndingStage<Plan> {
public:
    using EndingStage<Plan>::EndingStage;

    std::optional<Moment> next() const override {
        return sooner(DueStage<Plan>::next(), this->ended() ? std::nullopt : alarm());
    }
    std::optional<Item> give(Moment now) override {
        const auto when = alarm();
        if (!this->ended() && when && *when <= now) {
            this->act();
            this->end(kind(), *when);
        }
        return DueStage<Plan>::give(now);
    }

protected:
    virtual std::optional<Moment> alarm() const = 0;
    virtual Item::Kind kind() const = 0;
};

class DiscardStage final : public TimedStage<FlowDiscard> {
public:
    DiscardStage(const FlowDiscard& plan, StageContext context)
        : TimedStage{plan, context}, since_{context.now} {}

    void take(Item item) override {
        since_ = item.at;
        if (is_data(item)) {
            has_discarded_ = true;
            act();
        } else {
            end(item.kind == Item::Kind::reset ? item.kind : Item::Kind::close, item.at);
        }
    }
    void change(const FlowPlan& plan, Moment now) override {
        TimedStage::change(plan, now);
        since_ = now;
    }
    // Bytes are missing from the stream: it cannot go on.
    std::vector<Item> dissolve(Moment now) override {
        if (has_discarded_) end(Item::Kind::close, now);
        return TimedStage::dissolve(now);
    }

private:
    std::optional<Moment> alarm() const override {
        if (plan_.idle <= Duration{}) return std::nullopt;
        return since_ + plan_.idle;
    }
    Item::Kind kind() const override { return Item::Kind::close; }

    Moment since_;
    bool has_discarded_ = false;
};

class ResetStage final : public EndingStage<FlowReset> {
public:
    using EndingStage::EndingStage;

    void take(Item item) override {
        act();
        end(Item::Kind::reset, item.at + plan_.after);
    }
    void change(const FlowPlan& plan, Moment /*now*/) override {
        const Duration before = plan_.after;
        plan_ = std::get<FlowReset>(plan);
        for (Item& item : queue_) item.at += plan_.after - before;
    }
};

class CutStage final : public EndingStage<FlowCut> {
public:
    using EndingStage::EndingStage;

    void take(Item item) override {
        if (ended()) return;
        const Moment at = item.at;
        if (!is_data(item)) {
            end(item.kind, at);
            return;
        }
        const std::int64_t left = std::max<std::int64_t>(plan_.after - passed_, 0);
        if (static_cast<std::int64_t>(item.bytes.size()) > left) {
            item.bytes.resize(static_cast<std::size_t>(left));
        }
        passed_ += static_cast<std::int64_t>(item.bytes.size());
        if (!item.bytes.empty()) leave(std::move(item), at);
        if (passed_ >= plan_.after) {
            act();
            end(end_of(plan_.how), at);
        }
    }

private:
    std::int64_t passed_ = 0;
};

class StallStage final : public DueStage<FlowStall> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        if (!is_data(item) || passed_ >= plan_.after) {
            keep(std::move(item));
            return;
        }
        const auto left = static_cast<std::size_t>(plan_.after - passed_);
        if (item.bytes.size() > left) {
            Item rest = Item::data(item.bytes.substr(left), item.at);
            item.bytes.resize(left);
            pass(std::move(item));
            keep(std::move(rest));
        } else {
            pass(std::move(item));
        }
    }
    std::size_t held() const override { return held_ + kept_bytes_; }
    void change(const FlowPlan& plan, Moment now) override {
        plan_ = std::get<FlowStall>(plan);
        std::vector<Item> again;
        std::swap(again, kept_);
        kept_bytes_ = 0;
        for (Item& item : again) {
            item.at = now;
            take(std::move(item));
        }
    }
    std::vector<Item> dissolve(Moment now) override {
        std::vector<Item> rest = DueStage::dissolve(now);
        rest.insert(rest.end(), std::make_move_iterator(kept_.begin()),
                    std::make_move_iterator(kept_.end()));
        kept_.clear();
        kept_bytes_ = 0;
        return rest;
    }

private:
    void pass(Item item) {
        passed_ += static_cast<std::int64_t>(item.bytes.size());
        const Moment at = item.at;
        leave(std::move(item), at);
    }
    // A stream that ended before the stall began to keep anything ends; one that is stalled, or
    // that has more behind it, does not.
    void keep(Item item) {
        const bool stalled = passed_ >= plan_.after || !kept_.empty();
        if (!is_data(item) && !stalled) {
            pass(std::move(item));
            return;
        }
        act();
        kept_bytes_ += item.bytes.size();
        kept_.push_back(std::move(item));
    }

    std::int64_t passed_ = 0;
    std::vector<Item> kept_;
    std::size_t kept_bytes_ = 0;
};

class DeadlineStage final : public TimedStage<FlowDeadline> {
public:
    using TimedStage::TimedStage;

    void take(Item item) override {
        const Moment at = item.at;
        if (!ended()) leave(std::move(item), at);
    }

private:
    std::optional<Moment> alarm() const override { return context_.now + plan_.after; }
    Item::Kind kind() const override { return end_of(plan_.how); }
};

class IdleStage final : public TimedStage<FlowIdle> {
public:
    IdleStage(const FlowIdle& plan, StageContext context)
        : TimedStage{plan, context}, since_{context.now} {}

    void take(Item item) override {
        since_ = item.at;
        const Moment at = item.at;
        if (!ended()) leave(std::move(item), at);
    }

private:
    std::optional<Moment> alarm() const override { return since_ + plan_.after; }
    Item::Kind kind() const override { return end_of(plan_.how); }

    Moment since_;
};

class HalfCloseStage final : public EndingStage<FlowHalfClose> {
public:
    HalfCloseStage(const FlowHalfClose& plan, StageContext context) : EndingStage{plan, context} {
        if (plan_.after <= 0) finish(context.now);
    }

    void take(Item item) override {
        const Moment at = item.at;
        if (ended()) return;
        if (!is_data(item)) {
            end(item.kind, at);
            return;
        }
        const auto left = static_cast<std::size_t>(plan_.after - passed_);
        if (item.bytes.size() > left) item.bytes.resize(left);
        passed_ += static_cast<std::int64_t>(item.bytes.size());
        leave(std::move(item), at);
        if (passed_ >= plan_.after) finish(at);
    }

private:
    void finish(Moment at) {
        act();
        end(Item::Kind::fin, at);
    }
    std::int64_t passed_ = 0;
};

}  // namespace

std::unique_ptr<Stage> stage_for(const FlowDiscard& plan, StageContext context) {
    return std::make_unique<DiscardStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowReset& plan, StageContext context) {
    return std::make_unique<ResetStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowCut& plan, StageContext context) {
    return std::make_unique<CutStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowStall& plan, StageContext context) {
    return std::make_unique<StallStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowDeadline& plan, StageContext context) {
    return std::make_unique<DeadlineStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowIdle& plan, StageContext context) {
    return std::make_unique<IdleStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowHalfClose& plan, StageContext context) {
    return std::make_unique<HalfCloseStage>(plan, context);
}

}  // namespace etimedout
