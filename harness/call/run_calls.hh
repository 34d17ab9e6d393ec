// A call step's load: once, many times, by several at once, or at a rate.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/call/call.hh"
#include "harness/scenario/model.hh"
#include "simulator/base/clock.hh"
#include "simulator/events/sink.hh"

namespace etimedout {

// Whom a step's calls go to; empty where a kind of call needs nobody.
struct CallTarget {
    std::string host{};     // looked up in the caller's node
    std::string address{};  // used where there is no name
    std::uint16_t port = 0;
    std::string scenario_dir = "/scenario";
};

struct CallRun {
    std::int64_t calls = 0;
    std::map<std::string, std::int64_t> outcomes{};
};

// Makes all of a step's calls from the namespaces of the calling thread (which its threads
// inherit), puts a CallBegin and a CallEnd for each into the sink, and returns when the last has
// ended.
//
// Without `rate`: `concurrency` callers, each beginning a call when its last has ended, until
// `times` were begun or, with `for`, that time is over (and at most a million were begun). With
// `rate`: the k-th call begins at (k - 1) / rate, whatever became of those before it, and calls
// overlap as they will, up to `concurrency` where that is above 1, else up to 10,000; a call for
// which there is no place begins when there is one.
//
// Throws what the first call that could not even be made has thrown, after the others' end.
CallRun run_calls(const CallStep& step, const CallTarget& target, const WorldClock& clock,
                  EventSink& sink, CallState& state);

}  // namespace etimedout
