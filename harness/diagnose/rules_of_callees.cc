// Rules about callees: what their kernel counted, their sockets hold and their program says.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

// A queue that is so short overflows in a burst although the program keeps up.
constexpr std::int64_t short_queue = 16;

constexpr std::string_view remedy_overload =
    "find what keeps the program from accepting (blocked workers, long pauses), bound its work, "
    "shed load early, and alarm on TcpExtListenOverflows and Recv-Q";
constexpr std::string_view remedy_backlog =
    "raise the program's listen() backlog and net.core.somaxconn (and tcp_max_syn_backlog), with "
    "syncookies on";
constexpr std::string_view remedy_down =
    "supervise and restart the service, take it out of the load balancer before it stops, and "
    "retry refused connections with back-off";
constexpr std::string_view remedy_application =
    "a deadline for every piece of work inside the service, and an answer (503) when it passes; "
    "read timeouts and a circuit breaker in its callers";
constexpr std::string_view remedy_silent =
    "look at the callee's own packet filter, its memory and its listener";

const Listener* listener_at(const Sockets* sockets, std::int64_t port) {
    if (sockets == nullptr) return nullptr;
    const Listener* found = nullptr;
    for (const Listener& listener : sockets->listeners) {
        if (listener.port == port && (found == nullptr || listener.queue > found->queue)) {
            found = &listener;
        }
    }
    return found;
}

// What programs have not read. The FIN of a caller who has left counts as one byte of Recv-Q until
// its connection is closed (tcp_diag: rcv_nxt - copied_seq).
std::int64_t unread_bytes(const Sockets& sockets) {
    const auto left = sockets.states.find("CLOSE-WAIT");
    const std::int64_t ends = left == sockets.states.end() ? 0 : left->second;
    return std::max<std::int64_t>(0, sockets.receive_queue - ends);
}

std::vector<std::int64_t> ports_of(const Sockets& sockets) {
    std::vector<std::int64_t> ports;
    for (const Listener& listener : sockets.listeners) {
        if (std::find(ports.begin(), ports.end(), listener.port) == ports.end()) {
            ports.push_back(listener.port);
        }
    }
    return ports;
}

// Other requests of the same link that were answered in this time.
std::int64_t answered_in(const Exchange& exchange, const Span& span) {
    std::int64_t count = 0;
    for (const Connection& other : exchange.link->near.connections) {
        for (const Request& request : other.requests) {
            if (&request == exchange.request || request.response == nullptr) continue;
            if (request.answered > span.from && request.answered < span.to) ++count;
        }
    }
    return count;
}

// Other requests of the same link that were at work at the callee at this time.
std::int64_t in_work_at(const Exchange& exchange, Duration t) {
    std::int64_t count = 0;
    for (const Connection& other : exchange.link->far.connections) {
        for (const Request& request : other.requests) {
            if (&request == exchange.far_request || request.sent > t) continue;
            if (request.response == nullptr || request.answered > t) ++count;
        }
    }
    return count;
}

// What samples of an accept queue say that has overflowed in this time.
struct QueueSeen {
    std::optional<std::int64_t> backlog{};  // nothing: no sample has this listener
    bool drained = false;                   // half empty again after it had overflowed
    std::string evidence{};
};
QueueSeen queue_seen(const SceneNode& callee, std::int64_t port, const Span& span) {
    constexpr auto counter = "TcpExtListenOverflows";
    // A call's end is followed by a sample.
    constexpr Duration at_its_end = 10ms;
    std::vector<Seen<Sockets>> samples = callee.sockets_in(span);
    if (const Seen<Sockets>* next = callee.sockets_after(span.to)) samples.push_back(*next);
    const std::int64_t before = callee.value(counter, span.from);
    QueueSeen seen;
    std::optional<Listener> fullest;
    std::optional<Duration> empty;
    bool full = false;
    for (const auto& sample : samples) {
        const Listener* listener = listener_at(sample.what, port);
        if (listener == nullptr) continue;
        seen.backlog = listener->backlog;
        if (sample.t > span.to + at_its_end) continue;
        if (!fullest || listener->queue > fullest->queue) fullest = *listener;
        full = full || listener->queue > listener->backlog;
        const bool overflowed = full || callee.value(counter, sample.t) > before;
        if (overflowed && !empty && listener->queue <= listener->backlog / 2) empty = sample.t;
    }
    seen.drained = empty.has_value();
    if (!seen.backlog) return seen;
    // A queue holds one more than its backlog.
    const std::int64_t holds = *seen.backlog + 1;
    if (fullest && fullest->queue > *seen.backlog / 2) {
        seen.evidence = fmt::format("{} waited in its accept queue, which holds {}",
                                    times(fullest->queue, "connection"), holds);
        if (empty) seen.evidence += fmt::format("; at {} it was at most half full", at(*empty));
    } else if (empty) {
        seen.evidence = fmt::format("its accept queue, which holds {}, had room again at {}", holds,
                                    at(*empty));
    }
    return seen;
}

std::string end_of_program(const Seen<ProcessEnd>& gone) {
    constexpr std::int64_t signals = 128;
    if (gone.what->exit_code > signals) {
        return fmt::format("the callee's program ended at {} by signal {}", at(gone.t),
                           gone.what->exit_code - signals);
    }
    return fmt::format("the callee's program ended at {} with exit code {}", at(gone.t),
                       gone.what->exit_code);
}

}  // namespace

Detective::Verdict_ Detective::queue_full(const Exchange& exchange) const {
    const SceneNode* callee = scene_.node(exchange.link->to);
    const Connection& near = exchange.near();
    if (callee == nullptr || exchange.reused || !exchange.is_bad()) return {};
    const Connection* far = exchange.ends.far;
    if (exchange.link->has_far && far == nullptr) return {};
    // Of a connection that both sides hold for established, only what its handshake took counts.
    const Span span{near.began, exchange.symptom == Symptom::connecting
                                    ? std::max(exchange.ran.to, exchange.given_up)
                                    : std::min(exchange.ran.to, near.began + 5s)};
    const std::int64_t overflows = callee->grown("TcpExtListenOverflows", span);
    const std::int64_t syn_queue = callee->grown("TcpExtTCPReqQFullDrop", span);
    const bool never_let_in = exchange.symptom == Symptom::connecting;
    const std::int64_t port = port_in(near.server);
    std::vector<std::string> evidence;
    if (never_let_in && far != nullptr) {
        evidence.push_back(
            fmt::format("{} came to the callee, and no answer", times(far->syns, "SYN")));
    }
    if (never_let_in && syn_queue > 0) {
        evidence.push_back(fmt::format("its TcpExtTCPReqQFullDrop grew by {}", syn_queue));
        return Diagnosis{RootCause::overload, Confidence::certain, "the callee's SYN queue is full",
                         std::move(evidence), std::string{remedy_backlog}};
    }
    if (overflows <= 0) return {};
    // An established connection that the callee does not know: its last ACK was dropped.
    const bool reset = near.closed_how == "rst" && near.closed_by == "server";
    const bool half =
        exchange.symptom == Symptom::unacknowledged || (reset && !exchange.is_answered());
    if (!never_let_in && !half) return {};
    evidence.push_back(fmt::format("its TcpExtListenOverflows grew by {} between {} and {}",
                                   overflows, at(span.from), at(span.to)));
    const QueueSeen queue = queue_seen(*callee, port, span);
    if (!queue.evidence.empty()) evidence.push_back(queue.evidence);
    const std::int64_t served = answered_in(exchange, span);
    if (queue.backlog && *queue.backlog <= short_queue && (queue.drained || served > 0)) {
        if (served > 0) {
            evidence.push_back(fmt::format("{} answered meanwhile: the program keeps up",
                                           times(served, "other request")));
        }
        return Diagnosis{RootCause::kernel_limit, Confidence::likely,
                         "the accept queue is too short for the bursts it gets",
                         std::move(evidence), std::string{remedy_backlog}};
    }
    return Diagnosis{RootCause::overload, Confidence::certain, "the callee's accept queue is full",
                     std::move(evidence), std::string{remedy_overload}};
}

// SYNs that arrive and are not answered, although no queue is full.
Detective::Verdict_ Detective::silent_kernel(const Exchange& exchange) const {
    const Connection* far = exchange.ends.far;
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (!exchange.link->has_far) {
        return not_enough(
            "SYNs are not answered",
            {fmt::format("{} from {} on, and no answer", times(exchange.near().syns, "SYN"),
                         at(exchange.near().began))},
            "a silent firewall, a full queue and a dead host look the same from here: capture at "
            "the callee, and compare TcpExtListenOverflows there");
    }
    if (far == nullptr || far->syns == 0) return {};
    std::vector<std::string> evidence{fmt::format(
        "{} came to the callee's end of the link, and no answer", times(far->syns, "SYN"))};
    if (callee == nullptr || callee->counters.empty()) {
        return not_enough("SYNs arrive and are not answered", std::move(evidence),
                          "read TcpExtListenOverflows and the packet filter at the callee");
    }
    if (callee->grown("TcpInSegs", {far->began, exchange.ran.to}) == 0) {
        evidence.push_back("its kernel's TCP counted none of them (TcpInSegs)");
        return Diagnosis{RootCause::firewall, Confidence::likely,
                         "the callee's own packet filter drops SYNs", std::move(evidence),
                         "open the port in the callee's packet filter"};
    }
    return not_enough("SYNs arrive and are not answered", std::move(evidence),
                      std::string{remedy_silent});
}

Detective::Verdict_ Detective::refused(const Exchange& exchange) const {
    const Connection& near = exchange.near();
    const Connection* far = exchange.ends.far;
    std::vector<std::string> evidence{
        fmt::format("a reset in answer to the SYN at {}", at(near.closed.value_or(near.began)))};
    if (exchange.link->has_far && far == nullptr) {
        evidence.push_back("the SYN never came to the callee's end of the link");
        return Diagnosis{RootCause::firewall, Confidence::certain,
                         "something on the way refuses in the callee's name", std::move(evidence),
                         "allow this flow in the firewall"};
    }
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (callee == nullptr || far == nullptr) {
        evidence.push_back("a firewall that rejects with a reset would look the same from here");
        return Diagnosis{RootCause::down, Confidence::likely, "nobody listens there",
                         std::move(evidence), std::string{remedy_down}};
    }
    evidence.push_back("the callee itself sent it");
    if (const auto verdict = program_gone(exchange)) {
        Diagnosis gone = *verdict;
        gone.evidence.insert(gone.evidence.begin(), evidence.begin(), evidence.end());
        return gone;
    }
    // Whoever was told this address may have been told a wrong one.
    Confidence confidence = Confidence::certain;
    if (const auto told = given_by_dns(address_in(near.server), exchange.ran.to)) {
        confidence = Confidence::likely;
        evidence.push_back(
            fmt::format("DNS had given this address for {} at {}: if it is another host's, the "
                        "cause is there",
                        told->what->name, at(told->t)));
    }
    const std::int64_t port = port_in(near.server);
    const Sockets* sockets = callee->sockets_at(near.began);
    if (sockets == nullptr) {
        return Diagnosis{RootCause::down, confidence, "nobody listens there", std::move(evidence),
                         std::string{remedy_down}};
    }
    if (listener_at(sockets, port) != nullptr) {
        evidence.push_back(
            fmt::format("something listens on port {} there, at another address or "
                        "behind a packet filter",
                        port));
        return Diagnosis{RootCause::down, Confidence::likely,
                         "the service does not listen at this address", std::move(evidence),
                         "bind the service to the address that its callers use"};
    }
    const std::vector<std::int64_t> others = ports_of(*sockets);
    evidence.push_back(others.empty() ? std::string{"no socket listens there"}
                                      : fmt::format("sockets listen there on {}, not on {}",
                                                    fmt::join(others, ", "), port));
    return Diagnosis{RootCause::down, confidence,
                     others.empty() ? "nobody listens there" : "nobody listens on this port",
                     std::move(evidence),
                     others.empty() ? std::string{remedy_down}
                                    : "agree on the port: in the caller, or in the service"};
}

Detective::Verdict_ Detective::out_of_descriptors(int index, const Span& span) const {
    const SceneNode* node = scene_.node(index);
    if (node == nullptr) return {};
    const auto* line = node->line_with(
        {"Too many open files", "(24:", "EMFILE", "out of file descriptors", "too many open files"},
        {span.from - 2s, span.to + 1s});
    if (line == nullptr) return {};
    return Diagnosis{RootCause::overload,
                     Confidence::certain,
                     "the callee has no free file descriptor",
                     {fmt::format("its log at {}: {}", at(line->t), line->what->text)},
                     "raise `ulimit -n` (LimitNOFILE), bound the number of connections, and look "
                     "for descriptors that leak"};
}

bool Detective::died_meanwhile(const Exchange& exchange) const {
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (callee == nullptr) return false;
    if (exchange.symptom != Symptom::closed && exchange.symptom != Symptom::cut) return false;
    return std::any_of(callee->ended.begin(), callee->ended.end(), [&](const auto& end) {
        return end.t >= exchange.ran.from && end.t <= exchange.ran.to + 10ms;
    });
}

Detective::Verdict_ Detective::program_gone(const Exchange& exchange) const {
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (callee == nullptr) return {};
    // It may have ended behind all of it: with the log, or by a restart when its caller had left.
    Duration over = exchange.ran.to + 10ms;
    if (exchange.given_up > Duration::zero()) over = std::min(over, exchange.given_up + 10ms);
    if (exchange.left) over = std::min(over, exchange.near().closed.value_or(over));
    const auto gone = callee->gone_at(std::min(exchange.near().closed.value_or(over), over));
    std::optional<Seen<ProcessEnd>> during;
    for (const auto& end : callee->ended) {
        if (end.t >= exchange.ran.from && end.t <= over) during = end;
    }
    const auto& end = during ? during : gone;
    if (!end) return {};
    return Diagnosis{
        RootCause::down,
        Confidence::certain,
        during ? "the callee's program ended in the middle" : "the callee's program is not running",
        {end_of_program(*end)},
        std::string{remedy_down}};
}

// Bytes or connections that wait in the callee's kernel for a program that does not come.
Detective::Verdict_ Detective::not_reading(const Exchange& exchange) const {
    const SceneNode* callee = scene_.node(exchange.link->to);
    const bool waits = exchange.symptom == Symptom::unanswered ||
                       exchange.symptom == Symptom::unread || exchange.symptom == Symptom::stalled;
    if (callee == nullptr || !waits || exchange.ends.far == nullptr) return {};
    const std::int64_t port = port_in(exchange.near().server);
    const Duration asked =
        exchange.far_request != nullptr ? exchange.far_request->sent : exchange.ends.far->began;
    const Span span{std::max(asked, exchange.ran.from), exchange.ran.to};
    std::int64_t samples = 0;
    std::int64_t unread = 0;
    std::int64_t most_bytes = 0;
    std::int64_t queued = 0;
    std::int64_t longest_queue = 0;
    for (const auto& sample : callee->sockets_in(span)) {
        if (sample.t < span.from) continue;  // of before it was asked
        ++samples;
        if (unread_bytes(*sample.what) > 0) ++unread;
        most_bytes = std::max(most_bytes, unread_bytes(*sample.what));
        if (const Listener* listener = listener_at(sample.what, port)) {
            if (listener->queue > 0) ++queued;
            longest_queue = std::max(longest_queue, listener->queue);
        }
    }
    // Only changes are written: one sample may stand for the whole wait.
    if (samples == 0 || (unread == 0 && queued == 0)) return {};
    std::vector<std::string> evidence;
    if (exchange.far_request != nullptr) {
        evidence.push_back(
            fmt::format("the request was at the callee at {}", at(exchange.far_request->sent)));
    }
    if (queued > 0) {
        evidence.push_back(
            fmt::format("up to {} waited in its accept queue", times(longest_queue, "connection")));
    }
    if (unread > 0) {
        evidence.push_back(fmt::format("its kernel held up to {} that its program did not read",
                                       times(most_bytes, "byte")));
    }
    const std::int64_t served = answered_in(exchange, exchange.ran);
    if (served > 0) {
        evidence.push_back(fmt::format("it answered {} meanwhile", times(served, "other request")));
    }
    // A closed window without anything that waits for accept: this connection alone is not read.
    if (exchange.symptom == Symptom::unread && queued == 0) return {};
    // A program that waits for itself does not read either.
    return Diagnosis{RootCause::overload, Confidence::likely,
                     served > 0
                         ? "the callee's workers are busy with others"
                         : "the callee's program gets no time to read: paused, starved or blocked",
                     std::move(evidence), std::string{remedy_overload}};
}

Detective::Verdict_ Detective::window_closed(const Exchange& exchange) const {
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (exchange.symptom != Symptom::unread) return {};
    std::int64_t probes = 0;
    for (const TcpMoment& moment : exchange.near().moments) {
        if (moment.what->what == "window_probe" && moment.what->by == "client") ++probes;
    }
    std::vector<std::string> evidence{fmt::format("{} of a closed window, the last before {}",
                                                  times(probes, "probe"), at(exchange.ran.to))};
    if (callee != nullptr) {
        const std::int64_t closed = callee->grown("TcpExtTCPToZeroWindowAdv", exchange.ran);
        if (closed > 0) {
            evidence.push_back(fmt::format("the callee closed it {} (TcpExtTCPToZeroWindowAdv)",
                                           times(closed, "time")));
        }
    }
    return Diagnosis{
        RootCause::kernel_limit, Confidence::likely,
        "the callee's receive buffer is full, and it does not read on", std::move(evidence),
        "a write timeout (TCP_USER_TIMEOUT) in the caller, and buffers (tcp_rmem) that "
        "fit what the callee takes at once"};
}

Detective::Verdict_ Detective::program_silent(const Suspect& suspect,
                                              const Exchange& exchange) const {
    (void)suspect;
    const SceneNode* callee = scene_.node(exchange.link->to);
    const Connection& near = exchange.near();
    std::vector<std::string> evidence;
    std::string finding;
    switch (exchange.symptom) {
        case Symptom::unanswered:
            finding = "the callee took the request and did not answer in time";
            if (exchange.request != nullptr) {
                evidence.push_back(fmt::format("sent at {}, not sent again, and no answer by {}",
                                               at(exchange.request->sent), at(exchange.ran.to)));
            } else {
                evidence.push_back(fmt::format("connected at {}, and no byte of an answer by {}",
                                               at(near.established.value_or(near.began)),
                                               at(exchange.ran.to)));
            }
            break;
        case Symptom::closed:
            finding = "the callee closed the connection without an answer";
            evidence.push_back(fmt::format("its {} at {}",
                                           near.closed_how == "rst" ? "reset" : "FIN",
                                           at(near.closed.value_or(exchange.ran.to))));
            break;
        case Symptom::cut:
            finding = "the callee broke off in the middle of its answer";
            evidence.push_back(fmt::format("its {} at {}, before the end of the answer",
                                           near.closed_how == "rst" ? "reset" : "FIN",
                                           at(near.closed.value_or(exchange.ran.to))));
            break;
        case Symptom::stalled:
            finding = "the callee stopped in the middle of its answer";
            evidence.push_back(fmt::format("its last byte came at {}, and nothing until {}",
                                           at(near.last_byte.value_or(exchange.ran.from)),
                                           at(exchange.ran.to)));
            break;
        default:
            return {};
    }
    if (callee == nullptr) {
        if (exchange.symptom != Symptom::unanswered) {
            return Diagnosis{RootCause::application, Confidence::likely, std::move(finding),
                             std::move(evidence), std::string{remedy_application}};
        }
        evidence.push_back("from here a paused program, busy workers and a deadlock look alike");
        return not_enough(std::move(finding), std::move(evidence),
                          "look at the callee's Recv-Q (`ss -tn`): unread means overload, read "
                          "means its program");
    }
    bool read = false;
    bool late = false;
    if (exchange.symptom == Symptom::unanswered && exchange.far_request != nullptr) {
        const Span span{exchange.far_request->sent, exchange.ran.to};
        const auto held = callee->sockets_in(span);
        read = !held.empty() && unread_bytes(*held.back().what) == 0;
        if (read)
            evidence.push_back("its program has read it: nothing waits in its kernel (Recv-Q 0)");
        late = exchange.far_request->response != nullptr;
        if (late) {
            evidence.push_back(
                fmt::format("it answered at {}, too late", at(exchange.far_request->answered)));
        }
        const std::int64_t others = in_work_at(exchange, span.from);
        const std::int64_t served = answered_in(exchange, exchange.ran);
        if (late && others >= 2 && served > 0) {
            evidence.push_back(fmt::format("{} at work there when it came, {} answered meanwhile",
                                           times(others, "other request"), served));
            return Diagnosis{RootCause::overload, Confidence::likely,
                             "the callee's workers are busy with others", std::move(evidence),
                             std::string{remedy_overload}};
        }
    }
    const bool asked_in_full = exchange.request == nullptr || exchange.request->message->complete;
    if (!asked_in_full) {
        evidence.push_back("the request never became whole: the callee waited for the rest of it");
    }
    const bool running = !callee->began.empty() && !callee->gone_at(exchange.ran.to);
    if (running && exchange.symptom != Symptom::unanswered) {
        evidence.push_back("its program went on running");
    }
    // A worker that crashes under a supervisor closes as well; and a gateway may wait for others.
    const bool is_gateway = scene_.calls_on(exchange.link->to);
    const bool sure = asked_in_full && read && !late && !is_gateway;
    return Diagnosis{RootCause::application, sure ? Confidence::certain : Confidence::likely,
                     std::move(finding), std::move(evidence), std::string{remedy_application}};
}

}  // namespace etimedout
