// Diversion: brings the TCP connections that pass a namespace to a transparent listener in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulator/base/quantity.hh"
#include "simulator/net/firewall.hh"

namespace etimedout {

struct DiversionPlan {
    std::optional<Port> port{};      // of the callee; nothing: connections to every port
    std::uint16_t listener = 15001;  // where the transparent socket listens, on every address
    IpVersion ip = IpVersion::v4;
};

// What comes in by `near` goes to the listener, and what belongs to one of its sockets, or to one
// that was bound to a foreign address, to that socket (Documentation/networking/tproxy.rst). All
// other packets pass. It lives as long as the namespace. Throws Error, naming what is missing.
void divert(int network_namespace, FirewallBackend backend, const DiversionPlan& plan);

// Text for `nft -f -`.
std::string nft_diversion(const DiversionPlan& plan);
// Text for `iptables-restore --noflush`; one IP version's.
std::string iptables_diversion(const DiversionPlan& plan);

}  // namespace etimedout
