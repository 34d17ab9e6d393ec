// Gate: what a proxy is told of attempts to connect before its kernel answers them.
#pragma once

#include <cstdint>
#include <optional>

#include "simulator/proxy/address.hh"

namespace etimedout {

// Someone wants to connect, and hears nothing until that is decided. A caller who hears nothing
// knocks again, as its kernel sends its SYN again.
struct Knock {
    std::uint64_t number = 0;  // the gate's own, for the decision
    SocketAddress client{};
    SocketAddress callee{};      // where it wants to go
    std::uint32_t sequence = 0;  // the same each time it knocks for one connection
};

// Used from one thread. Each knock is decided about once.
class Gate {
public:
    virtual ~Gate() = default;
    virtual int descriptor() const = 0;  // readable when someone knocks
    virtual std::optional<Knock> next() = 0;
    virtual void let_in(const Knock& knock) = 0;
    virtual void ignore(const Knock& knock) = 0;
    // Says to the client what its own kernel would have said to the proxy: errno of connect(2).
    virtual void refuse(const Knock& knock, int error) = 0;
};

}  // namespace etimedout
