// The list of all faults: adding one is a header and a line here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "simulator/faults/backlog_full.hh"
#include "simulator/faults/bandwidth.hh"
#include "simulator/faults/blackhole.hh"
#include "simulator/faults/burst_loss.hh"
#include "simulator/faults/conntrack_full.hh"
#include "simulator/faults/corrupt.hh"
#include "simulator/faults/corrupt_bytes.hh"
#include "simulator/faults/cut.hh"
#include "simulator/faults/dead_neighbour.hh"
#include "simulator/faults/deadline.hh"
#include "simulator/faults/delay_bytes.hh"
#include "simulator/faults/descriptors_exhausted.hh"
#include "simulator/faults/discard.hh"
#include "simulator/faults/dns_error.hh"
#include "simulator/faults/dns_flapping.hh"
#include "simulator/faults/dns_malformed.hh"
#include "simulator/faults/dns_silent.hh"
#include "simulator/faults/dns_slow.hh"
#include "simulator/faults/dns_stale.hh"
#include "simulator/faults/dns_truncated.hh"
#include "simulator/faults/dns_wrong_address.hh"
#include "simulator/faults/duplicate.hh"
#include "simulator/faults/error_event.hh"
#include "simulator/faults/forget_idle_flows.hh"
#include "simulator/faults/half_close.hh"
#include "simulator/faults/half_open.hh"
#include "simulator/faults/hang_up.hh"
#include "simulator/faults/hold.hh"
#include "simulator/faults/idle_timeout.hh"
#include "simulator/faults/kill.hh"
#include "simulator/faults/latency.hh"
#include "simulator/faults/link_down.hh"
#include "simulator/faults/link_flap.hh"
#include "simulator/faults/loss.hh"
#include "simulator/faults/malformed.hh"
#include "simulator/faults/memory_exhausted.hh"
#include "simulator/faults/mtu_black_hole.hh"
#include "simulator/faults/not_listening.hh"
#include "simulator/faults/own_route.hh"
#include "simulator/faults/pause.hh"
#include "simulator/faults/ports_exhausted.hh"
#include "simulator/faults/rate.hh"
#include "simulator/faults/reject.hh"
#include "simulator/faults/reorder.hh"
#include "simulator/faults/reset.hh"
#include "simulator/faults/silent.hh"
#include "simulator/faults/slice.hh"
#include "simulator/faults/slow.hh"
#include "simulator/faults/slow_accept.hh"
#include "simulator/faults/slow_body.hh"
#include "simulator/faults/slow_close.hh"
#include "simulator/faults/slow_events.hh"
#include "simulator/faults/slow_headers.hh"
#include "simulator/faults/stall.hh"
#include "simulator/faults/starve.hh"
#include "simulator/faults/status.hh"
#include "simulator/faults/syn_queue_full.hh"
#include "simulator/faults/sysctl.hh"
#include "simulator/faults/time_wait_pile_up.hh"
#include "simulator/faults/truncate.hh"
#include "simulator/faults/workers_exhausted.hh"
#include "simulator/faults/wrong_address.hh"
#include "simulator/faults/wrong_port.hh"
#include "simulator/faults/zero_window.hh"

namespace etimedout {

using AllFaults =
    List<BacklogFull, Bandwidth, Blackhole, BurstLoss, ConntrackFull, Corrupt, CorruptBytes,
         CutFault, DeadNeighbour, ConnectionDeadline, DelayBytes, DescriptorsExhausted, Discard,
         DnsErrorFault, DnsFlapping, DnsMalformed, DnsSilent, DnsSlow, DnsStaleFault, DnsTruncated,
         DnsWrongAddress, Duplicate, ErrorEvent, ForgetIdleFlows, HalfClose, HalfOpen, HangUpFault,
         Hold, IdleTimeoutFault, KillFault, Latency, LinkDown, LinkFlap, Loss, Malformed,
         MemoryExhausted, MtuBlackHole, NotListening, OwnRoute, Pause, PortsExhausted, RateLimit,
         Reject, Reorder, Reset, Silent, Slice, Slow, SlowAccept, SlowBody, SlowClose, SlowEvents,
         SlowHeaders, StallFault, Starve, Status, SynQueueFull, Sysctl, TimeWaitPileUp, Truncate,
         WorkersExhausted, WrongAddress, WrongPort, ZeroWindow>;

template <class>
struct VariantOf;
template <class... Ts>
struct VariantOf<List<Ts...>> {
    using type = std::variant<Ts...>;
};
using Fault = VariantOf<AllFaults>::type;

// A fault as a scenario arms it.
struct ArmedFault {
    std::string id;
    Fault fault;
    Selectors selectors{};
    bool operator==(const ArmedFault&) const = default;
};

inline std::string_view kind_of(const Fault& fault) {
    return std::visit([](const auto& f) -> std::string_view { return f.kind; }, fault);
}
inline Decision decision_of(const Fault& fault) {
    return std::visit([](const auto& f) { return f.decide(); }, fault);
}
inline Layer layer_of(const Fault& fault) {
    return std::visit([](const auto& f) { return f.layer; }, fault);
}
// The direction the scenario asks for, or the fault's own.
inline Direction direction_of(const ArmedFault& armed) {
    if (armed.selectors.direction) return *armed.selectors.direction;
    return std::visit([](const auto& f) { return f.direction; }, armed.fault);
}

}  // namespace etimedout
