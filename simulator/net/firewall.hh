// Firewall rules: what a fault asks of a link's router, as text for nft and for iptables. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"
#include "simulator/net/link_spec.hh"
#include "simulator/net/packet_band.hh"

namespace etimedout {

enum class FirewallBackend { nftables, iptables };

template <>
struct Words<FirewallBackend> {
    static constexpr std::array<std::pair<std::string_view, FirewallBackend>, 2> words{
        {{"nftables", FirewallBackend::nftables}, {"iptables", FirewallBackend::iptables}}};
};

// The router's two interfaces; packets going up enter by the first and leave by the second.
inline constexpr std::string_view near_interface_name = "near";
inline constexpr std::string_view far_interface_name = "far";

// A wrap-around that no scenario reaches, so that a count goes on for ever.
inline constexpr std::int64_t endless_count = 2'000'000'000;

// Which TCP connections, counted from the moment the rule is there: those whose first SYN came
// from the near side since. A connection is its 4-tuple, so a SYN that is dropped and sent again
// is the same connection. One that was open before is never chosen. A link that has both IP
// versions counts them together with nftables, each by itself with iptables.
struct FirstConnections {
    std::int64_t count = 1;
    bool operator==(const FirstConnections&) const = default;
};
struct NthConnection {
    std::int64_t number = 1;  // from 1
    bool operator==(const NthConnection&) const = default;
};
struct SomeConnections {
    Probability share{};  // decided when it begins, by the kernel's chance
    bool operator==(const SomeConnections&) const = default;
};
using ConnectionSelector = std::variant<FirstConnections, NthConnection, SomeConnections>;

// Refuse TCP packets that belong to no connection which the kernel tracks.
struct UnknownPackets {
    UnknownFlow with = UnknownFlow::drop;
    bool operator==(const UnknownPackets&) const = default;
};

// Refuse the packet, or set one bit of its mark for the shaper.
using FirewallAction = std::variant<Refusal, Marks, UnknownPackets>;

// Marks of packet faults live in these bits.
inline constexpr Marks all_marks = 0xffff;

struct FirewallRule {
    std::string fault{};  // its id, for comments
    unsigned slot = 0;    // unique among all rules a link ever has; the names of its objects
    FirewallAction action = Refusal::drop;
    Direction direction = Direction::both;
    std::optional<Phase> phase{};         // of TCP; without, every protocol
    std::optional<Port> port{};           // the callee's: destination going up, source going down
    std::optional<std::string> source{};  // an address, optionally with /length, that began it:
                                          // source going up, destination going down
    std::optional<ConnectionSelector> connections{};
};

// To which band of an egress packets with these marks go.
struct BandRule {
    Direction direction = Direction::up;  // up or down
    PacketBand band{};
};

// `nft -f -` text. One table per rule, `inet etimedout_<slot>`, with the counters `matched` and
// `fired`; one table `inet etimedout_bands`. A table is one transaction, and leaves the others,
// their counters and their connections alone.
std::string nft_arm(const FirewallRule& rule);
std::string nft_heal(unsigned slot);
std::string nft_bands(const std::vector<BandRule>& bands);
std::string nft_table(unsigned slot);

// Text for `ipset restore`, and for `iptables-restore --noflush` and its IPv6 twin. One chain
// per rule with helpers; a rule's counters are those of the rules whose comments say `matched`
// and `fired`.
struct IptablesText {
    std::string ipset{};
    std::string v4{};
    std::string v6{};
};
IptablesText iptables_arm(const FirewallRule& rule, IpVersion version);
IptablesText iptables_heal(const FirewallRule& rule, IpVersion version);
enum class BandsChain { fresh, existing };
IptablesText iptables_bands(const std::vector<BandRule>& bands, IpVersion version,
                            BandsChain chain);

struct FirewallCounters {
    std::int64_t matched = 0;  // packets that all selectors but first, nth and probability choose
    std::int64_t fired = 0;
};
// From the output of `iptables-save -c`.
FirewallCounters iptables_counters(const std::string& saved, unsigned slot);

// Letters, digits, `_`, `.` and `-` stay, all else becomes `_`; cut to 60: safe inside quotes.
std::string comment_text(const std::string& fault);

}  // namespace etimedout
