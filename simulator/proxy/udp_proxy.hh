// A UDP proxy as the engine opens it. Internal to the engine.
#pragma once

#include <memory>

#include "simulator/proxy/engine.hh"
#include "simulator/proxy/udp_door.hh"

namespace etimedout {

// `state` is set but for its rules. Throws ListenError.
std::unique_ptr<RunningProxy> open_udp_proxy(ProxyPlan plan, std::shared_ptr<ProxyState> state,
                                             Worker& worker, UdpLookUp look_up);

}  // namespace etimedout
