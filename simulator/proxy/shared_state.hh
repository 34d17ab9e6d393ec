// What the engine's threads share about a proxy and about a connection. Internal to the engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulator/proxy/address.hh"
#include "simulator/proxy/engine.hh"
#include "simulator/proxy/rule_book.hh"

namespace etimedout {

class Worker;

// Kept up to date by the connection's worker, read by anyone.
struct RelayRecord {
    std::uint64_t id = 0;
    std::int64_t number = 0;
    Worker* worker = nullptr;
    Moment began{};
    std::shared_ptr<const std::string> proxy{};
    SocketAddress client{};
    SocketAddress upstream{};  // written once, before `connected`
    std::atomic<bool> connected{false};
    std::atomic<std::uint64_t> up{0};    // bytes sent to the upstream
    std::atomic<std::uint64_t> down{0};  // bytes sent to the client
    std::atomic<std::uint64_t> held{0};
    std::function<void()> kill{};  // on the worker's thread; empty: a Relay of this id
    std::mutex mutex{};            // of the rules
    std::vector<std::string> rules{};
};

class Registry {
public:
    // Gives it its id; all else in it is set already.
    void add(const std::shared_ptr<RelayRecord>& record);
    void remove(std::uint64_t id);
    std::shared_ptr<RelayRecord> find(std::uint64_t id) const;
    std::vector<std::shared_ptr<RelayRecord>> all() const;  // by id

private:
    mutable std::mutex mutex_;
    std::uint64_t last_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<RelayRecord>> records_;
};

// Of one proxy, for as long as any of its connections lives.
struct ProxyState {
    std::shared_ptr<const std::string> name{};
    HostPort upstream{};
    std::string upstream_text{};
    std::vector<SocketAddress> upstream_addresses{};  // empty: `upstream` must be looked up
    SocketMaker upstream_socket{};                    // never null
    bool transparent = false;
    std::shared_ptr<FaultTable> requests{};
    Duration wall_clock{};  // from 1970 to the beginning of the monotonic clock
    Duration connect_timeout{};
    Duration idle_timeout{};
    std::uint64_t seed = 1;
    std::size_t largest_queue = 0;
    EngineListener* listener = nullptr;
    Registry* registry = nullptr;

    std::shared_ptr<const RuleBook> rules() const {
        const std::lock_guard lock{mutex_};
        return rules_;
    }
    // Instead of those before; rules that stay go on as they stand.
    void set_rules(std::vector<ProxyRule> rules);
    // From here on these are at work on the connection; tells of those that were not before.
    void note_rules(RelayRecord& record, std::vector<std::string> at_work);

    std::atomic<std::int64_t> accepted{0};
    std::atomic<std::uint64_t> open{0}, failed{0}, affected{0}, late_items{0}, late_ns{0};
    std::atomic<std::uint64_t> received_up{0}, sent_up{0}, received_down{0}, sent_down{0};
    struct {  // as UdpCounters
        std::atomic<std::uint64_t> up{0}, down{0}, lost{0}, duplicated{0}, reordered{0},
            corrupted{0}, dropped{0}, unreachable{0};
    } datagrams;
    ProxyCounters counters() const;

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const RuleBook> rules_ = std::make_shared<RuleBook>();
};

}  // namespace etimedout
