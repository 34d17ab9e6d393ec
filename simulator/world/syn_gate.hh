// SynGate: attempts to connect in a network namespace, as a proxy's gate.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "simulator/net/syn_queue.hh"
#include "simulator/proxy/gate.hh"

namespace etimedout {

class SynGate final : public Gate {
public:
    // Has the kernel of that namespace hold attempts from here on. Throws Error.
    SynGate(int network_namespace, const HoldingPlan& plan);

    int descriptor() const override { return queue_.descriptor(); }
    std::optional<Knock> next() override;
    void let_in(const Knock& knock) override;
    void ignore(const Knock& knock) override;
    void refuse(const Knock& knock, int error) override;

private:
    HeldSyn take(const Knock& knock);

    SynQueue queue_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, HeldSyn> held_;
};

// Null where the kernel cannot hold attempts: then a proxy lets everyone in and dials afterwards.
std::shared_ptr<Gate> gate_of(int network_namespace, const HoldingPlan& plan);

}  // namespace etimedout
