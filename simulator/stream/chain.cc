// Chain: all faults at work on one direction of one connection, in their order.
#include "simulator/stream/chain.hh"

#include <algorithm>
#include <utility>

namespace etimedout {

void Chain::set(const std::vector<ChainLink>& links, Moment now) {
    stages_.set(links, now, [&](const ChainLink& link) {
        return make_stage(link.plan, {Rng{seed_, stream_ + "/" + link.id}, now, link.budget});
    });
}

void Chain::take(Item item) {
    if (first_) {
        first_->take(std::move(item));
    } else {
        stages_.take(std::move(item));
    }
}

std::optional<Item> Chain::give(Moment now) {
    while (first_ && !stages_.has_ready()) {
        auto item = first_->give(now);
        if (!item) break;
        stages_.take(std::move(*item));
    }
    return stages_.give(now);
}

std::optional<Moment> Chain::next() const {
    const auto next = stages_.next();
    if (!first_ || stages_.has_ready()) return next;
    const auto first = first_->next();
    return next && first ? std::min(*next, *first) : (next ? next : first);
}

std::vector<std::string> Chain::newly_acted() {
    std::vector<std::string> ids;
    stages_.for_each([&](const ChainLink& link, Stage& stage) {
        if (stage.take_acted()) ids.push_back(link.id);
    });
    return ids;
}

}  // namespace etimedout
