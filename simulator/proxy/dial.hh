// Dialling: connecting a socket towards a proxy's upstream. Internal to the engine.
#pragma once

#include "simulator/base/fd.hh"
#include "simulator/proxy/shared_state.hh"

namespace etimedout {

// Under way when `error` is 0: the socket is writable when it is over, and error_of() says how.
struct Dialling {
    Fd socket{};
    int error = 0;  // errno, when it could not even begin
};

// From `client`'s own address and port where nobody is to see the proxy.
Dialling begin_to_dial(const ProxyState& proxy, const SocketAddress& upstream,
                       const SocketAddress& client);

// What became of it, and of other things that a socket does by itself (SO_ERROR, socket(7)).
int error_of(int socket);

}  // namespace etimedout
