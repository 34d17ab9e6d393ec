// Shaper: the qdiscs of one egress, and the packet faults in them.
#include "simulator/net/shaper.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/base/rng.hh"
#include "simulator/net/interface.hh"

namespace etimedout {

namespace {

constexpr std::uint32_t root_handle = 0x10000;  // 1:

std::uint32_t class_of(std::size_t band) {
    return root_handle | (static_cast<std::uint32_t>(band) + 1);
}
std::uint32_t handle_of(std::size_t band) {
    return (static_cast<std::uint32_t>(band) + 0x10U) << 16U;
}

}  // namespace

Shaper::Shaper(Plan plan)
    : plan_{std::move(plan)},
      kernel_{plan_.network_namespace},
      interface_{interface_facts(plan_.network_namespace, plan_.interface).index} {
    set_prio(kernel_, {.interface = interface_, .handle = root_handle});
    bands_[0].marks = Marks{0};
    build(faults_);
}

bool Shaper::covers(const Fault& fault, const Band& band) const {
    return band.marks && (!fault.mark || (*band.marks & *fault.mark) != 0);
}

PacketPlan Shaper::merged(Marks marks, const std::vector<Fault>& faults) const {
    std::vector<PacketPlan> plans;
    for (const auto& fault : faults) {
        if (!fault.mark || (marks & *fault.mark) != 0) plans.push_back(fault.plan);
    }
    return merge_plans(plan_.base, plans);
}

void Shaper::build(const std::vector<Fault>& faults) {
    // Merging is what can fail for a reason of the scenario's: all of it comes first.
    std::array<PacketPlan, prio_bands> plans;
    for (std::size_t i = 0; i < prio_bands; ++i) {
        if (bands_[i].marks) plans[i] = merged(*bands_[i].marks, faults);
    }
    ++generation_;
    for (std::size_t i = 0; i < prio_bands; ++i) {
        if (!bands_[i].marks) continue;
        // Another stream each time, so that a fault armed again does not repeat its first chances.
        Rng chance{plan_.seed, fmt::format("netem/{}/{}/{}", plan_.stream, i, generation_)};
        set_netem(kernel_, {.interface = interface_, .parent = class_of(i), .handle = handle_of(i)},
                  plans[i], chance.next());
        bands_[i].built = true;
    }
}

Shaper::Counters Shaper::read() {
    Counters now{};
    const auto all = read_qdiscs(kernel_, interface_);
    for (std::size_t i = 0; i < prio_bands; ++i) {
        if (const auto found = all.find(handle_of(i)); found != all.end()) now[i] = found->second;
    }
    return now;
}

void Shaper::add_since(ShapedPackets& sum, const Fault& fault, std::size_t band,
                       const Counters& now) const {
    sum.seen += now[band].seen() - fault.since[band].seen();
    sum.dropped += now[band].drops - fault.since[band].drops;
    sum.overtook += now[band].requeues - fault.since[band].requeues;
}

void Shaper::arm(const std::string& id, const PacketPlan& plan, std::optional<Marks> mark) {
    std::vector<Fault> faults = faults_;
    Fault& added = faults.emplace_back(Fault{.id = id, .plan = plan, .mark = mark});
    added.since = read();
    const auto bands_before = bands_;
    if (mark) {
        const auto in_use = bands_;
        for (const Band& band : in_use) {
            if (!band.marks) continue;
            const auto free = std::ranges::find_if(bands_, [](const Band& b) { return !b.marks; });
            if (free == bands_.end()) {
                bands_ = bands_before;
                throw Error{fmt::format("fault {}: a link takes four packet faults with selectors "
                                        "at a time in one direction",
                                        id),
                            "heal one of the others first, or leave its selectors out"};
            }
            free->marks = *band.marks | *mark;
            // What that band counted in an earlier use is no fault's of now.
            const auto index = static_cast<std::size_t>(free - bands_.begin());
            for (auto& fault : faults) fault.since[index] = added.since[index];
        }
    }
    try {
        build(faults);
    } catch (...) {
        bands_ = bands_before;
        throw;
    }
    faults_ = std::move(faults);
}

bool Shaper::has(const std::string& id) const {
    return std::ranges::find(faults_, id, &Fault::id) != faults_.end();
}

Shaper::Fault& Shaper::find(const std::string& id) {
    const auto found = std::ranges::find(faults_, id, &Fault::id);
    if (found == faults_.end()) throw Error{fmt::format("no packet fault {} is armed", id)};
    return *found;
}

ShapedPackets Shaper::seen(const std::string& id) {
    const Fault& fault = find(id);
    const Counters now = read();
    ShapedPackets sum = fault.before;
    for (std::size_t i = 0; i < prio_bands; ++i) {
        if (covers(fault, bands_[i])) add_since(sum, fault, i, now);
    }
    return sum;
}

ShapedPackets Shaper::heal(const std::string& id) {
    const ShapedPackets last = seen(id);
    const Fault healed = find(id);
    std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; });
    if (healed.mark) {
        const Counters now = read();
        for (std::size_t i = 0; i < prio_bands; ++i) {
            if (!bands_[i].marks || (*bands_[i].marks & *healed.mark) == 0) continue;
            for (auto& fault : faults_) {
                if (!covers(fault, bands_[i])) continue;
                add_since(fault.before, fault, i, now);
            }
            bands_[i].marks.reset();
        }
    }
    build(faults_);
    return last;
}

std::vector<PacketBand> Shaper::bands() const {
    std::vector<PacketBand> result;
    for (std::size_t i = 1; i < prio_bands; ++i) {
        if (bands_[i].marks) result.push_back({*bands_[i].marks, class_of(i)});
    }
    return result;
}

QdiscStats Shaper::stats() {
    QdiscStats sum;
    for (const auto& band : read()) {
        sum.packets += band.packets;
        sum.bytes += band.bytes;
        sum.drops += band.drops;
        sum.requeues += band.requeues;
        sum.backlog += band.backlog;
        sum.waiting += band.waiting;
    }
    return sum;
}

}  // namespace etimedout
