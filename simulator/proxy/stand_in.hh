// StandIn: what is in a world where a system outside it is called: a proxy that reaches it there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simulator/proxy/engine.hh"

namespace etimedout {

struct StandInPlan {
    std::string node{};
    // Where it is called, by TCP and UDP, and the gate of TCP there, as LinkProxyPlan has it.
    std::map<std::uint16_t, std::shared_ptr<Gate>> ports{};
    std::vector<SocketAddress> outside{};     // of the system, tried in turn; never empty
    SocketMaker outside_socket{};             // in a namespace from where that can be reached
    std::function<void(std::string)> tell{};  // a line about what could not be reached; any thread
};

// From construction to destruction it serves the network namespace that the constructing thread is
// in. Throws Error when it cannot listen there.
class StandIn {
public:
    explicit StandIn(StandInPlan plan);
    ~StandIn();
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace etimedout
