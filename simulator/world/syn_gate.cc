// SynGate: attempts to connect in a network namespace, as a proxy's gate.
#include "simulator/world/syn_gate.hh"

#include <cstring>
#include <utility>

#include <netinet/in.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

SocketAddress address_of(const Endpoint& endpoint) {
    if (endpoint.address.is_v6) {
        in6_addr v6{};
        std::memcpy(&v6, endpoint.address.bytes.data(), sizeof v6);
        return socket_address(v6, endpoint.port);
    }
    in_addr v4{};
    std::memcpy(&v4, endpoint.address.bytes.data(), sizeof v4);
    return socket_address(v4, endpoint.port);
}

}  // namespace

SynGate::SynGate(int network_namespace, const HoldingPlan& plan)
    : queue_{network_namespace, plan.queue} {
    hold_attempts(network_namespace, plan);
}

std::optional<Knock> SynGate::next() {
    auto syn = queue_.next();
    if (!syn) return std::nullopt;
    const Knock knock{++last_, address_of(syn->from), address_of(syn->to), syn->sequence};
    held_.emplace(knock.number, std::move(*syn));
    return knock;
}

HeldSyn SynGate::take(const Knock& knock) {
    return std::move(held_.extract(knock.number).mapped());
}

void SynGate::let_in(const Knock& knock) { queue_.let_pass(take(knock)); }
void SynGate::ignore(const Knock& knock) { queue_.drop(take(knock)); }
void SynGate::refuse(const Knock& knock, int error) { queue_.refuse(take(knock), error); }

std::shared_ptr<Gate> gate_of(int network_namespace, const HoldingPlan& plan) {
    try {
        return std::make_shared<SynGate>(network_namespace, plan);
    } catch (const Error&) {
        return nullptr;
    }
}

}  // namespace etimedout
