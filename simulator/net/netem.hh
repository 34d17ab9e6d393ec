// netem: packet plans merged into one, and that one put into the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "simulator/faults/decision.hh"
#include "simulator/net/netlink.hh"

namespace etimedout {

// One plan that does what all of these do together:
//   delays add; jitters, being independent, add as squares, and keep their distribution when all
//   have the same one, else become normal; losses, duplicates, damages and overtakings combine as
//   independent chances, 1 - (1 - a)(1 - b); the lowest rate (0 is none) and the shortest queue
//   win; of gaps and correlations the largest.
// Loss with a correlation is a model with memory, as a burst is: it is turned into the two-state
// model with exactly this share and this correlation between neighbours (netem's own correlation
// of losses misses the share). There can be one model with memory on one packet's way: throws
// Error for two. Losses without memory are mixed into both of its states.
PacketPlan merge_plans(const PacketPlan& base, std::span<const PacketPlan> plans);

// How netem holds more packets than a link ever carries at a time: its own default of 1000 is a
// hidden tail drop at 100 Mbit/s and 120 ms. Only a plan's `queue` limits it.
inline constexpr std::int64_t unlimited_queue = 10'000'000;

// The threshold of netem's correlated chance that is met by this share of packets. A correlation
// pulls netem's random numbers towards their middle, so that the plain share would be missed by
// far. Both between 0 and 1; the result in netem's units, a share of 2^32 - 1.
std::uint32_t calibrated_chance(Probability share, Probability correlation);

// Where a qdisc sits; handles as tc writes them, 0x10000 is `1:`.
struct QdiscPlace {
    unsigned interface = 0;
    std::uint32_t parent = 0xffffffff;  // the root
    std::uint32_t handle = 0;
};

// Makes, or changes in one step, the netem qdisc at this place. Packets that wait in it stay, and
// are sent when they were going to be; its counters go on. Every setting is sent, since the kernel
// keeps what a change leaves out. `seed` feeds its chance where the kernel knows how (Linux 6.6),
// each time anew.
//   Needs delay and jitter as nanoseconds in 64 bits, jitter up to 2.147 s (netem's own limit:
//   throws Error beyond). Rates are rounded down to whole bytes a second, but never below one;
//   a rate counts Ethernet headers. With a rate packets keep their order, however much jitter.
void set_netem(NetlinkSocket& kernel, const QdiscPlace& place, const PacketPlan& plan,
               std::uint64_t seed);

// A prio qdisc whose every packet goes to its first band, but for those whose priority names a
// band of it (`1:2`). All sixteen bands are there from the start.
inline constexpr unsigned prio_bands = 16;
void set_prio(NetlinkSocket& kernel, const QdiscPlace& place);

// Since the qdisc was made.
struct QdiscStats {
    std::int64_t packets = 0;  // sent on
    std::int64_t bytes = 0;    // sent on
    std::int64_t drops = 0;
    std::int64_t requeues = 0;  // in netem: packets that overtook
    std::int64_t backlog = 0;   // bytes waiting
    std::int64_t waiting = 0;   // packets waiting
    // All that came: sent on, dropped, or waiting.
    std::int64_t seen() const { return packets + drops + waiting; }
};

// Of all qdiscs of one interface, by handle.
std::map<std::uint32_t, QdiscStats> read_qdiscs(NetlinkSocket& kernel, unsigned interface);

// 0, or the errno with which this kernel refuses a qdisc of this kind on this interface.
int try_netem(NetlinkSocket& kernel, unsigned interface);
int try_prio(NetlinkSocket& kernel, unsigned interface);
// What to do about such a refusal.
std::string advice_on_qdisc(std::string_view kind);

}  // namespace etimedout
