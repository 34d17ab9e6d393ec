// Scene: a log laid out for diagnosis: links with both of their ends, nodes with their records.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/expect/traffic.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// From `from` to `to`, both inclusive.
struct Span {
    Duration from{};
    Duration to{};
    bool contains(Duration t) const { return from <= t && t <= to; }
};

template <class T>
struct Seen {
    Duration t{};
    const T* what = nullptr;
};

// One connection, as its two ends saw it. `far` is absent where it never got there, or where
// nobody captured.
struct Passage {
    const Connection* near = nullptr;
    const Connection* far = nullptr;
};

struct SceneLink {
    std::string name{};
    int from = -1;  // node indexes; -1: not known
    int to = -1;
    std::optional<std::int64_t> port{};
    std::vector<std::string> callees{};  // addresses
    LinkTraffic near{};
    LinkTraffic far{};
    bool has_far = false;  // its far end was captured
    std::vector<Passage> passages{};
    std::vector<Seen<DnsMessage>> dns{};      // near end
    std::vector<Seen<DnsMessage>> far_dns{};  // far end
    std::vector<Seen<Datagram>> icmp_near{};
    std::vector<Seen<Datagram>> icmp_far{};
};

struct SceneNode {
    std::string name{};
    std::vector<Seen<Counters>> counters{};
    std::vector<Seen<Sockets>> sockets{};
    std::vector<Seen<Usage>> usage{};
    std::vector<Seen<LogLine>> lines{};
    std::vector<Duration> began{};
    std::vector<Seen<ProcessEnd>> ended{};

    // How much a counter grew from the last sample before the span to the first one after it.
    std::int64_t grown(std::string_view counter, const Span& span) const;
    std::int64_t value(std::string_view counter, Duration t) const;
    // The last one at or before t.
    const Sockets* sockets_at(Duration t) const;
    // All that hold somewhere in the span, the one that held at its beginning included.
    std::vector<Seen<Sockets>> sockets_in(const Span& span) const;
    // The first one after t; null: there is none.
    const Seen<Sockets>* sockets_after(Duration t) const;
    // The last end of its program at or before t, unless it was started again by then.
    std::optional<Seen<ProcessEnd>> gone_at(Duration t) const;
    // The first line in the span that has one of these words in it.
    const Seen<LogLine>* line_with(const std::vector<std::string_view>& words,
                                   const Span& span) const;
};

struct SceneCall {
    const CallBegin* begin = nullptr;
    const CallEnd* end = nullptr;  // null: the log ended before
    Span ran{};
    int node = -1;
};

// Names and addresses are only compared with one another, and order is that of the log. Takes
// nothing from records of steps and faults. Holds pointers into the log.
class Scene {
public:
    explicit Scene(const EventLog& log);

    const std::vector<SceneLink>& links() const { return links_; }
    const std::vector<SceneNode>& nodes() const { return nodes_; }
    const std::vector<SceneCall>& calls() const { return calls_; }
    const SceneNode* node(int index) const {
        return index < 0 ? nullptr : &nodes_[static_cast<std::size_t>(index)];
    }
    // A single capture: one end, and nothing of the nodes.
    bool is_capture_only() const { return calls_.empty() && nodes_.empty(); }
    Duration end() const { return end_; }
    // Links over which this node calls.
    std::vector<const SceneLink*> links_from(int node) const;
    // A gateway, or a service that asks others.
    bool calls_on(int node) const { return !links_from(node).empty(); }
    bool is_callee(int node) const;
    // Whether some link leads to this address; true where no link's addresses are known.
    bool is_an_address_of_a_link(std::string_view address) const;

private:
    int node_named(const std::string& name);
    SceneLink& link_named(const std::string& name);
    void take(const Event& event);
    void know_links_by_ports();
    void pair_ends(SceneLink& link);

    std::vector<SceneLink> links_;
    std::vector<SceneNode> nodes_;
    std::vector<SceneCall> calls_;
    std::map<std::string, std::size_t> link_index_;
    std::map<std::string, int> node_index_;
    bool addresses_known_ = false;
    Duration end_{};
};

// The address of "10.0.0.1:80" or "[fd00::1]:80".
std::string_view address_in(std::string_view endpoint);
std::int64_t port_in(std::string_view endpoint);

}  // namespace etimedout
