// netem: packet plans merged into one, and that one put into the kernel.
#include "simulator/net/netem.hh"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <fmt/format.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <sys/socket.h>

#include "simulator/net/distribution.hh"

namespace etimedout {

namespace {

// From linux/pkt_sched.h of Linux 6.6; older headers lack it, older kernels ignore it.
constexpr int netem_prng_seed = 14;

Probability either(Probability a, Probability b) {
    return {1.0 - (1.0 - a.value) * (1.0 - b.value)};
}

std::uint32_t share_of_all_numbers(Probability share) {
    const double highest = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::lround(std::clamp(share.value, 0.0, 1.0) * highest));
}

Probability larger(Probability a, Probability b) { return a.value < b.value ? b : a; }

// The chain of losses in which a share of `loss` is lost and neighbours correlate as asked:
// P(lost | last lost) - P(lost | last kept) is the correlation, and `loss` its steady state.
GilbertElliott with_memory(Probability loss, Probability correlation) {
    const double fresh = 1.0 - correlation.value;
    return {.to_bad = {loss.value * fresh},
            .to_good = {(1.0 - loss.value) * fresh},
            .loss_in_bad = {1.0},
            .loss_in_good = {0.0}};
}

void merge_jitter(PacketPlan& into, const PacketPlan& plan) {
    if (plan.jitter == Duration::zero()) return;
    if (into.jitter == Duration::zero()) {
        into.distribution = plan.distribution;
    } else if (into.distribution != plan.distribution) {
        into.distribution = Distribution::normal;
    }
    into.jitter = Duration{std::llround(std::hypot(static_cast<double>(into.jitter.count()),
                                                   static_cast<double>(plan.jitter.count())))};
}

void merge_loss(PacketPlan& into, const PacketPlan& plan) {
    std::optional<GilbertElliott> bursts = plan.bursts;
    if (plan.loss.value > 0 && plan.loss_correlation.value > 0) {
        if (bursts) {
            throw Error{"a plan with both bursts and correlated losses",
                        "leave the correlation out, bursts have their own"};
        }
        bursts = with_memory(plan.loss, plan.loss_correlation);
    } else {
        into.loss = either(into.loss, plan.loss);
    }
    if (!bursts) return;
    if (into.bursts) {
        throw Error{
            "two losses with memory (burst_loss, or loss with a correlation) in one "
            "direction of a link",
            "arm one of them, and add a loss without correlation for the rest"};
    }
    into.bursts = bursts;
}

}  // namespace

PacketPlan merge_plans(const PacketPlan& base, std::span<const PacketPlan> plans) {
    PacketPlan merged;
    const auto merge = [&](const PacketPlan& plan) {
        merged.delay += plan.delay;
        merge_jitter(merged, plan);
        merge_loss(merged, plan);
        merged.delay_correlation = larger(merged.delay_correlation, plan.delay_correlation);
        merged.duplicate = either(merged.duplicate, plan.duplicate);
        merged.duplicate_correlation =
            larger(merged.duplicate_correlation, plan.duplicate_correlation);
        merged.corrupt = either(merged.corrupt, plan.corrupt);
        merged.corrupt_correlation = larger(merged.corrupt_correlation, plan.corrupt_correlation);
        merged.reorder = either(merged.reorder, plan.reorder);
        merged.reorder_correlation = larger(merged.reorder_correlation, plan.reorder_correlation);
        merged.reorder_gap = std::max(merged.reorder_gap, plan.reorder_gap);
        const bool limited = plan.rate && plan.rate->bits_per_second > 0;
        if (limited && (!merged.rate || *plan.rate < *merged.rate)) merged.rate = plan.rate;
        if (plan.queue && (!merged.queue || *plan.queue < *merged.queue)) {
            merged.queue = plan.queue;
        }
    };
    merge(base);
    for (const auto& plan : plans) merge(plan);
    if (merged.bursts) {
        // netem asks either the model or plain chance, so chance becomes part of the model.
        merged.bursts->loss_in_bad = either(merged.bursts->loss_in_bad, merged.loss);
        merged.bursts->loss_in_good = either(merged.bursts->loss_in_good, merged.loss);
        merged.loss = {};
    }
    return merged;
}

std::uint32_t calibrated_chance(Probability share, Probability correlation) {
    if (share.value <= 0 || share.value >= 1 || correlation.value <= 0)
        return share_of_all_numbers(share);
    // netem's numbers are x' = (1 - c) u + c x with u uniform. Their steady density comes from
    // applying that to a histogram until it rests; the threshold is its quantile.
    constexpr std::size_t cells = 1024;
    const double memory = std::min(correlation.value, 0.999);
    const auto width = static_cast<double>(cells);
    // The cumulative distribution at the cells' borders; uniform to begin with.
    std::vector<double> cdf(cells + 1);
    for (std::size_t i = 0; i <= cells; ++i) cdf[i] = static_cast<double>(i) / width;
    // Its integral, so that the mean over a window is one subtraction.
    std::vector<double> integral(cells + 1);
    const auto integral_at = [&](double x) {
        if (x <= 0) return 0.0;
        if (x >= 1) return integral[cells] + (x - 1);
        const double place = x * width;
        const auto cell = static_cast<std::size_t>(place);
        const double part = place - static_cast<double>(cell);
        const double here = cdf[cell] + (cdf[cell + 1] - cdf[cell]) * part / 2;
        return integral[cell] + here * part / width;
    };
    const int rounds = static_cast<int>(std::ceil(std::log(1e-6) / std::log(memory))) + 1;
    for (int round = 0; round < std::min(rounds, 2000); ++round) {
        for (std::size_t i = 0; i < cells; ++i) {
            integral[i + 1] = integral[i] + (cdf[i] + cdf[i + 1]) / 2 / width;
        }
        std::vector<double> next(cells + 1);
        for (std::size_t i = 0; i <= cells; ++i) {
            // P(x' <= y): the mean over u of the old distribution at (y - (1 - c) u) / c.
            const double y = static_cast<double>(i) / width;
            const double from = (y - (1 - memory)) / memory;
            const double to = y / memory;
            next[i] =
                std::clamp((integral_at(to) - integral_at(from)) * memory / (1 - memory), 0.0, 1.0);
        }
        cdf = std::move(next);
    }
    const auto above = std::ranges::lower_bound(cdf, share.value);
    const auto cell = static_cast<std::size_t>(above - cdf.begin());
    if (cell == 0) return 0;
    const double part = (share.value - cdf[cell - 1]) / (cdf[cell] - cdf[cell - 1]);
    return share_of_all_numbers({(static_cast<double>(cell - 1) + part) / width});
}

// ------------------------------------------------------------------ messages

namespace {

NetlinkMessage qdisc_message(const QdiscPlace& place, std::string_view kind) {
    NetlinkMessage message{RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE};
    message.header(tcmsg{.tcm_family = AF_UNSPEC,
                         .tcm_ifindex = static_cast<int>(place.interface),
                         .tcm_handle = place.handle,
                         .tcm_parent = place.parent,
                         .tcm_info = 0});
    message.put_text(TCA_KIND, kind);
    return message;
}

void send_qdisc(NetlinkSocket& kernel, NetlinkMessage& message, std::string_view kind) {
    const std::string attempt = fmt::format("set up a {} qdisc", kind);
    try {
        kernel.request(message, attempt);
    } catch (const NetlinkError& failure) {
        const int error = failure.code().value();
        if (error != ENOENT && error != EOPNOTSUPP) throw;
        throw NetlinkError{attempt, error, {}, advice_on_qdisc(kind)};
    }
}

void put_options(NetlinkMessage& message, const PacketPlan& plan, std::uint64_t seed) {
    message.put(TCA_NETEM_LATENCY64, std::int64_t{plan.delay.count()});
    message.put(TCA_NETEM_JITTER64, std::int64_t{plan.jitter.count()});
    message.put(TCA_NETEM_CORR,
                tc_netem_corr{.delay_corr = share_of_all_numbers(plan.delay_correlation),
                              .loss_corr = 0,
                              .dup_corr = share_of_all_numbers(plan.duplicate_correlation)});
    message.put(
        TCA_NETEM_REORDER,
        tc_netem_reorder{.probability = calibrated_chance(plan.reorder, plan.reorder_correlation),
                         .correlation = share_of_all_numbers(plan.reorder_correlation)});
    message.put(
        TCA_NETEM_CORRUPT,
        tc_netem_corrupt{.probability = calibrated_chance(plan.corrupt, plan.corrupt_correlation),
                         .correlation = share_of_all_numbers(plan.corrupt_correlation)});
    std::uint64_t bytes_per_second = 0;
    if (plan.rate && plan.rate->bits_per_second > 0) {
        bytes_per_second =
            static_cast<std::uint64_t>(std::max<std::int64_t>(1, plan.rate->bits_per_second / 8));
    }
    constexpr std::uint64_t highest = std::numeric_limits<std::uint32_t>::max();
    message.put(
        TCA_NETEM_RATE,
        tc_netem_rate{.rate = static_cast<std::uint32_t>(std::min(bytes_per_second, highest))});
    message.put(TCA_NETEM_RATE64, bytes_per_second);
    if (plan.bursts) {
        message.nest(TCA_NETEM_LOSS, [&] {
            message.put(
                NETEM_LOSS_GE,
                tc_netem_gemodel{.p = share_of_all_numbers(plan.bursts->to_bad),
                                 .r = share_of_all_numbers(plan.bursts->to_good),
                                 .h = share_of_all_numbers({1.0 - plan.bursts->loss_in_bad.value}),
                                 .k1 = share_of_all_numbers(plan.bursts->loss_in_good)});
        });
    }
    if (plan.jitter > Duration::zero()) {
        // Also for uniform: a table that an earlier plan brought would stay.
        const auto& table = distribution_table(plan.distribution);
        message.put_bytes(TCA_NETEM_DELAY_DIST, std::as_bytes(std::span{table}));
    }
    message.put(netem_prng_seed, seed);
}

}  // namespace

void set_netem(NetlinkSocket& kernel, const QdiscPlace& place, const PacketPlan& plan,
               std::uint64_t seed) {
    constexpr Duration longest_jitter{std::numeric_limits<std::int32_t>::max()};
    if (plan.jitter > longest_jitter) {
        throw Error{fmt::format("a jitter of {}: netem takes at most 2.147s",
                                Scalar<Duration>::write(plan.jitter)),
                    "take less; a longer delay can be any"};
    }
    NetlinkMessage message = qdisc_message(place, "netem");
    // By convention a gap of 1 asks chance for each packet; 0 would switch overtaking off.
    const bool reorders = plan.reorder.value > 0;
    const tc_netem_qopt options{
        .latency = 0,
        .limit = static_cast<std::uint32_t>(plan.queue.value_or(unlimited_queue)),
        .loss = share_of_all_numbers(plan.loss),
        .gap = reorders ? std::max(1U, plan.reorder_gap) : 0U,
        .duplicate = calibrated_chance(plan.duplicate, plan.duplicate_correlation),
        .jitter = 0};
    message.nest_behind(TCA_OPTIONS, options, [&] { put_options(message, plan, seed); });
    send_qdisc(kernel, message, "netem");
}

void set_prio(NetlinkSocket& kernel, const QdiscPlace& place) {
    NetlinkMessage message = qdisc_message(place, "prio");
    tc_prio_qopt options{.bands = prio_bands, .priomap = {}};
    message.put(TCA_OPTIONS, options);
    send_qdisc(kernel, message, "prio");
}

std::map<std::uint32_t, QdiscStats> read_qdiscs(NetlinkSocket& kernel, unsigned interface) {
    std::map<std::uint32_t, QdiscStats> found;
    NetlinkMessage message{RTM_GETQDISC, NLM_F_DUMP};
    message.header(tcmsg{.tcm_family = AF_UNSPEC, .tcm_ifindex = static_cast<int>(interface)});
    kernel.collect(message, "read the counters of qdiscs", [&](const nlmsghdr& answer) {
        const auto* head = static_cast<const tcmsg*>(payload_of(answer));
        if (head->tcm_ifindex != static_cast<int>(interface)) return;
        const auto counters = attributes_of(answer, sizeof(tcmsg)).nested(TCA_STATS2);
        if (!counters) return;
        const auto basic = counters->value<gnet_stats_basic>(TCA_STATS_BASIC);
        const auto queue = counters->value<gnet_stats_queue>(TCA_STATS_QUEUE);
        QdiscStats& stats = found[head->tcm_handle];
        if (basic) {
            stats.packets = basic->packets;
            stats.bytes = static_cast<std::int64_t>(basic->bytes);
        }
        if (queue) {
            stats.drops = queue->drops;
            stats.requeues = queue->requeues;
            stats.backlog = queue->backlog;
            stats.waiting = queue->qlen;
        }
    });
    return found;
}

int try_netem(NetlinkSocket& kernel, unsigned interface) {
    NetlinkMessage message = qdisc_message({.interface = interface, .handle = 0x10000U}, "netem");
    message.nest_behind(TCA_OPTIONS, tc_netem_qopt{.limit = 1000}, [] {});
    return kernel.try_request(message, "probe for netem");
}

int try_prio(NetlinkSocket& kernel, unsigned interface) {
    NetlinkMessage message = qdisc_message({.interface = interface, .handle = 0x10000U}, "prio");
    message.put(TCA_OPTIONS, tc_prio_qopt{.bands = prio_bands, .priomap = {}});
    return kernel.try_request(message, "probe for prio");
}

std::string advice_on_qdisc(std::string_view kind) {
    return fmt::format("this kernel has no sch_{0}: run with --time virtual, or modprobe sch_{0}",
                       kind);
}

}  // namespace etimedout
