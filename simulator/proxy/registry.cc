// Registry: all open connections of an engine, for whoever asks.
#include <algorithm>

#include "simulator/proxy/shared_state.hh"

namespace etimedout {

std::shared_ptr<RelayRecord> Registry::add() {
    auto record = std::make_shared<RelayRecord>();
    const std::lock_guard lock{mutex_};
    record->id = ++last_;
    records_.emplace(record->id, record);
    return record;
}

void Registry::remove(std::uint64_t id) {
    const std::lock_guard lock{mutex_};
    records_.erase(id);
}

std::shared_ptr<RelayRecord> Registry::find(std::uint64_t id) const {
    const std::lock_guard lock{mutex_};
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<RelayRecord>> Registry::all() const {
    std::vector<std::shared_ptr<RelayRecord>> records;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [id, record] : records_) records.push_back(record);
    }
    std::sort(records.begin(), records.end(),
              [](const auto& a, const auto& b) { return a->id < b->id; });
    return records;
}

}  // namespace etimedout
