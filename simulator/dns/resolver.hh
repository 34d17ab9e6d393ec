// Resolver: a server of DNS that answers, or misbehaves, as it was made to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "simulator/base/clock.hh"
#include "simulator/dns/resolver_faults.hh"
#include "simulator/dns/spec.hh"

namespace etimedout {

struct ResolverRecord {
    std::int64_t queries = 0;  // read, over UDP and TCP
    std::string trouble{};     // what went wrong inside the resolver; must be empty
};

// Serves UDP and TCP, IPv4 and (where the system has it) IPv6, from construction to destruction on
// a thread of its own. It says of itself that it recurses (the bit RA), and knows its records
// alone. Over TCP queries may be pipelined, and are answered as their answers become due (RFC
// 7766).
class Resolver {
public:
    // Opens the sockets in the network namespace of the calling thread. Port 53 but in tests;
    // port 0: one that is free. The clock outlives the resolver. Throws Error.
    Resolver(std::string name, ResolverSpec spec, std::uint64_t seed, const WorldClock& clock,
             std::uint16_t port = 53);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    // Closes everything, and answers nothing more.
    ~Resolver();

    std::uint16_t port() const;

    // Any thread; in effect for whatever arrives when they have returned.
    void arm(const ArmedFault& fault);
    void heal(const std::string& id);
    ResolverWitness witness(const std::string& id) const;
    // Replaces the records of these names; one with empty records is unknown from then on.
    void set(const DnsRecords& records);

    ResolverRecord record() const;

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace etimedout
