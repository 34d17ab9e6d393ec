// Engine: the data path of all proxies: listeners, connections and the faults at work on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/base/quantity.hh"
#include "simulator/faults/flow.hh"
#include "simulator/proxy/address.hh"
#include "simulator/proxy/gate.hh"
#include "simulator/stream/fault_table.hh"
#include "simulator/stream/source.hh"

namespace etimedout {

// Bytes from the client towards the upstream, or back.
enum class Way { up, down };

// Which connections a rule is for; everything left out selects all.
struct RuleSelectors {
    std::optional<std::int64_t> first{};  // the first so many of the proxy since the rule is there
    std::optional<std::int64_t> nth{};    // that one alone
    SourceRanges source{};                // of the client
    // Counted from when the rule was set: at work from `begins` on, for `lasts`.
    Duration begins{};
    std::optional<Duration> lasts{};
};

// One fault at a proxy. `id` is never used again for another one: it keeps what was decided for a
// connection, and the stage that is at work there, over changes of other rules.
struct ProxyRule {
    std::string id{};
    Way way = Way::down;
    ToxicPlan plan{};
    double toxicity = 1;  // the share of connections, decided once for each from the seed
    // Rules of one group are for the same share of connections; empty: a rule decides by itself.
    std::string group{};
    RuleSelectors selectors{};
};

// A socket towards an upstream, as socket(2) makes it, for SOCK_STREAM or SOCK_DGRAM; it must not
// block. Empty, with errno. Called from any of the engine's threads.
using SocketMaker = std::function<Fd(int family, int type)>;

// A connect_timeout for proxies that nobody is to see: the caller's patience is what counts, and no
// kernel's own is longer.
inline constexpr Duration beyond_any_kernel = 1h;

struct ProxyPlan {
    std::string name{};
    std::string listen{};    // host:port; an empty host is every address, port 0 a free one
    std::string upstream{};  // host:port, resolved for each connection
    // Where the upstream is, already resolved; tried in turn. Empty: `upstream` is.
    std::vector<SocketAddress> upstream_addresses{};
    SocketMaker upstream_socket{};  // null: in the namespace of whoever makes the engine
    // Neither end sees the proxy: it takes connections to every address that are brought to it, and
    // reaches each at the address it was meant for, from the client's own address and port
    // (Documentation/networking/tproxy.rst). `upstream` is not looked at. Needs CAP_NET_ADMIN.
    bool transparent = false;
    // Clients are let in when the upstream has answered. Null: at once, and the upstream is dialled
    // afterwards.
    std::shared_ptr<Gate> gate{};
    // Faults of requests and answers, armed and healed there; set_rules() makes connections look at
    // it again. Null: bytes are not looked at for them.
    std::shared_ptr<FaultTable> requests{};
    Duration connect_timeout = 30s;
    Protocol protocol = Protocol::tcp;
    // Of UDP: a connection, which is a client's address, ends when nothing came for so long.
    Duration idle_timeout = 60s;
    std::vector<ProxyRule> rules{};
};

// Of a UDP proxy, in datagrams.
struct UdpCounters {
    std::uint64_t up = 0;    // sent to the upstream
    std::uint64_t down = 0;  // sent to clients
    std::uint64_t lost = 0;  // by faults, as are the next three
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;
    std::uint64_t corrupted = 0;
    std::uint64_t dropped = 0;      // no room, or no way to send them
    std::uint64_t unreachable = 0;  // ICMP messages that came back from the upstream
};

// Live, in bytes and connections since the proxy was opened.
struct ProxyCounters {
    std::uint64_t received_up = 0;  // from clients
    std::uint64_t sent_up = 0;      // to the upstream
    std::uint64_t received_down = 0;
    std::uint64_t sent_down = 0;
    std::uint64_t connections = 0;  // accepted
    std::uint64_t open = 0;
    std::uint64_t failed = 0;      // the upstream could not be reached
    std::uint64_t affected = 0;    // rules put to work on a connection, summed
    std::uint64_t late_items = 0;  // delayed items that left
    std::uint64_t late_ns = 0;     // by how much they left after they were due, summed
    UdpCounters datagrams{};
};

struct ConnectionRow {
    std::uint64_t id = 0;  // unique in the engine
    std::string proxy{};
    std::int64_t number = 0;  // among the proxy's, from 1
    std::string client{};     // address:port
    std::string upstream{};   // as connected; empty while connecting
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t held = 0;  // bytes that faults keep back
    Duration age{};
    std::vector<std::string> rules{};  // ids of those at work on it
};

// Told of what happens, from any of the engine's threads; must not block.
class EngineListener {
public:
    virtual ~EngineListener() = default;
    virtual void accepted(const std::string& proxy, std::int64_t connection,
                          const std::string& client) = 0;
    virtual void connect_failed(const std::string& proxy, std::int64_t connection,
                                const std::string& upstream, const std::string& why) = 0;
    // `by`: client, upstream, a rule's id, "api", "stop", or, of UDP, "idle".
    virtual void closed(const std::string& proxy, std::int64_t connection, const std::string& by,
                        std::uint64_t bytes_up, std::uint64_t bytes_down) = 0;
    // The rule is at work on the connection from here on.
    virtual void rule_met(const std::string& proxy, std::int64_t connection,
                          const std::string& rule) = 0;
    // It has changed something there for the first time: delayed, kept back, thrown away, damaged
    // or ended.
    virtual void rule_acted(const std::string& /*proxy*/, std::int64_t /*connection*/,
                            const std::string& /*rule*/) {}
    // Accepting pauses (no descriptors, no memory) and goes on.
    virtual void accept_paused(const std::string& proxy, const std::string& why) = 0;
    virtual void accept_resumed(const std::string& proxy) = 0;
    // Of UDP: the upstream's machine says that nobody is there. Once for each connection.
    virtual void unreachable(const std::string& /*proxy*/, std::int64_t /*connection*/,
                             const std::string& /*upstream*/, const std::string& /*why*/) {}
};

// Why a proxy could not be opened, in Go's words, which clients of Toxiproxy know:
// "listen tcp 127.0.0.1:3310: bind: address already in use".
class ListenError : public Error {
public:
    using Error::Error;
};

// A proxy that listens. Destroying it closes its listener and ends all its connections.
// No call waits for a socket, a connection or a worker.
class RunningProxy {
public:
    virtual ~RunningProxy() = default;
    // The listening socket's own address: "127.0.0.1:26379", "[::]:8080".
    virtual std::string listen() const = 0;
    // These rules instead of those before. Returns at once; workers follow in their own time.
    virtual void set_rules(std::vector<ProxyRule> rules) = 0;
    virtual ProxyCounters counters() const = 0;
};

struct EnginePlan {
    std::size_t workers = 0;  // threads with an event loop each; 0: one for each core
    std::uint64_t seed = 1;
    // Bytes that faults may keep back in one direction of one connection; then reading pauses.
    std::int64_t largest_queue = 32 << 20;
};

class Engine {
public:
    Engine(EnginePlan plan, EngineListener& listener);
    ~Engine();  // after all proxies are gone
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Listens before it returns. Throws ListenError.
    std::unique_ptr<RunningProxy> open(ProxyPlan plan);

    // A snapshot, at most a few milliseconds old.
    std::vector<ConnectionRow> connections() const;
    // Resets a connection; false when there is none of this id.
    bool kill(std::uint64_t connection);

    class Impl;

private:
    std::unique_ptr<Impl> impl_;
};

// What listening at `address` means, without doing it: "localhost:80" is "127.0.0.1:80". Compares
// what users spell differently. Throws ListenError.
std::string resolved_listen(const std::string& address);

}  // namespace etimedout
