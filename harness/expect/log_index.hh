// LogIndex: an event log sorted by time, with what expectations ask for at hand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/expect/traffic.hh"
#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// From `from` to `to`, both inclusive.
struct Window {
    Duration from{};
    Duration to{};
    bool contains(Duration t) const { return from <= t && t <= to; }
    bool operator==(const Window&) const = default;
};

// One repetition of a call. `end` is absent when the log ends before the call did.
struct CallRun {
    const CallBegin* begin = nullptr;
    const CallEnd* end = nullptr;
    Window ran{};
};

// A response that is not an error, or a program, connection or lookup that succeeded.
bool succeeded(const CallEnd& end);

template <class T>
struct At {
    Duration t{};
    const T* what = nullptr;
};

struct FaultLife {
    std::optional<Duration> armed{};
    std::optional<Duration> healed{};
    const FaultWitness* witness = nullptr;  // the last one
};

// Holds pointers into the scenario and the log, which must outlive it.
class LogIndex {
public:
    LogIndex(const Scenario& scenario, const EventLog& log);

    const Scenario& scenario() const { return scenario_; }
    const std::vector<const Event*>& events() const { return events_; }
    const LogBegin* begin() const { return begin_; }
    const LogEnd* end() const { return end_; }
    Duration end_time() const { return end_time_; }
    bool is_real_time() const { return begin_ != nullptr && begin_->clock == "real"; }
    // Where the scenario's own steps begin; before that, nodes were made ready.
    Duration steps_begin() const { return steps_begin_; }
    // When the last of them was done, and every call had ended.
    Duration steps_end() const { return steps_end_; }

    // How long the machine kept the world waiting in that time, by what the world itself measured.
    Duration stalled_in(const Window& window) const;

    // In the order of their repetitions; empty for a call that never began.
    const std::vector<CallRun>& runs_of(std::string_view call) const;
    const std::map<std::string, std::vector<CallRun>, std::less<>>& calls() const { return calls_; }
    // From the first repetition's begin to the last one's end.
    std::optional<Window> window_of_call(std::string_view call) const;
    // The begin of the first call after `t`, or the end of the log.
    Duration next_call_after(Duration t) const;

    // Nodes are sampled when a step is done, which is a moment after its call has ended: the time
    // of the sample that belongs to `t`.
    Duration sampled_after(Duration t) const;
    // When a step was done: the one with this id, the call or the fault of this id.
    std::optional<Duration> step_done(std::string_view id) const;

    const FaultLife& fault(std::string_view id) const;
    const LinkTraffic& link(std::string_view name) const;

    // Of all links and both their ends.
    const std::vector<At<DnsMessage>>& dns_messages() const { return dns_messages_; }

    const std::vector<At<LogLine>>& lines_of(std::string_view node) const;
    const std::vector<At<Counters>>& counters_of(std::string_view node) const;
    const std::vector<At<Sockets>>& sockets_of(std::string_view node) const;
    const std::vector<At<Usage>>& usage_of(std::string_view node) const;
    const std::vector<At<ProcessEnd>>& process_ends_of(std::string_view node) const;

    bool is_call(std::string_view name) const;
    bool is_link(std::string_view name) const;
    bool is_node(std::string_view name) const;
    bool is_fault(std::string_view name) const;
    const CallStep* call_step(std::string_view id) const;
    const LinkSpec* link_spec(std::string_view name) const;

    // Links that traffic of this call can pass: its own, and those beyond their callees.
    std::vector<std::string> links_of_call(std::string_view call) const;
    std::vector<std::string> links_of_node(std::string_view node) const;

private:
    void take(const Event& event);
    void begin_call(Duration t, const CallBegin& begin);
    void end_call(Duration t, const CallEnd& end);

    const Scenario& scenario_;
    std::vector<const Event*> events_;
    const LogBegin* begin_ = nullptr;
    const LogEnd* end_ = nullptr;
    Duration end_time_{};
    Duration steps_begin_{};
    Duration steps_end_{};
    std::vector<Window> stalls_;
    std::map<std::string, std::vector<CallRun>, std::less<>> calls_;
    // Of each call, by repetition: where in calls_ the one that has not ended yet is.
    std::map<std::string, std::map<std::int64_t, std::size_t>, std::less<>> running_;
    std::map<std::int64_t, Duration> steps_begun_;
    std::map<std::int64_t, Duration> steps_done_;
    std::map<std::string, std::int64_t, std::less<>> step_ids_;
    std::map<std::string, FaultLife, std::less<>> faults_;
    std::map<std::string, LinkTraffic, std::less<>> links_;
    std::vector<At<DnsMessage>> dns_messages_;
    std::map<std::string, std::vector<At<LogLine>>, std::less<>> lines_;
    std::map<std::string, std::vector<At<Counters>>, std::less<>> counters_;
    std::map<std::string, std::vector<At<Sockets>>, std::less<>> sockets_;
    std::map<std::string, std::vector<At<Usage>>, std::less<>> usage_;
    std::map<std::string, std::vector<At<ProcessEnd>>, std::less<>> process_ends_;
};

}  // namespace etimedout
