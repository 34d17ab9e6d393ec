// SynFlood: a crowd beside a node that begins connections there and never answers.
#pragma once

#include <cstdint>
#include <optional>

#include "simulator/base/fd.hh"
#include "simulator/net/interface.hh"
#include "simulator/proxy/address.hh"

namespace etimedout {

// A network namespace of its own, with a cable to the node's. Packets leave it by raw sockets; its
// kernel knows none of the addresses they come from, so that nobody answers a SYN-ACK, nor with a
// RST. Thread-safe as a whole only under a lock of the user's.
class SynFlood {
public:
    // Throws Error when the kernel refuses.
    explicit SynFlood(int node);

    // One of the crowd, by number: it knocks with a SYN, or takes it back with a RST. `turn` is
    // how often that number has knocked before, so that each knock is a connection of its own.
    struct Member {
        std::uint16_t number = 0;
        std::uint16_t turn = 0;
    };
    // At a listener, as listeners_of() names it: one that listens on its loopback is reached at
    // the node's end of the cable, if at all.
    void knock(const SocketAddress& listener, const Member& member);
    void take_back(const SocketAddress& listener, const Member& member);

private:
    void send(const SocketAddress& listener, const Member& member, std::uint8_t flags,
              std::uint32_t sequence);

    Fd crowd_;
    std::optional<VethPair> cable_;
    Fd raw4_;
    Fd raw6_;
};

}  // namespace etimedout
