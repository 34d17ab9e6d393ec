// Exchange: what near and far end saw of one attempt, put together.
#include "harness/diagnose/exchange.hh"

#include <algorithm>
#include <array>

namespace etimedout {

bool happened(const Connection& connection, std::string_view what, std::string_view by,
              const Span& span) {
    return std::any_of(
        connection.moments.begin(), connection.moments.end(), [&](const TcpMoment& moment) {
            return moment.what->what == what && moment.what->by == by && span.contains(moment.t);
        });
}

namespace {

constexpr std::int64_t dns_port = 53;

std::optional<Duration> last_moment(const Connection& connection, std::string_view by,
                                    const Span& span) {
    std::optional<Duration> last;
    for (const TcpMoment& moment : connection.moments) {
        if (moment.what->by == by && span.contains(moment.t)) last = moment.t;
    }
    return last;
}

bool is_error(std::int64_t status) {
    constexpr std::int64_t request_timeout = 408;
    constexpr std::int64_t too_many_requests = 429;
    constexpr std::int64_t first_server_error = 500;
    return status == request_timeout || status == too_many_requests || status >= first_server_error;
}

// Sent again at least twice, and the callee said nothing any more after the first of these.
bool is_unacknowledged(const Connection& near, const Span& span) {
    std::vector<Duration> again;
    for (const TcpMoment& moment : near.moments) {
        if (moment.what->what == "retransmission" && moment.what->by == "client" &&
            span.contains(moment.t)) {
            again.push_back(moment.t);
        }
    }
    if (again.empty()) return false;
    const auto last = last_moment(near, "server", {again.front(), span.to});
    return !last || *last < again.back();
}

// Its own kernel resets it after probes that nobody answered (tcp(7), TCP_KEEPCNT).
bool is_probed_in_vain(const Connection& near) {
    if (near.closed_how != "rst" || near.closed_by != "client") return false;
    const auto is_probe = [](const TcpMoment& moment) {
        return moment.what->what == "keep_alive" && moment.what->by == "client";
    };
    const auto from_server = [](const TcpMoment& moment) { return moment.what->by == "server"; };
    const auto last_word = std::find_if(near.moments.rbegin(), near.moments.rend(), from_server);
    return std::count_if(near.moments.rbegin(), last_word, is_probe) >= 2;
}

Symptom symptom_before_established(const Connection& near, const Span& span) {
    if (happened(near, "icmp_error", "client", span)) return Symptom::icmp;
    if (near.closed_how == "rst" && near.closed_by == "server") return Symptom::refused;
    return Symptom::connecting;
}

// Of a connection that carries no request of HTTP.
Symptom symptom_of_bytes(const Connection& near, const Span& span) {
    if (happened(near, "window_probe", "client", span)) return Symptom::unread;
    if (is_unacknowledged(near, span) || is_probed_in_vain(near)) return Symptom::unacknowledged;
    const bool asked = happened(near, "first_data", "client", span);
    const bool answered = happened(near, "first_data", "server", span);
    const bool reset = near.closed_how == "rst";
    if (near.closed && near.closed_by == "server" && !answered) return Symptom::closed;
    if (reset && near.closed_by == "server") return Symptom::cut;
    if (!answered) return Symptom::unanswered;
    return asked && near.closed && near.closed_by == "client" && reset ? Symptom::stalled
                                                                       : Symptom::fine;
}

// Its answer came to a kernel that had already let the connection go, and said so.
bool is_left_before_the_answer(const Connection& near, const Request& request) {
    return near.closed && near.closed_by == "client" && request.answered > *near.closed &&
           happened(near, "rst", "client", {request.answered, request.answered + 1s});
}

Symptom symptom_of_request(const Connection& near, const Request& request, const Span& span) {
    if (request.response != nullptr && !is_left_before_the_answer(near, request)) {
        if (request.response->complete) {
            return is_error(request.response->status) ? Symptom::error_status : Symptom::fine;
        }
        return near.closed && near.closed_by == "server" ? Symptom::cut : Symptom::stalled;
    }
    if (happened(near, "window_probe", "client", span)) return Symptom::unread;
    if (is_unacknowledged(near, span)) return Symptom::unacknowledged;
    // An answer that is no HTTP: the connection had one, and none was understood.
    if (near.closed && near.closed_by == "server") {
        return near.responses == 0 && happened(near, "first_data", "server", span)
                   ? Symptom::cut
                   : Symptom::closed;
    }
    return Symptom::unanswered;
}

const Request* same_request(const Connection* far, const Request& request) {
    if (far == nullptr) return nullptr;
    for (const Request& other : far->requests) {
        if (other.message->number == request.message->number) return &other;
    }
    return nullptr;
}

Exchange exchange_of(const SceneLink& link, const Passage& ends, std::size_t index,
                     Duration end_of_log) {
    const Connection& near = *ends.near;
    Exchange exchange{.link = &link, .ends = ends};
    const Duration end = near.closed.value_or(end_of_log);
    if (near.requests.empty()) {
        exchange.ran = {near.began, std::max(near.began, end)};
        exchange.symptom = near.established ? symptom_of_bytes(near, exchange.ran)
                                            : symptom_before_established(near, exchange.ran);
        if (exchange.symptom == Symptom::connecting) {
            exchange.ran.to = std::max(near.last_seen, near.began);
        }
    } else {
        const Request& request = near.requests[index];
        exchange.request = &request;
        exchange.far_request = same_request(ends.far, request);
        exchange.reused = index > 0;
        // Of an answer that never became whole the connection's end is the end.
        const bool whole = request.response == nullptr || request.response->complete;
        const bool in_time =
            request.response == nullptr || !is_left_before_the_answer(near, request);
        const Duration finished = whole && in_time ? request.finished.value_or(end) : end;
        exchange.ran = {exchange.reused ? request.began : near.began,
                        std::max(request.began, finished)};
        exchange.symptom = symptom_of_request(near, request, exchange.ran);
        const bool is_last = index + 1 == near.requests.size();
        if (exchange.symptom == Symptom::fine && is_last && is_probed_in_vain(near)) {
            exchange.symptom = Symptom::unacknowledged;
            exchange.ran.to = end;
        }
    }
    exchange.left = near.closed && near.closed_by == "client" &&
                    exchange.symptom != Symptom::fine && exchange.symptom != Symptom::error_status;
    return exchange;
}

Crossing::Phase phase_of(const TcpEvent& event) {
    return event.what == "syn" || event.what == "syn_ack" ? Crossing::Phase::handshake
                                                          : Crossing::Phase::data;
}

bool is_counted(const TcpEvent& event) {
    constexpr std::array<std::string_view, 6> counted{
        "syn", "syn_ack", "first_data", "retransmission", "fin", "keep_alive"};
    return std::find(counted.begin(), counted.end(), event.what) != counted.end();
}

std::vector<TcpMoment> counted_of(const Connection* connection, std::string_view by,
                                  Crossing::Phase phase) {
    std::vector<TcpMoment> found;
    if (connection == nullptr) return found;
    // Probes that are answered say nothing: a proxy in between answers for both ends.
    const bool probes_count = is_probed_in_vain(*connection);
    for (const TcpMoment& moment : connection->moments) {
        if (moment.what->what == "keep_alive" && !probes_count) continue;
        if (moment.what->by == by && is_counted(*moment.what) && phase_of(*moment.what) == phase) {
            found.push_back(moment);
        }
    }
    return found;
}

// For each that was sent, the arrival it became; `delay` later, give or take a little.
std::optional<std::vector<std::optional<Duration>>> explained_by(
    Duration delay, const std::vector<TcpMoment>& sent, const std::vector<TcpMoment>& arrived) {
    const Duration tolerance = delay / 100 + 1ms;
    std::vector<std::optional<Duration>> became(sent.size());
    std::size_t next = 0;
    for (const TcpMoment& arrival : arrived) {
        while (next < sent.size() && sent[next].t + delay + tolerance < arrival.t) ++next;
        if (next == sent.size() || sent[next].t > arrival.t ||
            sent[next].t + delay - tolerance > arrival.t) {
            return std::nullopt;
        }
        became[next++] = arrival.t;
    }
    return became;
}

// Each that arrived is the latest that was sent before and is not taken yet.
std::vector<std::optional<Duration>> latest_first(const std::vector<TcpMoment>& sent,
                                                  const std::vector<TcpMoment>& arrived) {
    std::vector<std::optional<Duration>> became(sent.size());
    for (const TcpMoment& arrival : arrived) {
        for (std::size_t i = sent.size(); i-- > 0;) {
            if (became[i] || sent[i].t > arrival.t) continue;
            became[i] = arrival.t;
            break;
        }
    }
    return became;
}

std::vector<std::optional<Duration>> matched(const std::vector<TcpMoment>& sent,
                                             const std::vector<TcpMoment>& arrived) {
    if (arrived.empty()) return std::vector<std::optional<Duration>>(sent.size());
    if (arrived.size() == sent.size()) {
        std::vector<std::optional<Duration>> became;
        for (const TcpMoment& arrival : arrived) became.emplace_back(arrival.t);
        return became;
    }
    for (std::size_t i = sent.size(); i-- > 0;) {
        if (sent[i].t > arrived.front().t) continue;
        if (auto became = explained_by(arrived.front().t - sent[i].t, sent, arrived)) {
            return *std::move(became);
        }
    }
    return latest_first(sent, arrived);
}

void add_crossings(const Connection* from, const Connection* to, std::string_view by,
                   Crossing::Phase phase, Duration end_of_log, std::vector<Crossing>& all) {
    const std::vector<TcpMoment> sent = counted_of(from, by, phase);
    const auto became = matched(sent, counted_of(to, by, phase));
    Duration longest = 500ms;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        if (became[i]) longest = std::max(longest, *became[i] - sent[i].t);
    }
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const bool again = std::any_of(sent.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                       sent.end(), [](const TcpMoment& later) {
                                           return later.what->retransmission > 0 ||
                                                  later.what->what == "retransmission" ||
                                                  later.what->what == "keep_alive";
                                       });
        // The last of several probes: nothing is sent after it.
        const bool probed =
            sent[i].what->what == "keep_alive" && i > 0 && sent[i - 1].what->what == "keep_alive";
        const bool under_way = sent[i].t + longest > end_of_log;
        if (!became[i] && (under_way || (phase == Crossing::Phase::data && !again && !probed))) {
            continue;
        }
        all.push_back({.t = sent[i].t,
                       .phase = phase,
                       .passed = became[i].has_value(),
                       .delay = became[i].value_or(sent[i].t) - sent[i].t,
                       .what = sent[i].what->what,
                       .of = from});
    }
}

}  // namespace

std::string_view name_of(Symptom symptom) {
    constexpr std::array<std::string_view, 11> names{
        "fine",      "no answer to SYN", "refused", "ICMP error", "not acknowledged", "not read",
        "no answer", "closed",           "stalled", "cut",        "error status"};
    return names.at(static_cast<std::size_t>(symptom));
}

std::vector<Exchange> exchanges_of(const SceneLink& link, Duration end_of_log) {
    std::vector<Exchange> found;
    for (const Passage& ends : link.passages) {
        if (port_in(ends.near->server) == dns_port) continue;
        const std::size_t count = std::max<std::size_t>(1, ends.near->requests.size());
        for (std::size_t i = 0; i < count; ++i) {
            found.push_back(exchange_of(link, ends, i, end_of_log));
        }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Exchange& a, const Exchange& b) { return a.ran.from < b.ran.from; });
    return found;
}

std::vector<Crossing> crossings_of(const SceneLink& link, Way way, Duration end_of_log) {
    std::vector<Crossing> all;
    if (!link.has_far) return all;
    for (const Passage& ends : link.passages) {
        const Connection* from = way == Way::up ? ends.near : ends.far;
        const Connection* to = way == Way::up ? ends.far : ends.near;
        const std::string_view by = way == Way::up ? "client" : "server";
        for (const auto phase : {Crossing::Phase::handshake, Crossing::Phase::data}) {
            add_crossings(from, to, by, phase, end_of_log, all);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Crossing& a, const Crossing& b) { return a.t < b.t; });
    return all;
}

void end_as_its_caller_saw(Exchange& exchange, Duration gave_up, bool timed_out) {
    if (exchange.is_bad() && exchange.symptom != Symptom::error_status) return;
    const Connection& near = exchange.near();
    if (exchange.is_answered()) {
        if (exchange.request->answered > gave_up) {
            exchange.symptom = Symptom::unanswered;
        } else if (!exchange.is_bad() && exchange.request->finished.value_or(gave_up) > gave_up) {
            exchange.symptom = Symptom::stalled;
        } else {
            return;
        }
    } else {
        // Bytes that are not HTTP: of a handshake of TLS, say. What matters is how it ended.
        constexpr Duration silence = 1s;
        const bool server_ended = near.closed && near.closed_by == "server";
        const Duration last = near.last_byte.value_or(near.began);
        const Duration until = std::min(near.closed.value_or(gave_up), gave_up);
        const bool came_late = last > until;
        if (server_ended) return;
        if (!timed_out && !came_late && until < last + silence) return;
        exchange.symptom = Symptom::stalled;
    }
    exchange.left = true;
    exchange.ran.to = std::max(exchange.ran.from, gave_up);
}

std::optional<TimeSpent> time_spent(const Exchange& exchange, Duration end_of_log) {
    const Connection& near = exchange.near();
    const Connection* far = exchange.ends.far;
    if (far == nullptr) return std::nullopt;
    TimeSpent spent;
    const auto add = [&](std::optional<Duration> from, std::optional<Duration> to) {
        if (!from || !to || *to < *from) return;
        spent.on_link += *to - *from;
        spent.longest_way = std::max(spent.longest_way, *to - *from);
    };
    for (const Way way : {Way::up, Way::down}) {
        const Connection* sender = way == Way::up ? exchange.ends.near : exchange.ends.far;
        bool first = true;
        for (const Crossing& crossing : crossings_of(*exchange.link, way, end_of_log)) {
            if (crossing.of != sender || !crossing.passed || crossing.t < exchange.ran.from)
                continue;
            spent.longest_way = std::max(spent.longest_way, crossing.delay);
            const bool handshake = crossing.phase == Crossing::Phase::handshake;
            if (handshake && first && !exchange.reused) {
                spent.on_link += crossing.delay;
                first = false;
            }
        }
    }
    spent.under_way = std::max<std::int64_t>(0, far->bytes - near.bytes);
    const Duration last = near.last_byte.value_or(Duration{});
    spent.is_flowing = exchange.is_answered() && last + 1s >= exchange.ran.to;
    if (exchange.request == nullptr) return spent;
    const Request& request = *exchange.request;
    const Request* there = exchange.far_request;
    if (there == nullptr) return spent;
    add(request.began, there->began);
    if (there->sent > there->began) {
        add(std::max(request.sent, there->began), there->sent);
    }
    if (there->response == nullptr) {
        spent.at_callee = std::max(Duration{}, exchange.ran.to - there->sent);
        return spent;
    }
    spent.at_callee = std::max(Duration{}, there->answered - there->sent);
    if (request.response == nullptr) {
        // What is sent again and never comes is lost, and not under way.
        const Span all{Duration::zero(), end_of_log};
        const bool is_lost = happened(*far, "retransmission", "server", all) &&
                             !happened(near, "first_data", "server", all);
        if (!is_lost) add(there->answered, exchange.ran.to);
        return spent;
    }
    add(there->answered, request.answered);
    if (there->finished && request.finished) add(there->finished, request.finished);
    return spent;
}

}  // namespace etimedout
