// Stages that touch the bytes: pass, slice, corrupt.
#include <algorithm>
#include <cmath>

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
        gap_ = draw();
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
            gap_ = draw();
        }
        gap_ -= item.bytes.size() - at;
        const Moment came = item.at;
        leave(std::move(item), came);
    }

private:
    // How many bytes are spared until the next is damaged (geometrically distributed).
    std::uint64_t draw() {
        constexpr auto never = std::uint64_t{1} << 62U;
        if (plan_.chance.value <= 0) return never;
        if (plan_.chance.value >= 1) return 0;
        const double gap =
            std::log1p(-context_.rng.next_double()) / std::log1p(-plan_.chance.value);
        return gap < static_cast<double>(never) ? static_cast<std::uint64_t>(gap) : never;
    }

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
