// Shaper: the qdiscs of one egress, and the packet faults in them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/net/netem.hh"
#include "simulator/net/packet_band.hh"

namespace etimedout {

struct ShapedPackets {
    std::int64_t seen = 0;  // came by
    std::int64_t dropped = 0;
    std::int64_t overtook = 0;
};

// A root prio qdisc with one netem in each band in use: the first for packets without marks, one
// for each combination of marks that faults with selectors can put on a packet. Faults without
// selectors are in every band. Arming and healing change bands in place: packets on their way
// keep going, and those in a band given up leave it when they were going to. Each band has the
// whole of a rate.
class Shaper {
public:
    struct Plan {
        int network_namespace = -1;
        std::string interface {};
        PacketPlan base{};
        std::uint64_t seed = 0;
        std::string stream{};  // keeps the chances of two shapers apart
    };
    // Throws NetlinkError when the kernel lacks prio or netem.
    explicit Shaper(Plan plan);

    // `mark`: the bit that the fault's packets carry; nothing for all packets. Throws Error, and
    // changes nothing, where the plans of a band cannot be merged or bands run out (four faults
    // with selectors at a time).
    void arm(const std::string& fault, const PacketPlan& plan, std::optional<Marks> mark);
    ShapedPackets heal(const std::string& fault);
    // Since it was armed.
    ShapedPackets seen(const std::string& fault);
    bool has(const std::string& fault) const;
    // All but the first.
    std::vector<PacketBand> bands() const;
    QdiscStats stats();

private:
    struct Band {
        std::optional<Marks> marks{};  // nothing: not in use
        bool built = false;            // has a netem, maybe from an earlier use
    };
    struct Fault {
        std::string id;
        PacketPlan plan;
        std::optional<Marks> mark;
        ShapedPackets before{};  // in bands that are not in use any more
        std::array<QdiscStats, prio_bands> since{};
    };
    using Counters = std::array<QdiscStats, prio_bands>;

    Counters read();
    bool covers(const Fault& fault, const Band& band) const;
    void add_since(ShapedPackets& sum, const Fault& fault, std::size_t band,
                   const Counters& now) const;
    PacketPlan merged(Marks marks, const std::vector<Fault>& faults) const;
    void build(const std::vector<Fault>& faults);
    Fault& find(const std::string& fault);

    Plan plan_;
    NetlinkSocket kernel_;
    unsigned interface_ = 0;
    std::uint64_t generation_ = 0;
    std::array<Band, prio_bands> bands_{};
    std::vector<Fault> faults_{};
};

}  // namespace etimedout
