// Rules about links: packets that were dropped, damaged, rejected, held up; and by whom.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

// What a kernel waits for a neighbour's answer before it says "host unreachable": three ARP
// requests, one second apart (net.ipv4.neigh.*.mcast_solicit, retrans_time_ms).
constexpr Duration neighbour_wait = 2500ms;
// So many losses in a row are no accident: at 30 % loss, one connection in a hundred.
constexpr std::int64_t enough_in_a_row = 4;
constexpr Duration vicinity = 30s;
// A link that takes a quarter of a second each way is slow for any timeout below several seconds.
constexpr Duration slow_way = 100ms;

constexpr std::string_view remedy_network =
    "timeouts above the link's worst round trips and one lost packet (a SYN is sent again after "
    "1 s), retries with back-off, and alarms on loss and latency of this link";
constexpr std::string_view remedy_firewall =
    "allow this flow in the firewall (or make it reject instead of drop), and keep a connect "
    "timeout of a few seconds in the caller";
constexpr std::string_view remedy_idle =
    "keep-alive probes or pool lifetimes shorter than the firewall's idle timeout, and "
    "TCP_USER_TIMEOUT on pooled connections";
constexpr std::string_view remedy_mtu =
    "let ICMP `fragmentation needed` pass, clamp the MSS to the path, or set tcp_mtu_probing=1";

Drops of_connection(const std::vector<Crossing>& all, const Connection* connection,
                    Crossing::Phase phase, const Span& span) {
    Drops drops;
    bool dropping = false;
    std::vector<Duration> others;
    for (const Crossing& crossing : all) {
        if (!span.contains(crossing.t)) continue;
        if (crossing.of != connection || crossing.phase != phase) {
            if (crossing.passed) others.push_back(crossing.t);
            continue;
        }
        if (crossing.passed) {
            ++drops.passed;
            if (dropping) ++drops.recovered;
        } else {
            ++drops.dropped;
            if (!dropping) ++drops.runs;
            if (!drops.first) drops.first = crossing.t;
            drops.last = crossing.t;
        }
        dropping = !crossing.passed;
    }
    drops.others_passed = std::count_if(others.begin(), others.end(), [&](Duration t) {
        return drops.first && t >= *drops.first && t <= *drops.last;
    });
    return drops;
}

// Of the whole link around a span: whether drops and passes alternate within connections.
std::int64_t alternations(const std::vector<Crossing>& all, const Span& span) {
    std::int64_t found = 0;
    std::vector<const Connection*> seen;
    for (const Crossing& crossing : all) {
        if (crossing.passed || !span.contains(crossing.t)) continue;
        if (std::find(seen.begin(), seen.end(), crossing.of) != seen.end()) continue;
        seen.push_back(crossing.of);
        for (const Crossing& later : all) {
            if (later.of == crossing.of && later.phase == crossing.phase && later.t > crossing.t &&
                later.passed) {
                ++found;
                break;
            }
        }
    }
    return found;
}

std::string phase_name(Way way, Crossing::Phase phase) {
    if (phase == Crossing::Phase::data) return way == Way::up ? "segment" : "answering segment";
    return way == Way::up ? "SYN" : "SYN-ACK";
}

// Something small, such as a FIN, that came through while the same sender's data did not.
const Crossing* small_one_that_passed(const std::vector<Crossing>& all, const Connection* sender,
                                      Crossing::Phase phase, const Drops& own) {
    if (phase != Crossing::Phase::data || own.dropped < 3 || own.runs != 1 || own.recovered == 0) {
        return nullptr;
    }
    const Crossing* small = nullptr;
    for (const Crossing& crossing : all) {
        if (crossing.of == sender && crossing.passed && crossing.what == "fin" &&
            crossing.t > *own.first) {
            small = &crossing;
        }
    }
    return small;
}

// Of a fresh connection: what fits into one small packet came out of the link, and nothing of all
// that followed it at once. Every IPv4 host takes 576 bytes (RFC 791), and no link is built for
// less.
std::optional<std::string> small_start_that_passed(const Exchange& exchange, Way way,
                                                   Crossing::Phase phase, const Drops& own) {
    constexpr std::int64_t small = 536;
    const Connection* far = exchange.ends.far;
    if (way != Way::up || phase != Crossing::Phase::data || far == nullptr || exchange.reused) {
        return {};
    }
    const std::int64_t missing = exchange.near().bytes - far->bytes;
    const bool at_once = own.first && *own.first < exchange.near().began + 1s;
    if (own.dropped < 3 || own.runs != 1 || !at_once || far->bytes == 0 || far->bytes > small ||
        missing <= small) {
        return {};
    }
    return fmt::format("{} bytes came out of the link, and none of {} that followed them at once",
                       far->bytes, missing);
}

// Another connection's packet that came through in the middle of these drops, after it had been
// lost before: whatever takes them does not ask whose they are.
bool another_recovered_meanwhile(const std::vector<Crossing>& all, const Connection* sender,
                                 const Drops& own) {
    return own.first && std::any_of(all.begin(), all.end(), [&](const Crossing& later) {
               if (!later.passed || later.of == sender || later.t <= *own.first ||
                   later.t >= *own.last) {
                   return false;
               }
               return std::any_of(all.begin(), all.end(), [&](const Crossing& earlier) {
                   return !earlier.passed && earlier.of == later.of &&
                          earlier.phase == later.phase && earlier.t < later.t;
               });
           });
}

// Of the whole link: losses of one phase that nothing came through between. `lost` is 0 where
// something did: then packets are lost one by one.
struct Outage {
    std::int64_t lost = 0;
    Duration from{};
    Duration to{};
};
Outage outage_in(const std::vector<Crossing>& all, Crossing::Phase phase, const Span& span) {
    Outage outage;
    bool over = false;
    for (const Crossing& crossing : all) {
        if (crossing.phase != phase || !span.contains(crossing.t)) continue;
        if (crossing.passed) {
            over = outage.lost > 0;
            continue;
        }
        if (over) return {};
        if (outage.lost++ == 0) outage.from = crossing.t;
        outage.to = crossing.t;
    }
    return outage;
}

// One or two: what became of others around that time decides, or nothing does.
Diagnosis too_few(const std::vector<Crossing>& all, Way way, Crossing::Phase phase,
                  const Drops& own, const Span& around, std::vector<std::string> evidence) {
    std::int64_t lost_around = 0;
    for (const Crossing& crossing : all) {
        if (!crossing.passed && around.contains(crossing.t) && crossing.phase == phase) {
            ++lost_around;
        }
    }
    const std::int64_t passed_around =
        std::count_if(all.begin(), all.end(), [&](const Crossing& crossing) {
            return crossing.passed && around.contains(crossing.t) && crossing.phase == phase;
        });
    if (lost_around >= 3 && passed_around == 0) {
        evidence.push_back(
            fmt::format("nor did any other {} within {}", phase_name(way, phase), after(vicinity)));
        return Diagnosis{RootCause::firewall, Confidence::likely,
                         "packets on this link are dropped without a word", std::move(evidence),
                         std::string{remedy_firewall}};
    }
    if (lost_around > own.dropped && passed_around > 0) {
        evidence.push_back(fmt::format("{} of {} were lost around that time", lost_around,
                                       lost_around + passed_around));
        return Diagnosis{RootCause::network, Confidence::likely, "the link loses packets",
                         std::move(evidence), std::string{remedy_network}};
    }
    return not_enough("packets were lost on the link: too few to tell a lossy link from a firewall",
                      std::move(evidence),
                      "a connect timeout above 3 s shows whether the next SYNs come through");
}

bool was_idle(const Exchange& exchange, Duration& idle) {
    const Connection& near = exchange.near();
    for (const TcpMoment& moment : near.moments) {
        if (moment.what->what != "keep_alive" || moment.t < exchange.ran.from) continue;
        idle = moment.t - near.last_byte.value_or(near.began);
        return idle >= 1s;
    }
    if (!exchange.reused || exchange.request == nullptr) return false;
    const auto& requests = near.requests;
    const auto index = static_cast<std::size_t>(exchange.request - requests.data());
    if (index == 0) return false;
    idle = exchange.request->began - requests[index - 1].finished.value_or(exchange.ran.from);
    return idle >= 1s;
}

}  // namespace

Detective::Verdict_ Detective::damaged(const Exchange& exchange) const {
    std::int64_t count = 0;
    for (const Passage& ends : exchange.link->passages) {
        for (const Connection* side : {ends.near, ends.far}) {
            if (side == nullptr) continue;
            for (const TcpMoment& moment : side->moments) {
                if (moment.what->what == "damaged" && exchange.ran.contains(moment.t)) ++count;
            }
        }
    }
    // Of a packet whose addresses or ports were hit nobody can say whose it was; who gets it
    // counts.
    std::int64_t counted = 0;
    for (const int end : {exchange.link->from, exchange.link->to}) {
        if (const SceneNode* node = scene_.node(end)) {
            counted += node->grown("TcpInCsumErrors", exchange.ran) +
                       node->grown("IpInHdrErrors", exchange.ran);
        }
    }
    const bool sent_again = exchange.near().retransmissions + exchange.near().syns > 1;
    if (!exchange.is_bad() || !sent_again || std::max(count, counted) == 0) return {};
    std::vector<std::string> evidence{fmt::format("{} with a wrong checksum between {} and {}",
                                                  times(count, "packet"), at(exchange.ran.from),
                                                  at(exchange.ran.to))};
    if (counted > 0) {
        evidence.push_back(
            fmt::format("the kernels at both ends threw {} away (TcpInCsumErrors, IpInHdrErrors)",
                        times(counted, "packet")));
    }
    return Diagnosis{RootCause::network, Confidence::certain, "the link damages packets",
                     std::move(evidence),
                     "replace the cable, optics or card that flips bits, and alarm on "
                     "TcpInCsumErrors"};
}

Detective::Verdict_ Detective::icmp(const Exchange& exchange) const {
    const auto said = [&](const std::vector<Seen<Datagram>>& messages) -> const Seen<Datagram>* {
        for (const auto& message : messages) {
            if (exchange.ran.contains(message.t) && message.what->what.starts_with("unreachable")) {
                return &message;
            }
        }
        return nullptr;
    };
    const Seen<Datagram>* near = said(exchange.link->icmp_near);
    std::vector<std::string> evidence;
    Duration gap{};
    std::string kind = "an ICMP error";
    for (const TcpMoment& moment : exchange.near().moments) {
        if (moment.what->what == "icmp_error") {
            gap = moment.t - exchange.near().began;
            break;
        }
    }
    if (near != nullptr) {
        kind = fmt::format("ICMP {}", near->what->what);
        gap = near->t - exchange.near().began;
    }
    evidence.push_back(fmt::format("{} in answer to the SYN, {} after it, at {}", kind, after(gap),
                                   at(exchange.near().began + gap)));
    if (gap >= neighbour_wait) {
        evidence.push_back("so long does a router wait for a host that does not answer ARP");
        return Diagnosis{RootCause::down, Confidence::likely, "the callee's host is not there",
                         std::move(evidence),
                         "bring the host back, and take addresses out of service when hosts go"};
    }
    const Connection* far = exchange.ends.far;
    if (exchange.link->has_far && far == nullptr) {
        evidence.push_back("the SYN never came to the callee's end of the link");
        return Diagnosis{RootCause::firewall, Confidence::certain,
                         "something on the way rejects this connection", std::move(evidence),
                         std::string{remedy_firewall}};
    }
    if (far != nullptr) evidence.push_back("the SYN came to the callee's end of the link");
    return Diagnosis{RootCause::firewall, Confidence::likely,
                     "a packet filter rejects this connection", std::move(evidence),
                     std::string{remedy_firewall}};
}

Detective::Verdict_ Detective::reset_on_the_way(const Exchange& exchange) const {
    const Connection& near = exchange.near();
    const Connection* far = exchange.ends.far;
    if (!near.established || near.closed_how != "rst" || near.closed_by != "server") return {};
    if (!exchange.link->has_far || far == nullptr || !near.closed) return {};
    // What a proxy in the middle resets at one side, it ends at the other as well.
    if (far->closed && *far->closed <= *near.closed + 1s) return {};
    return Diagnosis{RootCause::firewall,
                     Confidence::certain,
                     "a reset was put into the connection on its way",
                     {fmt::format("a reset in the callee's name at {}", at(*near.closed)),
                      "at the callee's end of the link nobody ended the connection"},
                     std::string{remedy_firewall}};
}

Detective::Verdict_ Detective::dropped(const Exchange& exchange) const {
    if (!exchange.is_bad() && !exchange.left) return {};
    for (const auto phase : {Crossing::Phase::handshake, Crossing::Phase::data}) {
        for (const Way way : {Way::up, Way::down}) {
            if (const auto verdict = dropped_on(exchange, way, phase)) return verdict;
        }
    }
    return {};
}

Detective::Verdict_ Detective::dropped_on(const Exchange& exchange, Way way,
                                          Crossing::Phase phase) const {
    const std::vector<Crossing> all = crossings_of(*exchange.link, way, scene_.end());
    const Connection* sender = way == Way::up ? exchange.ends.near : exchange.ends.far;
    if (sender == nullptr) return {};
    const Span span{exchange.ran.from, exchange.ran.to + 1s};
    const Drops own = of_connection(all, sender, phase, span);
    if (own.dropped == 0) return {};
    const Span around{span.from - vicinity, span.to + vicinity};
    const std::int64_t alternating =
        alternations(all, around) +
        alternations(
            crossings_of(*exchange.link, way == Way::up ? Way::down : Way::up, scene_.end()),
            around);
    std::vector<std::string> evidence{fmt::format(
        "{} of {} sent from {} to {} did not come out at the other end of the link", own.dropped,
        times(own.dropped + own.passed, phase_name(way, phase)), at(*own.first), at(*own.last))};
    if (const Crossing* small = small_one_that_passed(all, sender, phase, own)) {
        evidence.push_back(fmt::format("its FIN did, at {}: small packets pass", at(small->t)));
        return Diagnosis{RootCause::network, Confidence::likely,
                         "large packets vanish, small ones pass: an MTU black hole",
                         std::move(evidence), std::string{remedy_mtu}};
    }
    if (const auto start = small_start_that_passed(exchange, way, phase, own)) {
        evidence.push_back(*start + ": small packets pass");
        return Diagnosis{RootCause::network, Confidence::likely,
                         "large packets vanish, small ones pass: an MTU black hole",
                         std::move(evidence), std::string{remedy_mtu}};
    }
    if (another_recovered_meanwhile(all, sender, own)) {
        evidence.push_back(
            "in between, a packet of another connection came through that had been lost before");
        return Diagnosis{RootCause::network, Confidence::likely,
                         "the link loses packets, or goes down and up", std::move(evidence),
                         std::string{remedy_network}};
    }
    const Outage outage = outage_in(all, phase, around);
    // By itself it shows too little, or its own next packets came through when that was over.
    const bool unclear = own.dropped < 3 || own.recovered > 0;
    if (phase == Crossing::Phase::handshake && unclear && outage.lost >= enough_in_a_row &&
        outage.lost > own.dropped) {
        evidence.push_back(
            fmt::format("nor did any other on this link between {} and {}, {} in all",
                        at(outage.from), at(outage.to), outage.lost));
        return Diagnosis{RootCause::firewall, Confidence::likely,
                         "packets on this link are dropped without a word", std::move(evidence),
                         std::string{remedy_firewall}};
    }
    const bool all_lost = own.passed == 0;
    const bool row = own.dropped >= enough_in_a_row && own.runs == 1;
    if (alternating > 0 && !(row && all_lost && alternating < 2)) {
        evidence.push_back(
            fmt::format("of {} on this link, later ones came through: packets are "
                        "lost one by one, not by a rule",
                        times(alternating, "connection")));
        return Diagnosis{
            RootCause::network, alternating > 1 ? Confidence::certain : Confidence::likely,
            "the link loses packets", std::move(evidence), std::string{remedy_network}};
    }
    if (own.others_passed > 0) {
        evidence.push_back(fmt::format("{} passed the link in the same direction meanwhile",
                                       times(own.others_passed, "other packet")));
    }
    if (own.dropped >= 3 && own.runs == 1) {
        return by_a_rule(exchange, way, phase, own, std::move(evidence));
    }
    return too_few(all, way, phase, own, around, std::move(evidence));
}

// Several in a row, and none came through.
Diagnosis Detective::by_a_rule(const Exchange& exchange, Way way, Crossing::Phase phase,
                               const Drops& own, std::vector<std::string> evidence) const {
    Duration idle{};
    if (phase == Crossing::Phase::data && was_idle(exchange, idle)) {
        evidence.push_back(fmt::format("the connection had been idle for {} before", after(idle)));
        return {RootCause::firewall, Confidence::likely,
                "something on the way has forgotten an idle connection", std::move(evidence),
                std::string{remedy_idle}};
    }
    if (!own.is_selective()) {
        const std::vector<Crossing> back =
            crossings_of(*exchange.link, way == Way::up ? Way::down : Way::up, scene_.end());
        const bool alive = std::any_of(back.begin(), back.end(), [&](const Crossing& crossing) {
            return crossing.passed && crossing.t >= *own.first && crossing.t <= *own.last;
        });
        evidence.push_back(alive ? "nothing else tried that way meanwhile: a delay that is longer "
                                   "than the log would look the same"
                                 : "nothing else tried meanwhile: a link without carrier, or a "
                                   "delay that is longer than the log, would look the same");
    }
    const bool sure = own.dropped >= enough_in_a_row && own.is_selective();
    return {RootCause::firewall, sure ? Confidence::certain : Confidence::likely,
            way == Way::up ? "packets to the callee are dropped without a word"
                           : "the callee's answers are dropped without a word",
            std::move(evidence), std::string{remedy_firewall}};
}

// A carrier that is gone takes packets before any capture sees them: only the sender has counted
// what it sent again, or, where its kernel has dropped the route, what it had none for.
Detective::Verdict_ Detective::unseen_retransmissions(const Exchange& exchange) const {
    if (!exchange.is_bad()) return {};
    for (const bool is_caller : {true, false}) {
        const int index = is_caller ? exchange.link->from : exchange.link->to;
        const SceneNode* node = scene_.node(index);
        if (node == nullptr || node->counters.empty()) continue;
        const std::string_view who = is_caller ? "caller" : "callee";
        const std::int64_t routeless = node->grown("IpOutNoRoutes", exchange.ran);
        if (exchange.near().established && routeless > 0) {
            return Diagnosis{
                RootCause::network,
                Confidence::likely,
                "the link is down",
                {fmt::format("the {} had {} for an open connection and no route any more "
                             "(IpOutNoRoutes), as when an interface loses its carrier",
                             who, times(routeless, "packet")),
                 fmt::format("between {} and {}", at(exchange.ran.from), at(exchange.ran.to))},
                "a second path, and alarms on the link's carrier"};
        }
        // A callee may be answering others that we do not see: half-open connections of anybody.
        const std::int64_t of_others = !is_caller && exchange.symptom == Symptom::connecting
                                           ? node->grown("TcpExtTCPSynRetrans", exchange.ran)
                                           : 0;
        const std::int64_t unseen = node->grown("TcpRetransSegs", exchange.ran) - of_others -
                                    seen_again(index, exchange.ran.from);
        if (unseen < 2) continue;
        return Diagnosis{
            RootCause::network,
            Confidence::likely,
            "the link is down",
            {fmt::format("the {} sent {} again (TcpRetransSegs) that never came onto the wire", who,
                         times(unseen, "segment")),
             fmt::format("between {} and {}", at(exchange.ran.from), at(exchange.ran.to))},
            "a second path, and alarms on the link's carrier"};
    }
    return {};
}

// Of all links: what this node sent again from then on, as its own ends of them saw it.
std::int64_t Detective::seen_again(int node, Duration from) const {
    std::int64_t seen = 0;
    const auto count = [&](const Connection* side, std::string_view by) {
        if (side == nullptr) return;
        for (const TcpMoment& moment : side->moments) {
            const bool again =
                moment.what->retransmission > 0 || moment.what->what == "retransmission";
            if (again && moment.what->by == by && moment.t >= from) ++seen;
        }
    };
    for (const SceneLink& link : scene_.links()) {
        for (const Passage& ends : link.passages) {
            if (link.from == node) count(ends.near, "client");
            if (link.to == node) count(ends.far, "server");
        }
    }
    return seen;
}

// The callee's answer was acknowledged, since it was not sent again, and did not come out of the
// link.
Detective::Verdict_ Detective::answer_kept_back(const Exchange& exchange) const {
    const bool nothing_came = exchange.request != nullptr && exchange.request->response == nullptr;
    const Connection* far = exchange.ends.far;
    if (!nothing_came || far == nullptr || exchange.far_request == nullptr ||
        exchange.far_request->response == nullptr ||
        exchange.far_request->answered + slow_way > exchange.ran.to) {
        return {};
    }
    if (happened(*far, "retransmission", "server", {Duration::zero(), scene_.end()})) return {};
    return Diagnosis{
        RootCause::network,
        Confidence::likely,
        "something on the way took the callee's answer, and did not pass it on",
        {fmt::format("the callee answered at {}", at(exchange.far_request->answered)),
         "the answer was acknowledged: it was not sent again",
         fmt::format("none of it came out of the link until {}", at(exchange.ran.to))},
        "a look at what stands between: proxies, tunnels, inspection; and a read timeout in the "
        "caller"};
}

Detective::Verdict_ Detective::slow_link(const Suspect& suspect, const Exchange& exchange) const {
    const auto spent = time_spent(exchange, scene_.end());
    if (!spent || (!exchange.is_bad() && !exchange.left && suspect.end == nullptr)) return {};
    constexpr std::int64_t much = 16'384;
    if (spent->is_flowing && exchange.symptom == Symptom::stalled && spent->under_way >= much) {
        return Diagnosis{RootCause::network,
                         Confidence::certain,
                         "the link is too narrow for what was asked",
                         {fmt::format("bytes were still coming in at {}; the callee had sent {} "
                                      "more, which waited for the link",
                                      at(exchange.ran.to), spent->under_way)},
                         "compress or page large answers, and bound the idle time of a download "
                         "rather than its total time"};
    }
    if (!spent->is_flowing && exchange.symptom == Symptom::stalled && spent->under_way > 0) {
        if (is_streaming(suspect, exchange)) return {};
        return Diagnosis{
            RootCause::network,
            Confidence::likely,
            "the link holds back what the callee has sent",
            {fmt::format("the callee sent {} bytes more than came out of the link, of which the "
                         "last came at {}",
                         spent->under_way,
                         at(exchange.near().last_byte.value_or(exchange.ran.from))),
             fmt::format("nothing more came until {}", at(exchange.ran.to))},
            "an idle timeout on downloads, and a look at what stands between: proxies, tunnels, "
            "shapers"};
    }
    if (const auto verdict = answer_kept_back(exchange)) return verdict;
    const Duration took =
        std::max(exchange.took(),
                 suspect.chain.size() == 1 ? suspect.ran.to - suspect.ran.from : exchange.took());
    if (spent->longest_way < slow_way) return {};
    const Duration lost = std::max(spent->on_link, spent->longest_way);
    if (lost < spent->at_callee || lost < took / 4) return {};
    std::vector<std::string> evidence{
        fmt::format("{} of {} were spent on the link, {} at the callee", after(spent->on_link),
                    after(took), after(spent->at_callee)),
        fmt::format("the slowest crossing took {}", after(spent->longest_way))};
    return Diagnosis{RootCause::network, lost > took / 3 ? Confidence::certain : Confidence::likely,
                     "the link is slow: packets arrive, but late", std::move(evidence),
                     std::string{remedy_network}};
}

// One end only: nobody saw what became of the packets, or who sent the answer.
Detective::Verdict_ Detective::one_sided(const Exchange& exchange) const {
    if (exchange.link->has_far) return {};
    const Connection& near = exchange.near();
    std::vector<std::string> evidence;
    if (exchange.symptom == Symptom::unacknowledged) {
        evidence.push_back(fmt::format("data was sent again {} without an acknowledgement",
                                       times(near.retransmissions, "time")));
        return not_enough("the peer, or the way to it, has gone silent on an open connection",
                          std::move(evidence),
                          "capture at the callee's end too: do the packets get there?");
    }
    return {};
}

}  // namespace etimedout
