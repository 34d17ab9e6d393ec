// SynQueue: attempts to connect that the kernel holds until someone decides about them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/net/firewall.hh"
#include "simulator/net/netlink.hh"
#include "simulator/wire/address.hh"

namespace etimedout {

// A SYN that came by; it goes on, or is never seen again.
struct HeldSyn {
    std::uint32_t id = 0;  // the kernel's, for the decision
    Endpoint from{};
    Endpoint to{};
    std::uint32_t sequence = 0;
    std::vector<std::byte> packet{};  // from its IP header on, as much as an error would quote
};

// Where attempts are held.
struct HoldingPlan {
    std::vector<std::uint16_t> ports{};  // of the callee; empty: every port
    std::string interface {};            // that they come in by; empty: every one
    std::uint16_t queue = 0;             // of the namespace's; each has one SynQueue
};

// Has the kernel hold, before it routes them, TCP connections' first packets. It lets them pass
// while no SynQueue is there to decide. Tries nftables and iptables; throws Error, naming what is
// missing, when neither can. It lives as long as the namespace.
void hold_attempts(int network_namespace, const HoldingPlan& plan);

// Uses NFQUEUE (libnetfilter_queue's protocol, linux/netfilter/
// nfnetlink_queue.h). Not thread-safe.
class SynQueue {
public:
    // Throws Error. What is held when it goes is dropped.
    explicit SynQueue(int network_namespace, std::uint16_t queue = 0);

    int descriptor() const { return kernel_.descriptor(); }  // readable when something came
    // The next one; nothing when none is there.
    std::optional<HeldSyn> next();

    void let_pass(const HeldSyn& syn);
    // As if it had been lost.
    void drop(const HeldSyn& syn);
    // Drops it and answers in the callee's name as its kernel would: a RST for ECONNREFUSED, and
    // ICMP's unreachable for EHOSTUNREACH, ENETUNREACH and EACCES.
    void refuse(const HeldSyn& syn, int error);

private:
    void decide(const HeldSyn& syn, std::uint32_t verdict);
    void answer(const HeldSyn& syn, std::span<const std::byte> packet);

    NetlinkSocket kernel_;
    std::uint16_t queue_;
    Fd raw4_;
    Fd raw6_;
    std::vector<HeldSyn> waiting_{};  // come, and not asked for yet; the last one first
};

// What refuse() sends, for tests: an IP packet from the callee to the caller. Empty where an error
// has no packet.
std::vector<std::byte> refusal_of(const HeldSyn& syn, int error);

}  // namespace etimedout
