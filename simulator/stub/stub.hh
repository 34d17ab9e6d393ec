// Stub: an upstream server that misbehaves, by itself or when faults are armed at it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "simulator/base/clock.hh"
#include "simulator/faults/all_faults.hh"
#include "simulator/stream/fault_table.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

struct StubRecord {
    std::int64_t connections = 0;  // accepted
    std::int64_t requests = 0;     // read to their ends (HTTP)
    std::string trouble{};         // what went wrong inside the stub; must be empty
};

// Serves from construction to destruction on a thread of its own.
//
// HTTP: keep-alive, pipelining in order, HTTP/1.0 and 1.1, bodies read and thrown away. A path
// without a route gets `all`; the default answer is 200, text/plain, "ok\n". A swallowed request
// stays unanswered for ever; after its fault is healed, later requests on its connection are
// answered. TCP: echoes, unless it has a body, which it sends on accept; see tcp_session.cc.
class Stub {
public:
    // Opens the listening sockets, IPv4 and (where the system has it) IPv6, in the network
    // namespace of the calling thread. Port 0: one that is free, see port(). The clock outlives
    // the stub. Throws Error naming the stub and the port.
    Stub(std::string name, StubSpec spec, const WorldClock& clock, std::uint64_t seed);
    Stub(const Stub&) = delete;
    Stub& operator=(const Stub&) = delete;
    // Closes everything it holds, without waiting for anyone.
    ~Stub();

    std::uint16_t port() const;

    // See FaultTable. Ids must be those of stream or message faults; `for` is the caller's to
    // keep: it heals. Any thread.
    void arm(const ArmedFault& fault);
    void heal(const std::string& id);
    FlowWitness witness(const std::string& id) const;

    StubRecord record() const;

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace etimedout
