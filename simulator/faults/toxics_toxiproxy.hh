// The toxics that Toxiproxy has, with its names, attributes and units.
#pragma once

#include "simulator/faults/toxic_attributes.hh"

namespace etimedout::toxic {

struct Noop {
    static constexpr std::string_view kind = "noop";
    static constexpr std::string_view doc = "Passes everything on.";
    static constexpr auto fields() { return std::tuple<>{}; }
    ToxicPlan plan() const { return FlowPlan{FlowPass{}}; }
    DatagramPlan datagram_plan() const { return DatagramPass{}; }
    bool operator==(const Noop&) const = default;
};

struct Latency {
    static constexpr std::string_view kind = "latency";
    static constexpr std::string_view doc =
        "Every byte leaves `latency` ms after it came, give or take `jitter` ms. Over UDP each "
        "datagram does, so with jitter they overtake each other.";
    std::int64_t latency = 0;
    std::int64_t jitter = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("latency", &Latency::latency, "ms").at_least(0).at_most(day_in_ms),
            shown("jitter", &Latency::jitter, "ms, in whole ones within [-jitter, jitter)")
                .at_least(0)
                .at_most(day_in_ms)};
    }
    ToxicPlan plan() const {
        return FlowPlan{FlowDelay{.delay = milliseconds(latency), .jitter = milliseconds(jitter)}};
    }
    DatagramPlan datagram_plan() const {
        return DatagramDelay{.delay = milliseconds(latency), .jitter = milliseconds(jitter)};
    }
    bool operator==(const Latency&) const = default;
};

struct Bandwidth {
    static constexpr std::string_view kind = "bandwidth";
    static constexpr std::string_view doc =
        "So many KB (1000 bytes) each second; 0 keeps everything back. For each connection, or, "
        "`shared`, for all of the proxy together.";
    std::int64_t rate = 0;
    bool shared = false;
    static constexpr auto fields() {
        return std::tuple{
            shown("rate", &Bandwidth::rate, "KB/s").at_least(0).at_most(most_bytes / 1000),
            rare("shared", &Bandwidth::shared, "all connections of the proxy share the rate")};
    }
    ToxicPlan plan() const {
        return FlowPlan{FlowThrottle{.bytes_per_second = rate * 1000, .shared = shared}};
    }
    DatagramPlan datagram_plan() const {
        return DatagramThrottle{.bytes_per_second = rate * 1000, .shared = shared};
    }
    bool operator==(const Bandwidth&) const = default;
};

struct SlowClose {
    static constexpr std::string_view kind = "slow_close";
    static constexpr std::string_view doc = "The end of the stream is passed on `delay` ms later.";
    std::int64_t delay = 0;
    static constexpr auto fields() {
        return std::tuple{shown("delay", &SlowClose::delay, "ms").at_least(0).at_most(year_in_ms)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowLateEnd{milliseconds(delay)}}; }
    bool operator==(const SlowClose&) const = default;
};

struct Timeout {
    static constexpr std::string_view kind = "timeout";
    static constexpr std::string_view doc =
        "Throws all data away, and closes when none came for `timeout` ms; 0: never closes.";
    std::int64_t timeout = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("timeout", &Timeout::timeout, "ms").at_least(0).at_most(year_in_ms)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowDiscard{milliseconds(timeout)}}; }
    DatagramPlan datagram_plan() const { return DatagramDiscard{milliseconds(timeout)}; }
    bool operator==(const Timeout&) const = default;
};

struct ResetPeer {
    static constexpr std::string_view kind = "reset_peer";
    static constexpr std::string_view doc =
        "Waits for the first data, throws it away, and resets the connection `timeout` ms later.";
    std::int64_t timeout = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("timeout", &ResetPeer::timeout, "ms").at_least(0).at_most(year_in_ms)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowReset{milliseconds(timeout)}}; }
    bool operator==(const ResetPeer&) const = default;
};

struct Slicer {
    static constexpr std::string_view kind = "slicer";
    static constexpr std::string_view doc =
        "Cuts data into pieces of `average_size` bytes, give or take `size_variation`, with "
        "`delay` µs behind each.";
    std::int64_t average_size = 0;
    std::int64_t size_variation = 0;
    std::int64_t delay = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("average_size", &Slicer::average_size, "bytes").at_least(1).at_most(most_bytes),
            shown("size_variation", &Slicer::size_variation, "bytes, below the size")
                .at_least(0)
                .at_most(most_bytes),
            shown("delay", &Slicer::delay, "µs").at_least(0).at_most(day_in_us)};
    }
    // What the ranges of single attributes do not say; empty when all is well.
    std::string conflict() const {
        if (size_variation < average_size) return {};
        return "`size_variation` must be below `average_size`";
    }
    ToxicPlan plan() const {
        return FlowPlan{FlowSlice{.average = average_size,
                                  .variation = size_variation,
                                  .pause = std::chrono::microseconds{delay}}};
    }
    bool operator==(const Slicer&) const = default;
};

struct LimitData {
    static constexpr std::string_view kind = "limit_data";
    static constexpr std::string_view doc = "Closes the connection after `bytes` bytes.";
    std::int64_t bytes = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("bytes", &LimitData::bytes, "bytes").at_least(0).at_most(most_bytes)};
    }
    ToxicPlan plan() const { return FlowPlan{FlowCut{.after = bytes, .how = CutHow::fin}}; }
    bool operator==(const LimitData&) const = default;
};

struct PacketLoss {
    static constexpr std::string_view kind = "packet_loss";
    static constexpr std::string_view doc =
        "With the chance `loss_rate`, data waits as for a retransmission; no byte is lost. Over "
        "UDP "
        "the datagram is lost.";
    double loss_rate = 0;
    double correlation = 0;
    static constexpr auto fields() {
        return std::tuple{
            shown("loss_rate", &PacketLoss::loss_rate, "share of 1").at_least(0).at_most(1),
            shown("correlation", &PacketLoss::correlation, "added after a loss, share of 1")
                .at_least(0)
                .at_most(1)};
    }
    ToxicPlan plan() const {
        return FlowPlan{FlowLoss{.chance = {loss_rate}, .correlation = {correlation}}};
    }
    DatagramPlan datagram_plan() const {
        return DatagramLoss{.chance = {loss_rate}, .correlation = {correlation}};
    }
    bool operator==(const PacketLoss&) const = default;
};

}  // namespace etimedout::toxic
