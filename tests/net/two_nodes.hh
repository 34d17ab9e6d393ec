// TwoNodes: a caller, a callee and the link between them, and what tests do over it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "simulator/base/fd.hh"
#include "simulator/net/link.hh"

namespace etimedout::testing {

// Whether this is process 1 of the virtual kernel: only there are times asserted.
bool in_virtual_time();

struct TwoNodes {
    // The default has no physics of its own: tests say what they add.
    explicit TwoNodes(LinkSpec spec = bare(), std::optional<FirewallBackend> backend = {},
                      std::uint64_t seed = 1);
    static LinkSpec bare();
    static LinkSpec bare(IpVersion version);

    Fd near;
    Fd far;
    std::unique_ptr<Link> link;
};

Fd socket_in(int network_namespace, int family, int type);
Fd listening(int network_namespace, const std::string& address, std::uint16_t port);

// A non-blocking connection attempt.
class Attempt {
public:
    // `port_of_own`: 0 lets the kernel choose.
    Attempt(int network_namespace, const std::string& address, std::uint16_t port,
            std::uint16_t port_of_own = 0);
    // Waits for its end, five seconds at the most: 0 when connected, else errno, EINPROGRESS
    // when it still waits.
    int result(std::chrono::milliseconds limit = std::chrono::seconds{5});
    // As it is now.
    int state() { return result(std::chrono::milliseconds{0}); }
    int fd() const { return socket_.get(); }

private:
    Fd socket_;
    int begun_ = 0;
};

// Whether the condition came true within five seconds (virtual ones in the virtual kernel).
bool eventually(const std::function<bool()>& condition);

// What one UDP packet of a volley met.
struct Arrival {
    std::uint32_t number = 0;
    Duration sent{};      // by the wall clock
    Duration received{};  // by the kernel's stamp
    bool damaged = false;
};

struct Volley {
    std::uint32_t count = 10'000;
    Duration gap = 1ms;
    std::size_t size = 100;  // of the payload
    Duration grace = 10s;    // to wait for the last
    Direction direction = Direction::up;
    std::uint16_t port = 9;
};
// In order of arrival. Checksums are off, so that damaged packets arrive.
std::vector<Arrival> fire(const TwoNodes& nodes, const Volley& volley);

// Packets that a capture on an interface sees from now on.
class PacketWatch {
public:
    PacketWatch(int network_namespace, const std::string& interface);
    int count();  // since the last time

private:
    Fd socket_;
};

std::vector<FirewallBackend> usable_backends();

}  // namespace etimedout::testing
