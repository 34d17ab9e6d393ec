// Rules about callers: what fails before a packet leaves: ports, descriptors, routes.
#include <algorithm>

#include <fmt/format.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

constexpr std::string_view remedy_ports =
    "pool and reuse connections; widen ip_local_port_range or spread over more addresses";
}  // namespace

bool mentions(const CallEnd& end, std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
        if (end.detail.find(word) != std::string::npos ||
            end.standard_error.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

Detective::Verdict_ Detective::own_limits(const Suspect& suspect) const {
    const SceneNode* node = scene_.node(suspect.node);
    const std::vector<std::string_view> no_port{"Cannot assign requested address", "EADDRNOTAVAIL",
                                                "(99:"};
    const auto sockets_text = [](const SceneNode& who, const Span& span) {
        std::int64_t most = 0;
        std::int64_t waiting = 0;
        for (const auto& sample : who.sockets_in(span)) {
            std::int64_t count = 0;
            for (const auto& [state, number] : sample.what->states) {
                if (state != "LISTEN") count += number;
                if (state == "TIME-WAIT") waiting = std::max(waiting, number);
            }
            most = std::max(most, count);
        }
        return fmt::format("{} hold ports there, of them {} in TIME-WAIT", times(most, "socket"),
                           waiting);
    };
    if (suspect.end != nullptr) {
        const CallEnd& end = *suspect.end;
        if (end.error == "EADDRNOTAVAIL" || mentions(end, {no_port[0], no_port[1]})) {
            std::vector<std::string> evidence{
                fmt::format("connect failed at once with EADDRNOTAVAIL at {}", at(suspect.ran.to))};
            if (node != nullptr) evidence.push_back(sockets_text(*node, suspect.ran));
            return Diagnosis{RootCause::kernel_limit, Confidence::certain,
                             "the caller has no free ephemeral port", std::move(evidence),
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
        if (callee == nullptr || scene_.links_from(exchange.link->to).empty()) continue;
        const Span span{exchange.ran.from, exchange.ran.to + 10ms};
        if (const auto* line = callee->line_with(no_port, span)) {
            return Diagnosis{RootCause::kernel_limit,
                             Confidence::certain,
                             "the gateway has no free ephemeral port",
                             {fmt::format("its log at {}: {}", at(line->t), line->what->text),
                              sockets_text(*callee, span)},
                             std::string{remedy_ports}};
        }
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
    if (end.error == "EPERM" || end.error == "EACCES") {
        return Diagnosis{
            RootCause::firewall,
            Confidence::likely,
            "the caller's own host forbids this connection",
            {fmt::format("connect failed at once with {}, and no packet was seen", end.error)},
            "correct the host's packet filter or its `prohibit` route"};
    }
    if (end.error == "ENETUNREACH" || end.error == "EHOSTUNREACH" || end.error == "EINVAL") {
        return Diagnosis{RootCause::down,
                         Confidence::likely,
                         "the caller has no route to that address",
                         {fmt::format("connect failed with {} after {}, and no packet was seen",
                                      end.error, after(end.total))},
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
