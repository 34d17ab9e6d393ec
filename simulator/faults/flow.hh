// What faults of the stream layer decide about one direction of one connection, as plain data.
#pragma once

#include <cstdint>
#include <variant>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"
#include "simulator/faults/datagram.hh"

namespace etimedout {

// How a connection is ended: in order, or with a reset (RFC 9293, 3.5.2 and 3.6).
enum class CutHow { fin, rst };

template <>
struct Words<CutHow> {
    static constexpr std::array<std::pair<std::string_view, CutHow>, 2> words{
        {{"fin", CutHow::fin}, {"rst", CutHow::rst}}};
};

struct FlowPass {  // nothing
    bool operator==(const FlowPass&) const = default;
};

// Every byte leaves `delay` after it came, give or take a whole multiple of `grain` within
// [-jitter, jitter); order is kept, so a late byte delays those behind it.
struct FlowDelay {
    Duration delay{};
    Duration jitter{};
    Duration grain = 1ms;
    bool operator==(const FlowDelay&) const = default;
};

// So many bytes each second; 0 keeps everything back. `shared`: all connections together.
struct FlowThrottle {
    std::int64_t bytes_per_second = 0;
    bool shared = false;
    bool operator==(const FlowThrottle&) const = default;
};

// The end of the stream is passed on so much later.
struct FlowLateEnd {
    Duration delay{};
    bool operator==(const FlowLateEnd&) const = default;
};

// Throws all bytes away, and closes when none came for `idle`; zero: never closes.
struct FlowDiscard {
    Duration idle{};
    bool operator==(const FlowDiscard&) const = default;
};

// Waits for the first bytes, throws them away, and resets the connection `after` that.
struct FlowReset {
    Duration after{};
    bool operator==(const FlowReset&) const = default;
};

// Cuts what comes into pieces of about `average` bytes, `pause` behind each.
struct FlowSlice {
    std::int64_t average = 1;
    std::int64_t variation = 0;  // below `average`
    Duration pause{};
    bool operator==(const FlowSlice&) const = default;
};

// Lets so many bytes pass and then ends the connection.
struct FlowCut {
    std::int64_t after = 0;
    CutHow how = CutHow::fin;
    bool operator==(const FlowCut&) const = default;
};

// Lets so many bytes pass and keeps the rest, with the connection open.
struct FlowStall {
    std::int64_t after = 0;
    bool operator==(const FlowStall&) const = default;
};

// Ends the connection so long after the fault met it, whatever passes.
struct FlowDeadline {
    Duration after{};
    CutHow how = CutHow::fin;
    bool operator==(const FlowDeadline&) const = default;
};

// Ends the connection when nothing passed for so long.
struct FlowIdle {
    Duration after{};
    CutHow how = CutHow::fin;
    bool operator==(const FlowIdle&) const = default;
};

// Lets so many bytes pass and then says FIN in this direction alone.
struct FlowHalfClose {
    std::int64_t after = 0;
    bool operator==(const FlowHalfClose&) const = default;
};

// Flips one bit of each byte with this chance.
struct FlowCorrupt {
    Probability chance{};
    bool operator==(const FlowCorrupt&) const = default;
};

// As packet loss shows above TCP: with this chance a piece, and all behind it, waits for a
// retransmission. `correlation` adds to the chance after a loss. No byte is lost.
struct FlowLoss {
    Probability chance{};
    Probability correlation{};
    Duration pause = 200ms;  // the smallest retransmission timeout of Linux (TCP_RTO_MIN)
    bool operator==(const FlowLoss&) const = default;
};

using FlowPlan =
    std::variant<FlowPass, FlowDelay, FlowThrottle, FlowLateEnd, FlowDiscard, FlowReset, FlowSlice,
                 FlowCut, FlowStall, FlowDeadline, FlowIdle, FlowHalfClose, FlowCorrupt, FlowLoss>;

// What a listener does with those who knock.
struct DoorSlow {  // takes each connection from the kernel's queue so much later
    Duration delay{};
    bool operator==(const DoorSlow&) const = default;
};
struct DoorRefuse {  // does not listen: ECONNREFUSED; open connections go on
    bool operator==(const DoorRefuse&) const = default;
};
struct DoorBlackhole {  // keeps its accept queue full: SYNs are dropped, ETIMEDOUT
    bool operator==(const DoorBlackhole&) const = default;
};
using DoorPlan = std::variant<DoorSlow, DoorRefuse, DoorBlackhole>;

using ToxicPlan = std::variant<FlowPlan, DoorPlan, DatagramPlan>;

}  // namespace etimedout
