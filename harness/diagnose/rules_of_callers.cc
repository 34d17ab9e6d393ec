// Rules about callers: what fails before a packet leaves: ports, descriptors, routes.
#include <algorithm>

#include <fmt/format.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

constexpr std::string_view remedy_ports =
    "pool and reuse connections; widen ip_local_port_range or spread over more addresses";

// Which sockets hold the caller's ports, as far as a sample says; nothing where none has any.
std::vector<std::string> holders_of_ports(const SceneNode& caller, const Span& span) {
    std::int64_t most = 0;
    std::int64_t waiting = 0;
    const auto look_at = [&](const Sockets& sockets) {
        std::int64_t count = 0;
        for (const auto& [state, number] : sockets.states) {
            if (state != "LISTEN") count += number;
            if (state == "TIME-WAIT") waiting = std::max(waiting, number);
        }
        most = std::max(most, count);
    };
    for (const auto& sample : caller.sockets_in(span)) look_at(*sample.what);
    // What a call found is in the sample that follows its end.
    if (const Seen<Sockets>* next = caller.sockets_after(span.to)) look_at(*next->what);
    if (most == 0) return {};
    return {
        fmt::format("{} held its ports, of them {} in TIME-WAIT", times(most, "socket"), waiting)};
}

// The caller's errno; a program's, where its words name one.
std::string errno_of(const CallEnd& end) {
    if (!end.error.empty() || end.outcome != "failed") return end.error;
    if (mentions(end, {"EHOSTUNREACH", "No route to host"})) return "EHOSTUNREACH";
    if (mentions(end, {"ENETUNREACH", "Network is unreachable"})) return "ENETUNREACH";
    return {};
}

std::vector<std::string> together(std::string first, std::vector<std::string> others) {
    others.insert(others.begin(), std::move(first));
    return others;
}

}  // namespace

bool mentions(const CallEnd& end, std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
        for (const std::string* said : {&end.detail, &end.standard_error, &end.standard_output}) {
            if (said->find(word) != std::string::npos) return true;
        }
    }
    return false;
}

Detective::Verdict_ Detective::own_limits(const Suspect& suspect) const {
    const SceneNode* node = scene_.node(suspect.node);
    const std::vector<std::string_view> no_port{"Cannot assign requested address", "EADDRNOTAVAIL",
                                                "(99:"};
    if (suspect.end != nullptr) {
        const CallEnd& end = *suspect.end;
        if (end.error == "EADDRNOTAVAIL" || mentions(end, {no_port[0], no_port[1]})) {
            std::vector<std::string> holders;
            if (node != nullptr) holders = holders_of_ports(*node, suspect.ran);
            return Diagnosis{RootCause::kernel_limit, Confidence::certain,
                             "the caller has no free ephemeral port",
                             together(fmt::format("connect failed at once with EADDRNOTAVAIL at {}",
                                                  at(suspect.ran.to)),
                                      std::move(holders)),
                             std::string{remedy_ports}};
        }
        if (end.error == "EMFILE" || end.error == "ENFILE" ||
            mentions(end, {"Too many open files", "EMFILE"})) {
            return Diagnosis{RootCause::overload,
                             Confidence::certain,
                             "the caller has no free file descriptor",
                             {fmt::format("EMFILE at {}", at(suspect.ran.to))},
                             "raise `ulimit -n` (LimitNOFILE), bound the number of connections, "
                             "and look for descriptors that leak"};
        }
    }
    // A gateway that could not even begin to call on.
    for (const Exchange& exchange : suspect.chain) {
        const SceneNode* callee = scene_.node(exchange.link->to);
        if (callee == nullptr || !scene_.calls_on(exchange.link->to)) continue;
        const Span span{exchange.ran.from, exchange.ran.to + 10ms};
        if (const auto* line = callee->line_with(no_port, span)) {
            return Diagnosis{
                RootCause::kernel_limit, Confidence::certain,
                "the gateway has no free ephemeral port",
                together(fmt::format("its log at {}: {}", at(line->t), line->what->text),
                         holders_of_ports(*callee, span)),
                std::string{remedy_ports}};
        }
    }
    return {};
}

// The callee answers, and its caller does not accept who it says it is, or how.
Detective::Verdict_ Detective::no_trust(const Suspect& suspect) const {
    if (suspect.end == nullptr) return {};
    const CallEnd& end = *suspect.end;
    constexpr std::string_view remedy =
        "renew certificates long before they expire, alarm on their age, and issue them for the "
        "names that callers use";
    // curl, OpenSSL, Node, Python, Java.
    if ((end.outcome == "tls_failure" || end.outcome == "failed") &&
        mentions(end, {"certificate", "CERTIFICATE_VERIFY_FAILED", "CERT_HAS_EXPIRED",
                       "ERR_TLS_CERT_ALTNAME_INVALID", "SELF_SIGNED_CERT",
                       "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "PKIX path", "CertificateException"})) {
        return Diagnosis{RootCause::down,
                         Confidence::certain,
                         "the caller does not accept the callee's certificate",
                         {fmt::format("it says so at {}, and leaves", at(suspect.ran.to))},
                         std::string{remedy}};
    }
    if ((end.outcome == "tls_failure" || end.outcome == "failed") &&
        mentions(end, {"unsupported protocol", "UNSUPPORTED_PROTOCOL", "protocol version",
                       "PROTOCOL_VERSION", "wrong version number", "WRONG_VERSION_NUMBER",
                       "disallowed or unsupported", "no protocols available", "no shared cipher",
                       "handshake failure", "HANDSHAKE_FAILURE"})) {
        return Diagnosis{RootCause::down,
                         Confidence::likely,
                         "caller and callee agree on no version of TLS",
                         {fmt::format("the caller says so at {}", at(suspect.ran.to))},
                         "offer TLS 1.2 and 1.3 at both ends, and no plain text on a port of TLS"};
    }
    return {};
}

// What databases and their poolers say before they end a connection.
Detective::Verdict_ Detective::words_of_databases(const Suspect& suspect) const {
    if (suspect.end == nullptr || suspect.end->outcome != "failed") return {};
    const CallEnd& end = *suspect.end;
    std::vector<std::string> evidence{
        fmt::format("its answer, in its client's words, at {}", at(suspect.ran.to))};
    // PostgreSQL, MySQL, Redis, PgBouncer.
    if (mentions(end, {"sorry, too many", "remaining connection slots", "Too many connections",
                       "max number of", "no more connections allowed", "query_wait_timeout"})) {
        return Diagnosis{RootCause::overload, Confidence::likely,
                         "the database admits no more connections", std::move(evidence),
                         "a pool for all instances together that stays below the server's limit, "
                         "and a bounded wait for a connection of it"};
    }
    if (mentions(end, {"canceling statement due to", "deadlock detected",
                       "idle-in-transaction timeout", "lock timeout"})) {
        return Diagnosis{RootCause::application, Confidence::likely,
                         "the database ended a statement or transaction that took too long or "
                         "could not end",
                         std::move(evidence),
                         "short transactions that take their locks in one order, and retries of "
                         "those that the database ends"};
    }
    return {};
}

Detective::Verdict_ Detective::nothing_on_the_wire(const Suspect& suspect) const {
    if (suspect.end == nullptr) return {};
    const CallEnd& end = *suspect.end;
    const SceneNode* node = scene_.node(suspect.node);
    if (node != nullptr) {
        const std::int64_t opened = node->grown("TcpActiveOpens", suspect.ran);
        const std::int64_t again = node->grown("TcpExtTCPSynRetrans", suspect.ran);
        if (opened > 0 && again > 0) {
            return Diagnosis{RootCause::network,
                             Confidence::likely,
                             "the link is down",
                             {fmt::format("the caller's kernel sent {} (TcpExtTCPSynRetrans {}), "
                                          "and none came onto the wire",
                                          times(opened + again, "SYN"), again)},
                             "a second path, and alarms on the link's carrier"};
        }
    }
    const std::string error = errno_of(end);
    if (error == "EPERM" || error == "EACCES") {
        return Diagnosis{
            RootCause::firewall,
            Confidence::likely,
            "the caller's own host forbids this connection",
            {fmt::format("connect failed at once with {}, and no packet was seen", error)},
            "correct the host's packet filter or its `prohibit` route"};
    }
    if (error == "ENETUNREACH" || error == "EHOSTUNREACH" || error == "EINVAL") {
        return Diagnosis{RootCause::down,
                         Confidence::likely,
                         "the caller has no route to that address",
                         {fmt::format("connect failed with {} after {}, and no packet was seen",
                                      error, after(end.total))},
                         "correct the caller's routes, or the address that it was given"};
    }
    return {};
}

Detective::Verdict_ Detective::pings(const Suspect& suspect) const {
    if (suspect.begin == nullptr || suspect.begin->what != "ping") return {};
    std::int64_t sent = 0;
    std::int64_t came = 0;
    std::int64_t replies = 0;
    for (const SceneLink* link : scene_.links_from(suspect.node)) {
        for (const auto& seen : link->icmp_near) {
            if (!suspect.ran.contains(seen.t)) continue;
            if (seen.what->what.starts_with("echo_request")) ++sent;
            if (seen.what->what.starts_with("echo_reply")) ++replies;
        }
        for (const auto& seen : link->icmp_far) {
            if (suspect.ran.contains(seen.t) && seen.what->what.starts_with("echo_request")) ++came;
        }
    }
    if (sent == 0) return {};
    std::vector<std::string> evidence{fmt::format("{} sent, {} came to the far end, {} answered",
                                                  times(sent, "echo request"), came, replies)};
    if (sent >= 3 && replies == 0 && came == 0) {
        return Diagnosis{RootCause::firewall, Confidence::likely, "echo requests are dropped",
                         std::move(evidence), "allow ICMP echo, or do not measure with it"};
    }
    if (replies > 0 && replies < sent) {
        return Diagnosis{RootCause::network, Confidence::likely, "the link loses packets",
                         std::move(evidence), "alarms on loss and latency of this link"};
    }
    return {};
}

}  // namespace etimedout
