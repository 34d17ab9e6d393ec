// What the host's kernel can do to the network of a world in real time.
#pragma once

#include "simulator/net/probe.hh"

namespace etimedout {

// As probe_network(), but from where such a world would be: an ordinary user's is inside a user
// namespace, in which he is root. The caller must have one thread only.
NetCapabilities probe_network_of_worlds();

}  // namespace etimedout
