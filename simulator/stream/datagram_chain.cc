// DatagramChain: all faults at work on the datagrams of one direction of one UDP connection.
#include "simulator/stream/datagram_chain.hh"

#include <algorithm>
#include <utility>

namespace etimedout {

void DatagramChain::set(const std::vector<DatagramLink>& wanted, Moment now) {
    // From the last on, so that what a stage kept meets the stages behind it that stay.
    for (std::size_t i = links_.size(); i-- > 0;) {
        const auto stays = std::any_of(wanted.begin(), wanted.end(), [&](const DatagramLink& link) {
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
        DatagramContext context{DatagramChance{seed_, stream_ + "/" + wanted[i].id}, now,
                                wanted[i].budget, counts_.get()};
        links_.insert(links_.begin() + static_cast<std::ptrdiff_t>(i),
                      Standing{wanted[i], make_datagram_stage(wanted[i].plan, context)});
    }
    advance(now);
}

void DatagramChain::remove(std::size_t index, Moment now) {
    std::vector<Datagram> kept = links_[index].stage->dissolve(now);
    links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(index));
    for (Datagram& datagram : kept) pass_on(index, std::move(datagram));
}

// To the stage at this place, or out.
void DatagramChain::pass_on(std::size_t place, Datagram datagram) {
    if (place < links_.size()) {
        links_[place].stage->take(std::move(datagram));
        return;
    }
    ready_bytes_ += datagram.bytes.size();
    ready_.push_back(std::move(datagram));
}

bool DatagramChain::take(std::string bytes, Moment now) {
    const std::uint64_t number = ++last_number_;
    if (count() >= limits_.datagrams || held() + bytes.size() > limits_.bytes) return false;
    pass_on(0, Datagram{std::move(bytes), now, number});
    return true;
}

void DatagramChain::advance(Moment now) {
    for (std::size_t i = 0; i < links_.size(); ++i) {
        while (auto datagram = links_[i].stage->give(now)) pass_on(i + 1, std::move(*datagram));
    }
}

std::optional<Datagram> DatagramChain::give(Moment now) {
    if (ready_.empty()) advance(now);
    if (ready_.empty()) return std::nullopt;
    Datagram datagram = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= datagram.bytes.size();
    return datagram;
}

std::optional<Moment> DatagramChain::next() const {
    if (!ready_.empty()) return ready_.front().at;
    std::optional<Moment> soonest;
    for (const Standing& standing : links_) {
        const auto next = standing.stage->next();
        if (next && (!soonest || *next < *soonest)) soonest = next;
    }
    return soonest;
}

std::optional<Moment> DatagramChain::ends() const {
    std::optional<Moment> soonest;
    for (const Standing& standing : links_) {
        const auto ends = standing.stage->ends();
        if (ends && (!soonest || *ends < *soonest)) soonest = ends;
    }
    return soonest;
}

std::size_t DatagramChain::held() const {
    std::size_t sum = ready_bytes_;
    for (const Standing& standing : links_) sum += standing.stage->held();
    return sum;
}

std::size_t DatagramChain::count() const {
    std::size_t sum = ready_.size();
    for (const Standing& standing : links_) sum += standing.stage->count();
    return sum;
}

}  // namespace etimedout
