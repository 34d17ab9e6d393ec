// DatagramChain: all faults at work on the datagrams of one direction of one UDP connection.
#include "simulator/stream/datagram_chain.hh"

#include <utility>

namespace etimedout {

void DatagramChain::set(const std::vector<DatagramLink>& links, Moment now) {
    stages_.set(links, now, [&](const DatagramLink& link) {
        const DatagramChance chance{seed_, stream_ + "/" + link.id};
        return make_datagram_stage(link.plan, {chance, now, link.budget, counts_.get()});
    });
}

bool DatagramChain::take(std::string bytes, Moment now) {
    const std::uint64_t number = ++last_number_;
    if (count() >= limits_.datagrams || held() + bytes.size() > limits_.bytes) return false;
    stages_.take(Datagram{std::move(bytes), now, number});
    return true;
}

std::optional<Moment> DatagramChain::ends() const {
    std::optional<Moment> soonest;
    stages_.for_each([&](const DatagramLink& /*link*/, const DatagramStage& stage) {
        const auto ends = stage.ends();
        if (ends && (!soonest || *ends < *soonest)) soonest = ends;
    });
    return soonest;
}

std::size_t DatagramChain::count() const {
    std::size_t sum = stages_.ready_count();
    stages_.for_each(
        [&](const DatagramLink& /*link*/, const DatagramStage& stage) { sum += stage.count(); });
    return sum;
}

}  // namespace etimedout
