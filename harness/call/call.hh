// One call as its caller sees it: made, timed, and its end put into one word.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/scenario/model.hh"
#include "simulator/base/clock.hh"
#include "simulator/events/event.hh"

namespace etimedout {

struct CallPlan {
    std::string call{};      // id
    std::int64_t index = 1;  // which of its repetitions
    CallStep step{};
    std::string host{};     // the callee's name, looked up in the caller's node
    std::string address{};  // its numeric address, used where there is no name
    std::uint16_t port = 0;
    std::string scenario_dir = "/";  // where `exec` runs
};

// What outlives a call: connections to reuse, connections held open, lookups given up on. One for
// a whole run, so that `connection: reuse` finds what an earlier call over the same link left.
// Thread-safe. Its destructor closes all of it, and waits for lookups that nobody waits for any
// more: getaddrinfo(3) cannot be cancelled, but ends by itself after the resolver's own timeouts.
class CallState {
public:
    CallState();
    CallState(const CallState&) = delete;
    CallState& operator=(const CallState&) = delete;
    ~CallState();

    class Parts;
    Parts& parts() { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

// "http", "tcp", "dns", "ping" or "exec".
std::string_view kind_of(const CallStep& step);

// Makes the call from the namespaces (network and mount) of the calling thread, and returns when
// it has ended or its deadline has passed.
//
// Outcomes are those of the scenario language:
//   response           http: an answer came, of any status, as whole as its receiver can tell
//   ok                 tcp: connected, sent, and got what was expected; dns: addresses; ping: all
//                      answered; exec: exit code 0
//   dns_failure dns_timeout connect_refused connect_timeout unreachable tls_failure tls_timeout
//   write_timeout first_byte_timeout idle_timeout total_timeout reset closed_early stream_aborted
//   never_ended        the deadline, the harness's patience, has passed
//   failed             exec: another exit code, or not started; anything else: what no other
//                      word is for, such as an answer that is not HTTP; `detail` says what
// `errno` is there only if the kernel gave one: an application's own timer has none. What keeps
// a connect from leaving our own host (EADDRNOTAVAIL, EACCES, EINVAL, …) is `unreachable`, too.
CallEnd run_call(const CallPlan& plan, const WorldClock& clock, CallState& state);

}  // namespace etimedout
