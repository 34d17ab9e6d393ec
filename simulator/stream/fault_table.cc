// FaultTable: which armed fault a connection or a request meets, and the proof of what it met.
#include "simulator/stream/fault_table.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/base/rng.hh"

namespace etimedout {

namespace {

CountedUnit default_unit(Layer layer) {
    return layer == Layer::message ? CountedUnit::requests : CountedUnit::connections;
}

// The unit the fault's witness counts in: the one its selectors name, or its layer's own.
CountedUnit unit_of(const ArmedFault& fault) {
    const auto& selectors = fault.selectors;
    if (selectors.first && selectors.first->unit) return *selectors.first->unit;
    if (selectors.nth && selectors.nth->unit) return *selectors.nth->unit;
    if (selectors.probability && selectors.probability->unit) return *selectors.probability->unit;
    return default_unit(layer_of(fault.fault));
}

bool head_matches(const RequestMatch& wanted, const RequestHead& head) {
    if (wanted.method && *wanted.method != head.method) return false;
    if (wanted.path && !path_matches(*wanted.path, head.path()) &&
        !path_matches(*wanted.path, head.target)) {
        return false;
    }
    if (!wanted.header) return true;
    const std::string_view text = *wanted.header;
    const auto colon = text.find(':');
    const std::string* value = head.header(text.substr(0, colon));
    if (value == nullptr || colon == std::string_view::npos) return value != nullptr;
    const auto begin = text.find_first_not_of(' ', colon + 1);
    return *value == (begin == std::string_view::npos ? std::string_view{} : text.substr(begin));
}

}  // namespace

void FaultTable::arm(const ArmedFault& fault) {
    Entry entry;
    const Decision decision = decision_of(fault.fault);
    const auto* plan = std::get_if<StreamPlan>(&decision);
    if (plan == nullptr) {
        throw Error{fmt::format("fault `{}`: `{}` does not act at a server", fault.id,
                                kind_of(fault.fault)),
                    "arm it on a link"};
    }
    entry.fault = fault;
    entry.plan = *plan;
    entry.unit = unit_of(fault);
    entry.only_requests = entry.unit != CountedUnit::connections || fault.selectors.match ||
                          layer_of(fault.fault) == Layer::message;
    if (fault.selectors.source) {
        auto sources = SourceRanges::parse(*fault.selectors.source);
        if (!sources) {
            throw Error{fmt::format("fault `{}`: source: {}", fault.id, sources.error().message),
                        sources.error().advice};
        }
        entry.sources = std::move(*sources);
    }
    const std::lock_guard lock{mutex_};
    const auto same_id = [&](const Entry& other) { return other.fault.id == fault.id; };
    const auto before = std::find_if(entries_.begin(), entries_.end(), same_id);
    if (before != entries_.end()) {
        if (before->armed) {
            throw Error{fmt::format("fault `{}` is armed already at {}", fault.id, name_),
                        "give each fault an id of its own"};
        }
        entries_.erase(before);
    }
    entries_.push_back(std::move(entry));
}

void FaultTable::heal(const std::string& id) {
    const std::lock_guard lock{mutex_};
    for (auto& entry : entries_) {
        if (entry.fault.id == id) entry.armed = false;
    }
}

bool FaultTable::is_armed(const std::string& id) const {
    const std::lock_guard lock{mutex_};
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.armed && entry.fault.id == id; });
}

bool FaultTable::needs_head() const {
    const std::lock_guard lock{mutex_};
    return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
        return entry.armed && entry.fault.selectors.match;
    });
}

std::optional<Ruling> FaultTable::judge(const ConnectionFacts& connection,
                                        const RequestFacts& request) {
    return decide(connection, &request);
}

std::optional<Ruling> FaultTable::judge(const ConnectionFacts& connection) {
    return decide(connection, nullptr);
}

std::optional<Ruling> FaultTable::decide(const ConnectionFacts& connection,
                                         const RequestFacts* request) {
    const std::lock_guard lock{mutex_};
    std::optional<Ruling> verdict;
    for (auto& entry : entries_) {
        if (!entry.armed || !applies(entry, connection, request)) continue;
        const bool selected = meets(entry, connection, request);
        if (!selected || verdict) continue;
        verdict = Ruling{entry.fault.id, entry.plan};
        if (!acts_on_answer(entry.plan)) count_fired(entry, connection.number);
    }
    return verdict;
}

void FaultTable::count_fired(Entry& entry, std::int64_t connection) const {
    auto& met = entry.connections[connection];
    const bool counts = entry.unit != CountedUnit::connections || !met.fired;
    met.fired = true;
    if (!counts) return;
    ++entry.fired;
    if (fired_) fired_(entry.fault.id, connection);
}

void FaultTable::took_effect(const std::string& id, std::int64_t connection) {
    const std::lock_guard lock{mutex_};
    for (auto& entry : entries_) {
        if (entry.fault.id == id) count_fired(entry, connection);
    }
}

bool FaultTable::applies(const Entry& entry, const ConnectionFacts& connection,
                         const RequestFacts* request) const {
    const auto& selectors = entry.fault.selectors;
    if (entry.only_requests && request == nullptr) return false;
    if (selectors.port && selectors.port->number != connection.port) return false;
    if (!entry.sources.contains(connection.source)) return false;
    if (!selectors.match) return true;
    return request != nullptr && request->head != nullptr &&
           head_matches(*selectors.match, *request->head);
}

// Counts what the fault met, and says whether first, nth and probability select it.
bool FaultTable::meets(Entry& entry, const ConnectionFacts& connection,
                       const RequestFacts* request) const {
    const auto placed = entry.connections.try_emplace(connection.number);
    const auto met = placed.first;
    const bool is_new = placed.second;
    if (is_new) met->second.number = ++entry.connections_met;
    if (request != nullptr) ++entry.requests_met;
    if (is_new || entry.unit != CountedUnit::connections) ++entry.matched;

    const CountedUnit own = default_unit(layer_of(entry.fault.fault));
    const auto number_in = [&](std::optional<CountedUnit> unit) -> std::int64_t {
        switch (unit.value_or(own)) {
            case CountedUnit::connections:
                return met->second.number;
            case CountedUnit::requests:
                return entry.requests_met;
            case CountedUnit::requests_per_connection:
                return request == nullptr ? 0 : request->number;
            case CountedUnit::queries:
                return 0;  // no stream carries any that it knows of
        }
        return 0;
    };
    const auto& selectors = entry.fault.selectors;
    if (selectors.first && number_in(selectors.first->unit) > selectors.first->number) return false;
    if (selectors.nth && number_in(selectors.nth->unit) != selectors.nth->number) return false;
    if (!selectors.probability) return true;
    // One stream of chance for each connection or request, so that none disturbs another.
    std::string stream = fmt::format("{}/{}/{}", name_, entry.fault.id, connection.number);
    if (request != nullptr &&
        selectors.probability->unit.value_or(own) != CountedUnit::connections) {
        stream += fmt::format("/{}", request->number);
    }
    return Rng{seed_, stream}.next_double() < selectors.probability->probability.value;
}

void FaultTable::forget(std::int64_t connection) {
    const std::lock_guard lock{mutex_};
    for (auto& entry : entries_) entry.connections.erase(connection);
}

FlowWitness FaultTable::witness(const std::string& id) const {
    const std::lock_guard lock{mutex_};
    for (const auto& entry : entries_) {
        if (entry.fault.id != id) continue;
        const auto unit = entry.unit == CountedUnit::connections ? "connections" : "requests";
        return {entry.matched, entry.fired,
                fmt::format("{}'s own record: acted on {} of {} {}", name_, entry.fired,
                            entry.matched, unit)};
    }
    return {0, 0, fmt::format("{} never had a fault `{}`", name_, id)};
}

}  // namespace etimedout
