// StageChain: stages in a row, each giving to the next, whose faults come and go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/stream/stage.hh"

namespace etimedout {

// A fault as it stands in a chain. `id` names it for the life of the connection.
template <class Plan>
struct ChainLinkOf {
    std::string id{};
    Plan plan{};
    std::shared_ptr<SharedBudget> budget{};  // of plans with `shared`
    bool operator==(const ChainLinkOf&) const = default;
};

// What Chain and DatagramChain are made of. `Thing` travels: it has `bytes` and `at`.
template <class Plan, class AnyStage, class Thing>
class StageChain {
public:
    using Link = ChainLinkOf<Plan>;

    // Makes these the faults from now on: those gone pass on what they kept, those changed go on by
    // their new values, new ones, which `make` makes of their links, stand in their places. Order
    // of ids that stay is not changed.
    template <class Make>
    void set(const std::vector<Link>& wanted, Moment now, Make make) {
        // From the last on, so that what a stage kept meets the stages behind it that stay.
        for (std::size_t i = standing_.size(); i-- > 0;) {
            const Link& old = standing_[i].link;
            const auto stays = std::any_of(wanted.begin(), wanted.end(), [&](const Link& link) {
                return link.id == old.id && link.plan.index() == old.plan.index();
            });
            if (!stays) remove(i, now);
        }
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (i < standing_.size() && standing_[i].link.id == wanted[i].id) {
                if (standing_[i].link.plan == wanted[i].plan) continue;
                standing_[i].link = wanted[i];
                standing_[i].stage->change(wanted[i].plan, now);
                continue;
            }
            standing_.insert(standing_.begin() + static_cast<std::ptrdiff_t>(i),
                             Standing{wanted[i], make(wanted[i])});
        }
        advance(now);
    }

    bool has_faults() const { return !standing_.empty(); }
    // Something has passed all stages.
    bool has_ready() const { return !ready_.empty(); }
    std::size_t ready_count() const { return ready_.size(); }

    void take(Thing thing) { pass_on(0, std::move(thing)); }
    std::optional<Thing> give(Moment now) {
        if (ready_.empty()) advance(now);
        if (ready_.empty()) return std::nullopt;
        Thing thing = std::move(ready_.front());
        ready_.pop_front();
        ready_bytes_ -= thing.bytes.size();
        return thing;
    }
    std::optional<Moment> next() const {
        if (!ready_.empty()) return ready_.front().at;
        std::optional<Moment> soonest;
        for (const Standing& one : standing_) {
            const auto next = one.stage->next();
            if (next && (!soonest || *next < *soonest)) soonest = next;
        }
        return soonest;
    }
    std::size_t held() const {
        std::size_t sum = ready_bytes_;
        for (const Standing& one : standing_) sum += one.stage->held();
        return sum;
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Standing& one : standing_) visit(one.link, *one.stage);
    }

private:
    struct Standing {
        Link link;
        std::unique_ptr<AnyStage> stage;
    };

    void remove(std::size_t index, Moment now) {
        std::vector<Thing> kept = standing_[index].stage->dissolve(now);
        standing_.erase(standing_.begin() + static_cast<std::ptrdiff_t>(index));
        for (Thing& thing : kept) pass_on(index, std::move(thing));
    }
    // To the stage at this place, or out.
    void pass_on(std::size_t place, Thing thing) {
        if (place < standing_.size()) {
            standing_[place].stage->take(std::move(thing));
            return;
        }
        ready_bytes_ += thing.bytes.size();
        ready_.push_back(std::move(thing));
    }
    void advance(Moment now) {
        for (std::size_t i = 0; i < standing_.size(); ++i) {
            while (auto thing = standing_[i].stage->give(now)) pass_on(i + 1, std::move(*thing));
        }
    }

    std::vector<Standing> standing_;
    std::deque<Thing> ready_;
    std::size_t ready_bytes_ = 0;
};

}  // namespace etimedout
