// What faults decide, as plain data: engines act on these and never ask which fault it was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// The spread of a jitter. Tables as in tc-netem(8).
enum class Distribution { uniform, normal, pareto, paretonormal };

template <>
struct Words<Distribution> {
    static constexpr std::array<std::pair<std::string_view, Distribution>, 4> words{
        {{"uniform", Distribution::uniform},
         {"normal", Distribution::normal},
         {"pareto", Distribution::pareto},
         {"paretonormal", Distribution::paretonormal}}};
};

// The four-state loss model's two-state special case (Gilbert 1960, Elliott 1963), as netem has it.
struct GilbertElliott {
    Probability to_bad;        // p: good -> bad, per packet
    Probability to_good;       // r: bad -> good, per packet
    Probability loss_in_bad;   // 1-h
    Probability loss_in_good;  // 1-k
    bool operator==(const GilbertElliott&) const = default;
};

// What happens to each packet of one direction. Plans of several faults on one link are merged by
// the engine: delays add, losses combine as independent chances, the lowest rate wins.
struct PacketPlan {
    Duration delay{};
    Duration jitter{};
    Distribution distribution = Distribution::uniform;
    Probability delay_correlation{};
    Probability loss{};
    Probability loss_correlation{};
    std::optional<GilbertElliott> bursts{};
    Probability duplicate{};
    Probability duplicate_correlation{};
    Probability corrupt{};
    Probability corrupt_correlation{};
    Probability reorder{};  // this share overtakes: sent at once, the rest waits `delay`
    Probability reorder_correlation{};
    std::uint32_t reorder_gap = 0;  // every gap-th packet overtakes; 0: by chance alone
    std::optional<Rate> rate{};
    std::optional<std::int64_t> queue{};  // packets waiting at the most; tail drop beyond
    bool operator==(const PacketPlan&) const = default;
};

// How a firewall refuses: with nothing, a TCP reset, or an ICMP destination unreachable
// (RFC 792 type 3; for IPv6 the nearest code of RFC 4443).
enum class Refusal {
    drop,
    tcp_reset,
    net_unreachable,
    host_unreachable,
    protocol_unreachable,
    port_unreachable,
    net_prohibited,
    host_prohibited,
    admin_prohibited
};

template <>
struct Words<Refusal> {
    static constexpr std::array<std::pair<std::string_view, Refusal>, 9> words{
        {{"drop", Refusal::drop},
         {"tcp_reset", Refusal::tcp_reset},
         {"net_unreachable", Refusal::net_unreachable},
         {"host_unreachable", Refusal::host_unreachable},
         {"protocol_unreachable", Refusal::protocol_unreachable},
         {"port_unreachable", Refusal::port_unreachable},
         {"net_prohibited", Refusal::net_prohibited},
         {"host_prohibited", Refusal::host_prohibited},
         {"admin_prohibited", Refusal::admin_prohibited}}};
};

struct FirewallPlan {
    Refusal refusal = Refusal::drop;
    bool operator==(const FirewallPlan&) const = default;
};

// The link's carrier: down for `down`, then up for `up`, and again; `up` zero means down for good.
struct CarrierPlan {
    Duration down{};
    Duration up{};
    bool operator==(const CarrierPlan&) const = default;
};

// What a server-side stream engine (stub or proxy) does with one connection or request.
struct Swallow {  // take everything, answer nothing, keep the connection open
    bool operator==(const Swallow&) const = default;
};
struct Dribble {  // answer late, and then in pieces
    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;  // bytes
    bool operator==(const Dribble&) const = default;
};
struct Abort {  // RST
    bool operator==(const Abort&) const = default;
};
struct HangUp {  // FIN, without an answer
    bool operator==(const HangUp&) const = default;
};
struct Respond {  // answer a request with this instead
    std::int64_t status = 503;
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    bool operator==(const Respond&) const = default;
};
using StreamPlan = std::variant<Swallow, Dribble, Abort, HangUp, Respond>;

using Decision = std::variant<PacketPlan, FirewallPlan, CarrierPlan, StreamPlan>;

// Where a fault acts; the reference and the default of selectors follow from it.
enum class Layer { packet, firewall, stream, message, node };

template <>
struct Words<Layer> {
    static constexpr std::array<std::pair<std::string_view, Layer>, 5> words{
        {{"packet", Layer::packet},
         {"firewall", Layer::firewall},
         {"stream", Layer::stream},
         {"message", Layer::message},
         {"node", Layer::node}}};
};

}  // namespace etimedout
