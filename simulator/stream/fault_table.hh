// FaultTable: which armed fault a connection or a request meets, and the proof of what it met.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "simulator/faults/all_faults.hh"
#include "simulator/stream/request.hh"
#include "simulator/stream/source.hh"

namespace etimedout {

// What selectors ask of a connection.
struct ConnectionFacts {
    std::int64_t number = 0;  // from 1, in order of accept
    IpAddress source{};
    std::uint16_t port = 0;  // the callee's
};

// What selectors ask of a request. The head is absent when only its first bytes are there yet.
struct RequestFacts {
    std::int64_t number = 0;  // on its connection, from 1
    const RequestHead* head = nullptr;
};

struct Ruling {
    std::string fault{};
    StreamPlan plan{};
};

// `matched`: connections or requests (whichever the fault counts) that all selectors but first,
// nth and probability apply to. `fired`: those on which it acted: when it was decided, or, of a
// plan that acts on an answer, when an answer it applies to came and it did.
struct FlowWitness {
    std::int64_t matched = 0;
    std::int64_t fired = 0;
    std::string evidence{};
};

// The faults of the stream and message layers that are armed at one server. Thread-safe.
//
// What is counted: `connections` and `requests` are numbered per fault, among those its other
// selectors apply to, from the moment it was armed; a connection that was open already is
// numbered when its next bytes arrive. `requests per connection` is the request's place on its
// connection from that one's beginning, so that `nth: 2 requests per connection` meets the first
// reuse of a pooled connection whenever that was opened. All counting goes on for faults behind
// the one that acts: numbers are about traffic, not about what others left over.
class FaultTable {
public:
    // Told of each fault that fires, and on which connection; under the table's own lock, so that
    // it must not call back.
    using Fired = std::function<void(const std::string& fault, std::int64_t connection)>;

    FaultTable(std::string name, std::uint64_t seed, Fired fired = {})
        : name_{std::move(name)}, seed_{seed}, fired_{std::move(fired)} {}

    // From its return on, whatever arrives meets the fault. Throws Error for a fault that no
    // server can act on, a `source` that is no address, or an id that is armed already.
    void arm(const ArmedFault& fault);
    // An id that is not armed is not an error: faults heal by themselves, too.
    void heal(const std::string& id);
    bool is_armed(const std::string& id) const;

    // Some armed fault selects by what a request's head says, so judging has to wait for it.
    bool needs_head() const;
    // The first armed fault that selects this request; counts.
    std::optional<Ruling> judge(const ConnectionFacts& connection, const RequestFacts& request);
    // The same for bytes that are no requests. Faults that count or match requests never apply.
    std::optional<Ruling> judge(const ConnectionFacts& connection);
    // A ruling on this connection whose plan acts on an answer did so; once for each ruling.
    void took_effect(const std::string& id, std::int64_t connection);
    // The connection is gone: what was kept about it goes too.
    void forget(std::int64_t connection);

    // Also of a fault that was healed; zeros for one that never was.
    FlowWitness witness(const std::string& id) const;

private:
    struct Entry {
        ArmedFault fault{};
        StreamPlan plan{};
        SourceRanges sources{};
        CountedUnit unit = CountedUnit::connections;
        bool only_requests = false;
        bool armed = true;
        std::int64_t matched = 0;
        std::int64_t fired = 0;
        std::int64_t connections_met = 0;
        std::int64_t requests_met = 0;
        struct Met {
            std::int64_t number = 0;
            bool fired = false;
        };
        std::map<std::int64_t, Met> connections{};
    };

    std::optional<Ruling> decide(const ConnectionFacts& connection, const RequestFacts* request);
    bool applies(const Entry& entry, const ConnectionFacts& connection,
                 const RequestFacts* request) const;
    void count_fired(Entry& entry, std::int64_t connection) const;
    bool meets(Entry& entry, const ConnectionFacts& connection, const RequestFacts* request) const;

    std::string name_;
    std::uint64_t seed_;
    Fired fired_;
    mutable std::mutex mutex_;
    std::vector<Entry> entries_;  // in the order they were armed; healed ones stay, as witnesses
};

}  // namespace etimedout
