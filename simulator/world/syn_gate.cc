// SynGate: attempts to connect in a network namespace, as a proxy's gate.
#include "simulator/world/syn_gate.hh"

#include <cstring>
#include <utility>

#include <netinet/in.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

SocketAddress socket_address(const Endpoint& endpoint) {
    SocketAddress address;
    if (endpoint.address.is_v6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), sizeof v6.sin6_addr);
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.size = sizeof v6;
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), sizeof v4.sin_addr);
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.size = sizeof v4;
    }
    return address;
}

}  // namespace

SynGate::SynGate(int network_namespace, const HoldingPlan& plan)
    : queue_{network_namespace, plan.queue} {
    hold_attempts(network_namespace, plan);
}

std::optional<Knock> SynGate::next() {
    auto syn = queue_.next();
    if (!syn) return std::nullopt;
    const Knock knock{++last_, socket_address(syn->from), socket_address(syn->to), syn->sequence};
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
