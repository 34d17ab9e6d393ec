// Chain: all faults at work on one direction of one connection, in their order.
#include "simulator/stream/chain.hh"

#include <algorithm>
#include <utility>

namespace etimedout {

void Chain::set(const std::vector<ChainLink>& wanted, Moment now) {
    // From the last on, so that what a stage kept meets the stages behind it that stay.
    for (std::size_t i = links_.size(); i-- > 0;) {
        const auto stays = std::any_of(wanted.begin(), wanted.end(), [&](const ChainLink& link) {
            return link.id == links_[i].link.id && link.plan.index() == links_[i].link.plan.index();
        });
        if (!stays) remove(i, now);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i < links_.size() && links_[i].link.id == wanted[i].id) {
            if (links_[i].link.plan == wanted[i].plan) continue;
            links_[i].link = wanted[i];
            links_[i].stage->change(wanted[i].plan, now);
            continue;
        }
        StageContext context{Rng{seed_, stream_ + "/" + wanted[i].id}, now, wanted[i].budget};
        links_.insert(links_.begin() + static_cast<std::ptrdiff_t>(i),
                      Standing{wanted[i], make_stage(wanted[i].plan, context), false});
    }
    advance(now);
}

void Chain::remove(std::size_t index, Moment now) {
    std::vector<Item> kept = links_[index].stage->dissolve(now);
    links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(index));
    for (Item& item : kept) pass_on(index, std::move(item));
}

// To the stage at this place, or out.
void Chain::pass_on(std::size_t place, Item item) {
    if (place < links_.size()) {
        links_[place].stage->take(std::move(item));
        return;
    }
    ready_bytes_ += item.bytes.size();
    ready_.push_back(std::move(item));
}

void Chain::take(Item item) {
    if (first_) {
        first_->take(std::move(item));
    } else {
        pass_on(0, std::move(item));
    }
}

void Chain::advance(Moment now) {
    while (first_) {
        auto item = first_->give(now);
        if (!item) break;
        pass_on(0, std::move(*item));
    }
    for (std::size_t i = 0; i < links_.size(); ++i) {
        while (auto item = links_[i].stage->give(now)) pass_on(i + 1, std::move(*item));
    }
}

std::optional<Item> Chain::give(Moment now) {
    if (ready_.empty()) advance(now);
    if (ready_.empty()) return std::nullopt;
    Item item = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= item.bytes.size();
    return item;
}

std::optional<Moment> Chain::next() const {
    if (!ready_.empty()) return ready_.front().at;
    std::optional<Moment> soonest = first_ ? first_->next() : std::nullopt;
    for (const Standing& standing : links_) {
        const auto next = standing.stage->next();
        if (next && (!soonest || *next < *soonest)) soonest = next;
    }
    return soonest;
}

std::vector<std::string> Chain::newly_acted() {
    std::vector<std::string> ids;
    for (Standing& standing : links_) {
        if (standing.told || !standing.stage->has_acted()) continue;
        standing.told = true;
        ids.push_back(standing.link.id);
    }
    return ids;
}

std::size_t Chain::held() const {
    std::size_t sum = ready_bytes_ + (first_ ? first_->held() : 0);
    for (const Standing& standing : links_) sum += standing.stage->held();
    return sum;
}

}  // namespace etimedout
