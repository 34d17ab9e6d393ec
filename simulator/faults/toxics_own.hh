// The toxics that Toxiproxy does not have, in its manner.
#pragma once

#include "simulator/faults/toxic_attributes.hh"

namespace etimedout::toxic {

struct Deadline {
    static constexpr std::string_view kind = "deadline";
    static constexpr std::string_view doc =
        "Ends the connection `timeout` ms after the toxic met it, whatever passes.";
    std::int64_t timeout = 0;
    CutHow how = CutHow::fin;
    static constexpr auto fields() {
        return std::tuple{
            shown("timeout", &Deadline::timeout, "ms").at_least(0).at_most(year_in_ms),
            shown("how", &Deadline::how, "in order, or with a reset")};
    }
    ToxicPlan plan() const { return FlowPlan{FlowDeadline{milliseconds(timeout), how}}; }
    bool operator==(const Deadline&) const = default;
};

struct IdleTimeout {
    static constexpr std::string_view kind = "idle_timeout";
    static constexpr std::string_view doc =
        "Passes data on, and ends the connection when none came for `timeout` ms.";
    std::int64_t timeout = 0;
    CutHow how = CutHow::fin;
    static constexpr auto fields() {
        return std::tuple{
            shown("timeout", &IdleTimeout::timeout, "ms").at_least(0).at_most(year_in_ms),
            shown("how", &IdleTimeout::how, "in order, or with a reset")};
    }
    ToxicPlan plan() const { return FlowPlan{FlowIdle{milliseconds(timeout), how}}; }
    bool operator==(const IdleTimeout&) const = default;
};

struct Stall {
    static constexpr std::string_view kind = "stall";
    static constexpr std::string_view doc =
        "Lets `bytes` bytes pass and keeps the rest, with the connection open.";
    std::int64_t bytes = 0;
    static constexpr auto fields() {
        return std::tuple{shown("bytes", &Stall::bytes, "bytes").at_least(0).at_most(most_bytes)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowStall{bytes}}; }
    bool operator==(const Stall&) const = default;
};

struct Hold {
    static constexpr std::string_view kind = "hold";
    static constexpr std::string_view doc =
        "Keeps all data, and passes it on when the toxic is removed.";
    static constexpr auto fields() { return std::tuple<>{}; }
    ToxicPlan plan() const { return FlowPlan{FlowThrottle{}}; }
    DatagramPlan datagram_plan() const { return DatagramThrottle{}; }
    bool operator==(const Hold&) const = default;
};

struct Corrupt {
    static constexpr std::string_view kind = "corrupt";
    static constexpr std::string_view doc = "Flips one bit of each byte, with this probability.";
    double probability = 0;
    static constexpr auto fields() {
        return std::tuple{shown("probability", &Corrupt::probability, "of a byte, share of 1")
                              .at_least(0)
                              .at_most(1)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowCorrupt{{probability}}}; }
    DatagramPlan datagram_plan() const { return DatagramCorrupt{{probability}}; }
    bool operator==(const Corrupt&) const = default;
};

struct HalfClose {
    static constexpr std::string_view kind = "half_close";
    static constexpr std::string_view doc =
        "Lets `bytes` bytes pass and then says FIN in this direction alone.";
    std::int64_t bytes = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("bytes", &HalfClose::bytes, "bytes").at_least(0).at_most(most_bytes)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowHalfClose{bytes}}; }
    bool operator==(const HalfClose&) const = default;
};

struct CloseAfter {
    static constexpr std::string_view kind = "close_after";
    static constexpr std::string_view doc = "Ends the connection after `bytes` bytes.";
    std::int64_t bytes = 0;
    CutHow how = CutHow::fin;
    static constexpr auto fields() {
        return std::tuple{
            shown("bytes", &CloseAfter::bytes, "bytes").at_least(0).at_most(most_bytes),
            shown("how", &CloseAfter::how, "in order, or with a reset")};
    }
    ToxicPlan plan() const { return FlowPlan{FlowCut{.after = bytes, .how = how}}; }
    bool operator==(const CloseAfter&) const = default;
};

struct SlowAccept {
    static constexpr std::string_view kind = "slow_accept";
    static constexpr std::string_view doc =
        "Leaves each new connection in the kernel's queue for `delay` ms.";
    std::int64_t delay = 0;
    static constexpr auto fields() {
        return std::tuple{shown("delay", &SlowAccept::delay, "ms").at_least(0).at_most(day_in_ms)};
    }
    ToxicPlan plan() const { return DoorPlan{DoorSlow{milliseconds(delay)}}; }
    bool operator==(const SlowAccept&) const = default;
};

struct Refuse {
    static constexpr std::string_view kind = "refuse";
    static constexpr std::string_view doc =
        "Stops listening: new clients see ECONNREFUSED, open connections go on.";
    static constexpr auto fields() { return std::tuple<>{}; }
    ToxicPlan plan() const { return DoorPlan{DoorRefuse{}}; }
    bool operator==(const Refuse&) const = default;
};

struct Blackhole {
    static constexpr std::string_view kind = "blackhole";
    static constexpr std::string_view doc =
        "Keeps the accept queue full: SYNs are dropped, new clients see ETIMEDOUT.";
    static constexpr auto fields() { return std::tuple<>{}; }
    ToxicPlan plan() const { return DoorPlan{DoorBlackhole{}}; }
    bool operator==(const Blackhole&) const = default;
};

}  // namespace etimedout::toxic
