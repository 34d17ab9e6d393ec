// Lookup: names to addresses through the node's own resolver, with a limit on the wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include "harness/call/limits.hh"
#include "simulator/base/clock.hh"
#include "simulator/events/event.hh"

namespace etimedout {

struct CalleeAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    int family() const { return storage.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    // "10.0.0.1" or "fd00::1".
    std::string host() const;
    // With the port: "10.0.0.1:80" or "[fd00::1]:80".
    std::string text() const;
};

// The end of a socket that is ours; empty when it has none.
std::string local_address(int fd);

struct LookupResult {
    int code = 0;          // getaddrinfo's
    int error_number = 0;  // with EAI_SYSTEM
    Duration took{};
    std::vector<CalleeAddress> addresses{};  // in getaddrinfo's order
};

struct LookupPlan {
    std::string name{};
    std::uint16_t port = 0;
    int family = AF_UNSPEC;
    int flags = 0;
};

// getaddrinfo(3) cannot be cancelled, so each lookup runs on a thread of its own. One that is
// given up on goes on alone, and is joined in the destructor.
class Lookups {
public:
    Lookups() = default;
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;
    ~Lookups();

    // Nothing when `until` has come first. Uses the calling thread's namespaces.
    std::optional<LookupResult> look_up(const LookupPlan& plan, const WorldClock& clock,
                                        Duration until);

private:
    struct Pending;
    std::mutex mutex_;
    std::vector<std::thread> abandoned_;
};

// Puts a lookup that failed into the call's end. EAI_AGAIN is what the C library says both when
// no server answered in time and when one answered that it cannot tell (SERVFAIL): it is a
// timeout only if it took as long as the shortest time a resolver waits, one second
// (resolv.conf(5), `options timeout:`).
void describe_failure(const LookupResult& result, CallEnd& end);

class CallState;
struct CallPlan;

// The callee's addresses by name, or its numeric address; nothing when that failed or took too
// long, which `end` then tells. Fills in the `dns` phase where a name was looked up.
std::optional<std::vector<CalleeAddress>> callee_addresses(const CallPlan& plan,
                                                           const WorldClock& clock,
                                                           CallState& state, const Limits& limits,
                                                           CallEnd& end);

}  // namespace etimedout
