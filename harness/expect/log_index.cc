// LogIndex: sorting a log, and finding one's way in it.
#include "harness/expect/log_index.hh"

#include <algorithm>
#include <set>
#include <type_traits>

namespace etimedout {

namespace {

template <class Map>
const typename Map::mapped_type& found_or_empty(const Map& map, std::string_view key) {
    static const typename Map::mapped_type empty{};
    const auto found = map.find(key);
    return found == map.end() ? empty : found->second;
}

// The ids under which a step is known: its own, and its call's or fault's.
std::vector<std::string> ids_of(const Step& step) {
    std::vector<std::string> ids;
    if (!step.id.empty()) ids.push_back(step.id);
    if (const auto* call = std::get_if<CallStep>(&step.what)) ids.push_back(call->id);
    if (const auto* fault = std::get_if<FaultStep>(&step.what)) ids.push_back(fault->armed.id);
    return ids;
}

template <class T>
constexpr bool belongs_to_a_link =
    std::is_same_v<T, TcpEvent> || std::is_same_v<T, ConnectionSummary> ||
    std::is_same_v<T, HttpMessage> || std::is_same_v<T, Datagram>;

}  // namespace

bool succeeded(const CallEnd& end) {
    constexpr std::int64_t first_error = 400;
    if (end.outcome == "ok") return true;
    return end.outcome == "response" && end.status.value_or(first_error) < first_error;
}

LogIndex::LogIndex(const Scenario& scenario, const EventLog& log) : scenario_{scenario} {
    for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
        for (const std::string& id : ids_of(scenario.steps[i])) {
            step_ids_.emplace(id, static_cast<std::int64_t>(i) + 1);
        }
    }
    events_.reserve(log.size());
    for (const Event& event : log) events_.push_back(&event);
    const auto earlier = [](const Event* a, const Event* b) { return a->t < b->t; };
    // A log that was written to a file is sorted already.
    if (!std::is_sorted(events_.begin(), events_.end(), earlier)) {
        std::stable_sort(events_.begin(), events_.end(), earlier);
    }
    if (!events_.empty()) end_time_ = events_.back()->t;

    std::map<std::string, TrafficBuilder> builders;
    for (const Event* event : events_) {
        take(*event);
        std::visit(
            [&](const auto& what) {
                using T = std::decay_t<decltype(what)>;
                if constexpr (belongs_to_a_link<T>) {
                    if (what.end == "near") builders[what.link].take(event->t, what);
                    if constexpr (std::is_same_v<T, TcpEvent>) {
                        if (what.end == "far") builders[what.link].take_far(event->t, what);
                    }
                } else if constexpr (std::is_same_v<T, CaptureEnd>) {
                    if (what.end == "near") builders[what.link].take(what);
                    if (what.end == "far") builders[what.link].take_far(what);
                }
            },
            event->what);
    }
    for (auto& [name, builder] : builders) links_[name] = std::move(builder).finish();
    for (auto& [call, runs] : calls_) {
        for (CallRun& run : runs) {
            if (run.end == nullptr) run.ran.to = end_time_;
            steps_end_ = std::max(steps_end_, run.ran.to);
        }
    }
    for (const auto& [step, t] : steps_done_) steps_end_ = std::max(steps_end_, t);
    if (!steps_begun_.empty()) steps_begin_ = steps_begun_.begin()->second;
}

void LogIndex::take(const Event& event) {
    const Duration t = event.t;
    std::visit(
        [&](const auto& what) {
            using T = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<T, LogBegin>) begin_ = &what;
            if constexpr (std::is_same_v<T, LogEnd>) end_ = &what;
            if constexpr (std::is_same_v<T, StepBegin>) {
                steps_begun_.emplace(what.step, t);
                if (!what.id.empty()) step_ids_.emplace(what.id, what.step);
            }
            if constexpr (std::is_same_v<T, StepEnd>) steps_done_.emplace(what.step, t);
            if constexpr (std::is_same_v<T, CallBegin>) begin_call(t, what);
            if constexpr (std::is_same_v<T, CallEnd>) end_call(t, what);
            if constexpr (std::is_same_v<T, Stall>) stalls_.push_back({t - what.late, t});
            if constexpr (std::is_same_v<T, FaultArmed>) {
                if (auto& life = faults_[what.fault]; !life.armed) life.armed = t;
            }
            if constexpr (std::is_same_v<T, FaultHealed>) faults_[what.fault].healed = t;
            if constexpr (std::is_same_v<T, FaultWitness>) faults_[what.fault].witness = &what;
            if constexpr (std::is_same_v<T, DnsMessage>) dns_messages_.push_back({t, &what});
            if constexpr (std::is_same_v<T, LogLine>) lines_[what.node].push_back({t, &what});
            if constexpr (std::is_same_v<T, Counters>) counters_[what.node].push_back({t, &what});
            if constexpr (std::is_same_v<T, Sockets>) sockets_[what.node].push_back({t, &what});
            if constexpr (std::is_same_v<T, Usage>) usage_[what.node].push_back({t, &what});
            if constexpr (std::is_same_v<T, ProcessEnd>) {
                process_ends_[what.node].push_back({t, &what});
            }
        },
        event.what);
}

Duration LogIndex::stalled_in(const Window& window) const {
    Duration sum{};
    for (const Window& stall : stalls_) {
        const Duration from = std::max(stall.from, window.from);
        sum += std::max(Duration{}, std::min(stall.to, window.to) - from);
    }
    return sum;
}

void LogIndex::begin_call(Duration t, const CallBegin& begin) {
    auto& runs = calls_[begin.call];
    running_[begin.call].emplace(begin.index, runs.size());
    runs.push_back(CallRun{&begin, nullptr, {t, t}});
}

void LogIndex::end_call(Duration t, const CallEnd& end) {
    auto& running = running_[end.call];
    const auto found = running.find(end.index);
    if (found == running.end()) return;
    CallRun& run = calls_[end.call][found->second];
    run.end = &end;
    run.ran.to = t;
    running.erase(found);
}

const std::vector<CallRun>& LogIndex::runs_of(std::string_view call) const {
    return found_or_empty(calls_, call);
}

std::optional<Window> LogIndex::window_of_call(std::string_view call) const {
    const auto& runs = runs_of(call);
    if (runs.empty()) return std::nullopt;
    Window window = runs.front().ran;
    for (const CallRun& run : runs) {
        window.from = std::min(window.from, run.ran.from);
        window.to = std::max(window.to, run.ran.to);
    }
    return window;
}

Duration LogIndex::next_call_after(Duration t) const {
    Duration next = end_time_;
    for (const auto& [call, runs] : calls_) {
        for (const CallRun& run : runs) {
            if (run.ran.from > t) next = std::min(next, run.ran.from);
        }
    }
    return next;
}

Duration LogIndex::sampled_after(Duration t) const {
    constexpr Duration longest = 50ms;  // a busy machine in real time; in virtual time it is none
    std::optional<Duration> next;
    for (const auto& [step, done] : steps_done_) {
        if (done >= t && (!next || done < *next)) next = done;
    }
    return next && *next - t <= longest ? *next : t;
}

std::optional<Duration> LogIndex::step_done(std::string_view id) const {
    if (const auto step = step_ids_.find(id); step != step_ids_.end()) {
        if (const auto t = steps_done_.find(step->second); t != steps_done_.end()) {
            return t->second;
        }
        if (const auto t = steps_begun_.find(step->second); t != steps_begun_.end()) {
            return t->second;
        }
    }
    if (const FaultLife& life = fault(id); life.armed) return life.armed;
    if (const auto window = window_of_call(id)) return window->to;
    return std::nullopt;
}

const FaultLife& LogIndex::fault(std::string_view id) const { return found_or_empty(faults_, id); }
const LinkTraffic& LogIndex::link(std::string_view name) const {
    return found_or_empty(links_, name);
}
const std::vector<At<LogLine>>& LogIndex::lines_of(std::string_view node) const {
    return found_or_empty(lines_, node);
}
const std::vector<At<Counters>>& LogIndex::counters_of(std::string_view node) const {
    return found_or_empty(counters_, node);
}
const std::vector<At<Sockets>>& LogIndex::sockets_of(std::string_view node) const {
    return found_or_empty(sockets_, node);
}
const std::vector<At<Usage>>& LogIndex::usage_of(std::string_view node) const {
    return found_or_empty(usage_, node);
}
const std::vector<At<ProcessEnd>>& LogIndex::process_ends_of(std::string_view node) const {
    return found_or_empty(process_ends_, node);
}

const CallStep* LogIndex::call_step(std::string_view id) const {
    for (const Step& step : scenario_.steps) {
        const auto* call = std::get_if<CallStep>(&step.what);
        if (call != nullptr && call->id == id) return call;
    }
    return nullptr;
}

const LinkSpec* LogIndex::link_spec(std::string_view name) const {
    for (const NamedLink& link : scenario_.topology.links) {
        if (link.name == name) return &link.spec;
    }
    return nullptr;
}

bool LogIndex::is_call(std::string_view name) const {
    return call_step(name) != nullptr || calls_.contains(name);
}
bool LogIndex::is_link(std::string_view name) const { return link_spec(name) != nullptr; }
bool LogIndex::is_node(std::string_view name) const {
    const auto& nodes = scenario_.topology.nodes;
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const NamedNode& node) { return node.name == name; });
}
bool LogIndex::is_fault(std::string_view name) const {
    for (const Step& step : scenario_.steps) {
        const auto* fault = std::get_if<FaultStep>(&step.what);
        if (fault != nullptr && fault->armed.id == name) return true;
    }
    return false;
}

std::vector<std::string> LogIndex::links_of_call(std::string_view call) const {
    const auto& links = scenario_.topology.links;
    std::set<std::string> names;
    std::set<std::string> nodes;  // that the call's traffic can have come to
    const CallStep* step = call_step(call);
    if (step == nullptr) return {};
    if (!step->link.empty()) {
        names.insert(step->link);
        if (const LinkSpec* link = link_spec(step->link)) nodes.insert(link->to);
    } else {
        nodes.insert(step->node);
    }
    // Each pass follows one hop more.
    for (std::size_t hop = 0; hop < links.size(); ++hop) {
        for (const NamedLink& link : links) {
            if (nodes.contains(link.spec.from)) {
                names.insert(link.name);
                nodes.insert(link.spec.to);
            }
        }
    }
    std::vector<std::string> ordered;
    for (const NamedLink& link : links) {
        if (names.contains(link.name)) ordered.push_back(link.name);
    }
    return ordered;
}

std::vector<std::string> LogIndex::links_of_node(std::string_view node) const {
    std::vector<std::string> names;
    for (const NamedLink& link : scenario_.topology.links) {
        if (link.spec.from == node || link.spec.to == node) names.push_back(link.name);
    }
    return names;
}

}  // namespace etimedout
