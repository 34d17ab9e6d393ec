// LinkProxy: the proxy in the middle of a scenario's link, which neither end sees.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "simulator/faults/all_faults.hh"
#include "simulator/proxy/gate.hh"

namespace etimedout {

struct LinkProxyPlan {
    std::string link{};      // its name: with the seed, what is left to chance follows from it
    std::uint16_t port = 0;  // connections are brought there (simulator/net/diversion.hh)
    std::uint64_t seed = 1;
    std::shared_ptr<Gate> gate{};  // null: clients are let in before the callee has answered
};

// What proves that a fault did something, counted since it was armed.
struct LinkProxyWitness {
    std::int64_t matched = 0;  // connections or requests it applies to
    std::int64_t fired = 0;    // of these, those it changed anything of
    std::string evidence{};    // the records it is read from, for reports
};

// Told of a fault that took effect for the first time on a connection or request, by its client's
// address:port. From the proxy's own thread; must not block.
using FaultTold = std::function<void(const std::string& fault, const std::string& client)>;

// From construction to destruction it serves the network namespace that the constructing thread is
// in, on a thread of its own. Where no fault acts, bytes pass unchanged.
class LinkProxy {
public:
    // Throws Error when it cannot listen there.
    LinkProxy(LinkProxyPlan plan, FaultTold told);
    ~LinkProxy();
    LinkProxy(const LinkProxy&) = delete;
    LinkProxy& operator=(const LinkProxy&) = delete;

    // Decisions of the stream and message layers; a `source` must be an address already. From its
    // return on, whatever arrives meets the fault. Throws Error, and changes nothing, for a fault
    // that no proxy can carry out. Any thread.
    void arm(const ArmedFault& fault);
    // An id that is not armed is not an error: faults heal by themselves, too.
    void heal(const std::string& id);
    // Also of a fault that was healed.
    LinkProxyWitness witness(const std::string& id) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace etimedout
