// Stages that touch the bytes: pass, slice, corrupt.
#include <algorithm>

#include "simulator/stream/due_stage.hh"
#include "simulator/stream/stages.hh"

namespace etimedout {

namespace {

class PassStage final : public DueStage<FlowPass> {
public:
    using DueStage::DueStage;
    void take(Item item) override {
        const Moment at = item.at;
        leave(std::move(item), at);
    }
};

class SliceStage final : public DueStage<FlowSlice> {
public:
    using DueStage::DueStage;

    void take(Item item) override {
        if (item.kind != Item::Kind::data) {
            const Moment at = std::max(item.at, free_at_);
            leave(std::move(item), at);
            return;
        }
        slice(item, 0, static_cast<std::int64_t>(item.bytes.size()));
    }

private:
    // Halves until the piece is small enough, the middle moved by chance.
    void slice(const Item& whole, std::int64_t begin, std::int64_t end) {
        if (end - begin - plan_.average <= plan_.variation) {
            const Moment due = std::max(whole.at, free_at_);
            if (end - begin < static_cast<std::int64_t>(whole.bytes.size())) act();
            leave(Item::data(whole.bytes.substr(static_cast<std::size_t>(begin),
                                                static_cast<std::size_t>(end - begin)),
                             whole.at),
                  due);
            free_at_ = due + plan_.pause;
            return;
        }
        std::int64_t middle = begin + (end - begin) / 2;
        if (plan_.variation > 0) {
            const auto range = static_cast<std::uint64_t>(2 * plan_.variation);
            middle += static_cast<std::int64_t>(context_.rng.below(range)) - plan_.variation;
        }
        middle = std::clamp(middle, begin + 1, end - 1);
        slice(whole, begin, middle);
        slice(whole, middle, end);
    }

    Moment free_at_{};
};

class CorruptStage final : public DueStage<FlowCorrupt> {
public:
    CorruptStage(const FlowCorrupt& plan, StageContext context) : DueStage{plan, context} {
        gap_ = spared_bytes(plan_.chance, context_.rng);
    }

    void take(Item item) override {
        std::size_t at = 0;
        while (gap_ < item.bytes.size() - at) {
            at += static_cast<std::size_t>(gap_);
            const auto bit = static_cast<unsigned>(context_.rng.below(8));
            const auto byte = static_cast<unsigned char>(item.bytes[at]);
            item.bytes[at] = static_cast<char>(byte ^ (1U << bit));
            ++at;
            act();
            gap_ = spared_bytes(plan_.chance, context_.rng);
        }
        gap_ -= item.bytes.size() - at;
        const Moment came = item.at;
        leave(std::move(item), came);
    }

private:
    std::uint64_t gap_ = 0;
};

}  // namespace

std::unique_ptr<Stage> stage_for(const FlowPass& plan, StageContext context) {
    return std::make_unique<PassStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowSlice& plan, StageContext context) {
    return std::make_unique<SliceStage>(plan, context);
}
std::unique_ptr<Stage> stage_for(const FlowCorrupt& plan, StageContext context) {
    return std::make_unique<CorruptStage>(plan, context);
}

}  // namespace etimedout
