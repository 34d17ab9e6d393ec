// Registry: all open connections of an engine, and what a proxy counts, for whoever asks.
#include <algorithm>

#include "simulator/proxy/shared_state.hh"

namespace etimedout {

void Registry::add(const std::shared_ptr<RelayRecord>& record) {
    const std::lock_guard lock{mutex_};
    record->id = ++last_;
    records_.emplace(record->id, record);
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

void ProxyState::set_rules(std::vector<ProxyRule> rules) {
    const std::lock_guard lock{mutex_};
    rules_ = std::make_shared<const RuleBook>(std::move(rules), *rules_,
                                              std::chrono::steady_clock::now(), accepted.load());
}

void ProxyState::note_rules(RelayRecord& record, std::vector<std::string> at_work) {
    for (const std::string& id : at_work) {
        const auto& before = record.rules;  // written by this thread alone
        if (std::find(before.begin(), before.end(), id) != before.end()) continue;
        ++affected;
        listener->rule_met(*name, record.number, id);
    }
    const std::lock_guard lock{record.mutex};
    record.rules = std::move(at_work);
}

ProxyCounters ProxyState::counters() const {
    ProxyCounters counters;
    counters.received_up = received_up;
    counters.sent_up = sent_up;
    counters.received_down = received_down;
    counters.sent_down = sent_down;
    counters.connections = static_cast<std::uint64_t>(accepted.load());
    counters.open = open;
    counters.failed = failed;
    counters.affected = affected;
    counters.late_items = late_items;
    counters.late_ns = late_ns;
    counters.datagrams = {.up = datagrams.up,
                          .down = datagrams.down,
                          .lost = datagrams.lost,
                          .duplicated = datagrams.duplicated,
                          .reordered = datagrams.reordered,
                          .corrupted = datagrams.corrupted,
                          .dropped = datagrams.dropped,
                          .unreachable = datagrams.unreachable};
    return counters;
}

}  // namespace etimedout
