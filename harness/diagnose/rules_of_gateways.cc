// Rules about what stands between: load balancers and proxies, and APIs that stream.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

constexpr std::string_view remedy_budgets =
    "let timeouts nest: client > gateway > upstream, each with a margin, retries included";
constexpr std::string_view remedy_retries =
    "retry at one layer only, with a budget of retries, and a deadline that is passed on";
constexpr std::string_view remedy_keep_alive =
    "idle timeout of the caller's pool below the callee's keep-alive timeout, and a retry of "
    "idempotent requests on a fresh connection";
constexpr std::string_view remedy_health =
    "health checks that ask what callers ask, with thresholds in both directions, and an answer "
    "of its own when no upstream is left";
constexpr std::string_view remedy_limits =
    "honour Retry-After with jittered back-off, keep a client-side rate limit, and fail over to "
    "another provider or model";
constexpr std::string_view remedy_stream =
    "separate timeouts for the first token and for the gap between events, the end marker "
    "required, keep-alive comments, and failover before the first token";

bool is_model_path(std::string_view path) {
    constexpr std::array<std::string_view, 6> known{"/chat/completions", "/v1/completions",
                                                    "/v1/messages",      "/v1/responses",
                                                    "/v1/embeddings",    ":streamGenerateContent"};
    return std::any_of(known.begin(), known.end(), [&](std::string_view word) {
        return path.find(word) != std::string_view::npos;
    });
}

std::string header_of(const CallEnd* end, const std::string& name) {
    if (end == nullptr) return {};
    const auto found = end->headers.find(name);
    return found == end->headers.end() ? std::string{} : found->second;
}

bool is_event_stream(const CallEnd* end) {
    return header_of(end, "content-type").find("text/event-stream") != std::string::npos;
}

bool has(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

bool is_probe(const Exchange& exchange) {
    return exchange.request != nullptr && exchange.request->message->call.empty();
}

// A health check fails by any status that is an error, also by that of a path that is not there.
bool is_bad_probe(const Exchange* exchange) {
    constexpr std::int64_t first_error = 400;
    return exchange != nullptr && (exchange->is_bad() || exchange->status() >= first_error);
}

}  // namespace

bool is_streaming(const Suspect& suspect, const Exchange& exchange) {
    return exchange.request != nullptr &&
           (is_event_stream(suspect.end) || is_model_path(exchange.request->message->path));
}

namespace {

// What programs do not say about their streams was on the wire: its last event.
std::string problem_of(const Suspect& suspect, const Exchange& exchange) {
    if (suspect.end == nullptr) return {};
    if (suspect.end->outcome == "response") return stream_problem(*suspect.end);
    if (!exchange.is_answered() || !exchange.request->response->stream) return {};
    const StreamSeen& seen = *exchange.request->response->stream;
    if (seen.last_type == "error" || seen.last_data.starts_with("{\"error\"")) {
        return "an event of the stream is an error";
    }
    if (seen.last_data.find("chat.completion.chunk") != std::string::npos ||
        seen.last_type.starts_with("content_block_")) {
        return "the stream has no end marker";
    }
    return {};
}

}  // namespace

// The formats of OpenAI and Anthropic: an error is an event, and the end has a marker of its own.
std::string stream_problem(const CallEnd& end) {
    if (!is_event_stream(&end)) return {};
    const std::string& body = end.body;
    if (has(body, "event: error") || has(body, "data: {\"error\"") ||
        has(body, "data:{\"error\"")) {
        return "an event of the stream is an error";
    }
    const bool begun = has(body, "chat.completion.chunk") || has(body, "event: message_start");
    const bool ended = has(body, "data: [DONE]") || has(body, "event: message_stop");
    constexpr std::size_t kept = 64U << 10U;
    if (begun && !ended && body.size() < kept) return "the stream has no end marker";
    return {};
}

// What a connection that was upgraded (to WebSocket) ends by: its gateway's idle timeout.
Detective::Verdict_ Detective::idle_tunnel(const Suspect& suspect, const Exchange& exchange) const {
    constexpr std::int64_t switching = 101;
    const Connection& near = exchange.near();
    const bool is_gateway = scene_.calls_on(exchange.link->to);
    if (exchange.status() != switching || !is_gateway || !near.closed) return {};
    // The gateway itself, and not its upstream through it, ends the connection.
    const Duration last = exchange.request->answered;
    const Duration idle = *near.closed - last;
    if (near.closed_by != "server" || idle < 1s) return {};
    for (const Exchange& other : exchanges_from(exchange.link->to, suspect, exchange.ran)) {
        if (other.near().closed && other.near().closed_by == "server" &&
            *other.near().closed <= *near.closed) {
            return {};
        }
    }
    return Diagnosis{RootCause::proxy,
                     Confidence::likely,
                     "the gateway ended an upgraded connection that was idle",
                     {fmt::format("101 at {}, and the gateway's {} at {}", at(last),
                                  near.closed_how == "rst" ? "reset" : "FIN", at(*near.closed))},
                     "pings of the application more often than the gateway's idle timeout, and "
                     "reconnecting clients"};
}

// The callee ends an idle connection just when a request comes.
Detective::Verdict_ Detective::keep_alive_race(const Suspect& /*suspect*/,
                                               const Exchange& exchange) const {
    if (exchange.symptom != Symptom::closed || !exchange.reused || exchange.request == nullptr) {
        return {};
    }
    const Connection& near = exchange.near();
    const auto& requests = near.requests;
    const auto index = static_cast<std::size_t>(exchange.request - requests.data());
    const Duration before = requests[index - 1].finished.value_or(exchange.request->began);
    const Duration idle = exchange.request->began - before;
    const Duration closed = near.closed.value_or(exchange.ran.to);
    const Duration took = closed - exchange.request->began;
    constexpr Duration at_once = 500ms;
    if (idle < 1s || took > at_once) return {};
    const Connection* far = exchange.ends.far;
    const bool crossed =
        far != nullptr && far->closed && far->closed_by == "server" &&
        (exchange.far_request == nullptr || *far->closed < exchange.far_request->began);
    std::vector<std::string> evidence{
        fmt::format("request {} on a connection that had been idle for {}", index + 1, after(idle)),
        fmt::format("the callee's {} came {} behind it", near.closed_how == "rst" ? "reset" : "FIN",
                    after(took))};
    if (crossed) evidence.push_back("the callee had ended it before the request came there");
    return Diagnosis{RootCause::proxy, crossed ? Confidence::certain : Confidence::likely,
                     "the callee ended an idle connection just when a request came",
                     std::move(evidence), std::string{remedy_keep_alive}};
}

// A reset by the callee's kernel, of a request on a connection that it had never ended: it has no
// such connection. What a program resets moves TcpEstabResets; what a kernel answers alone does
// not.
Detective::Verdict_ Detective::forgotten_by_callee(const Exchange& exchange) const {
    const Connection* far = exchange.ends.far;
    const SceneNode* callee = scene_.node(exchange.link->to);
    if (far == nullptr || callee == nullptr || callee->counters.empty()) return {};
    if (!exchange.reused || exchange.symptom != Symptom::closed) return {};
    if (exchange.far_request == nullptr || !far->closed || far->closed_by != "server" ||
        far->closed_how != "rst" || *far->closed < exchange.far_request->began) {
        return {};
    }
    const bool ended_before = happened(*far, "fin", "server", {far->began, *far->closed});
    const Span span{exchange.far_request->began, *far->closed + 10ms};
    if (ended_before || callee->grown("TcpOutRsts", span) == 0 ||
        callee->grown("TcpEstabResets", span) > 0) {
        return {};
    }
    return Diagnosis{
        RootCause::down,
        Confidence::likely,
        "the callee's host has lost the connection: it was restarted or replaced",
        {fmt::format("the callee's reset at {}, in answer to a request on a connection that it had "
                     "not ended",
                     at(*far->closed)),
         "its kernel said so by itself: TcpOutRsts grew, TcpEstabResets did not"},
        "a retry of idempotent requests on a fresh connection, and keep-alive probes or a check "
        "before a pooled connection is used"};
}

// Fewer bytes of an answer came out of the link than its callee had sent, and it looks whole.
Detective::Verdict_ Detective::cut_on_its_way(const Suspect& suspect,
                                              const Exchange& exchange) const {
    if (exchange.request == nullptr || exchange.request->response == nullptr) return {};
    if (exchange.far_request == nullptr || exchange.far_request->response == nullptr) return {};
    const std::int64_t came = exchange.request->response->body_bytes;
    const std::int64_t went = exchange.far_request->response->body_bytes;
    if (exchange.symptom != Symptom::fine || came >= went) return {};
    std::vector<std::string> evidence{
        fmt::format("the callee sent {} bytes of an answer, and {} came out of the link", went,
                    came),
        "its length was not announced, so that it looks whole"};
    if (is_event_stream(suspect.end)) {
        return Diagnosis{RootCause::api, Confidence::likely, "the stream was cut on its way",
                         std::move(evidence), std::string{remedy_stream}};
    }
    return Diagnosis{RootCause::firewall, Confidence::likely,
                     "something on the way ended the answer early", std::move(evidence),
                     "announce lengths (Content-Length or chunks), and have callers check them"};
}

Detective::Verdict_ Detective::api_says_no(const Suspect& suspect, const Exchange& exchange) const {
    if (exchange.symptom != Symptom::error_status) return {};
    const std::int64_t status = exchange.status();
    const std::string wait = header_of(suspect.end, "retry-after");
    std::vector<std::string> evidence{
        fmt::format("status {} at {}", status, at(exchange.request->answered))};
    if (!wait.empty()) evidence.push_back(fmt::format("Retry-After: {}", wait));
    const bool on_a_model = is_model_path(exchange.request->message->path);
    // A gateway's own 503 tells of its upstreams.
    const bool is_gateway = scene_.calls_on(exchange.link->to);
    if (on_a_model) {
        evidence.push_back(
            fmt::format("asked of an API of models: {}", exchange.request->message->path));
    }
    constexpr std::int64_t too_many = 429;
    constexpr std::int64_t unavailable = 503;
    constexpr std::int64_t overloaded = 529;
    if (status == too_many || status == overloaded ||
        (status == unavailable && !wait.empty() && (on_a_model || !is_gateway))) {
        return Diagnosis{RootCause::api, Confidence::certain,
                         status == too_many ? "the API limits this caller's rate"
                                            : "the API says that it is overloaded",
                         std::move(evidence), std::string{remedy_limits}};
    }
    if (on_a_model && !is_gateway) {
        return Diagnosis{RootCause::api, Confidence::likely, "the API fails", std::move(evidence),
                         std::string{remedy_limits}};
    }
    return {};
}

Detective::Verdict_ Detective::stream(const Suspect& suspect, const Exchange& exchange) const {
    if (!is_streaming(suspect, exchange)) return {};
    const bool streams = is_event_stream(suspect.end);
    std::vector<std::string> evidence{
        streams ? std::string{"the answer is a stream of events (text/event-stream)"}
                : fmt::format("asked of an API of models: {}", exchange.request->message->path)};
    const Duration last = exchange.near().last_byte.value_or(exchange.ran.from);
    if (const std::string problem = problem_of(suspect, exchange);
        !problem.empty() && exchange.symptom != Symptom::stalled) {
        evidence.push_back(fmt::format("{}; its last byte came at {}", problem, at(last)));
        return Diagnosis{RootCause::api, Confidence::certain, problem, std::move(evidence),
                         std::string{remedy_stream}};
    }
    std::string finding;
    switch (exchange.symptom) {
        case Symptom::unanswered:
            finding = "the first token did not come in time";
            evidence.push_back(fmt::format("asked at {}, nothing by {}", at(exchange.request->sent),
                                           at(exchange.ran.to)));
            break;
        case Symptom::stalled:
            finding = "the stream stalled in the middle";
            evidence.push_back(fmt::format("its last byte came at {}, and nothing until {}",
                                           at(last), at(exchange.ran.to)));
            break;
        case Symptom::cut:
            finding = "the stream was cut without its end marker";
            evidence.push_back(fmt::format("ended at {}", at(exchange.ran.to)));
            break;
        case Symptom::closed:
            finding = "the API closed the connection without an answer";
            break;
        default:
            return {};
    }
    return Diagnosis{RootCause::api, Confidence::likely, std::move(finding), std::move(evidence),
                     std::string{remedy_stream}};
}

// An error status of a callee that asks nobody else.
Detective::Verdict_ Detective::error_of_its_own(const Suspect& /*suspect*/,
                                                const Exchange& exchange) const {
    if (exchange.symptom != Symptom::error_status) return {};
    const std::int64_t status = exchange.status();
    std::vector<std::string> evidence{
        fmt::format("status {} at {}, {} after the request", status, at(exchange.request->answered),
                    after(exchange.request->answered - exchange.request->sent))};
    constexpr std::int64_t internal_error = 500;
    constexpr std::int64_t unavailable = 503;
    constexpr std::int64_t timeout = 408;
    if (scene_.calls_on(exchange.link->to)) return {};
    if (status == internal_error) {
        return Diagnosis{RootCause::application, Confidence::likely, "the callee's program fails",
                         std::move(evidence), "read its log of that moment, and fix what it names"};
    }
    if (status == unavailable) {
        return Diagnosis{RootCause::overload, Confidence::likely,
                         "the callee says that it is unavailable", std::move(evidence),
                         "shed load with Retry-After, and scale what is at its limit"};
    }
    if (status == timeout) return {};
    evidence.push_back("a gateway says so, and what it called was not recorded");
    return not_enough("the callee reports an error of somebody behind it", std::move(evidence),
                      "record the links behind it as well");
}

// Others hold what a gateway has of slots to its upstreams.
Detective::Verdict_ Detective::no_slot_free(const Exchange& exchange,
                                            std::vector<std::string> evidence) const {
    std::int64_t in_flight = 0;
    for (const SceneLink* link : scene_.links_from(exchange.link->to)) {
        for (const Exchange& other : all_of(*link)) {
            if (other.request != nullptr && other.ran.from < exchange.ran.to &&
                other.ran.to > exchange.ran.to) {
                ++in_flight;
            }
        }
    }
    if (in_flight == 0) return {};
    evidence.push_back(
        fmt::format("{} in flight to its upstreams at that moment", times(in_flight, "request")));
    return Diagnosis{RootCause::overload, Confidence::likely,
                     "no slot to the upstream was free in time", std::move(evidence),
                     "bound queues and shed early, and give each upstream slots of its own"};
}

// A gateway that neither answers nor asks an upstream.
Detective::Verdict_ Detective::waits_for_a_slot(const Suspect& suspect,
                                                const Exchange& exchange) const {
    if (exchange.symptom != Symptom::unanswered || exchange.request == nullptr) return {};
    if (!exchanges_from(exchange.link->to, suspect, exchange.ran).empty()) return {};
    return no_slot_free(
        exchange, {fmt::format("the gateway took the request at {}, and asked no upstream until {}",
                               at(exchange.request->sent), at(exchange.ran.to))});
}

// A gateway that answers for an upstream that it did not ask.
Detective::Verdict_ Detective::answered_alone(const Suspect& suspect,
                                              const Exchange& exchange) const {
    const int gateway = exchange.link->to;
    if (exchange.symptom != Symptom::error_status || !scene_.calls_on(gateway)) return {};
    const SceneNode* node = scene_.node(gateway);
    const Span span{exchange.ran.from, exchange.ran.to + 10ms};
    std::vector<std::string> evidence{
        fmt::format("the gateway answered {} after {} without asking an upstream",
                    exchange.status(), after(exchange.request->answered - exchange.request->sent))};
    if (const auto verdict = names(suspect, gateway, span, nullptr)) {
        Diagnosis found = *verdict;
        found.evidence.insert(found.evidence.begin(), evidence.front());
        return found;
    }
    if (const auto* line = node->line_with(
            {"could not be resolved", "no such host", "server misbehaving"}, span)) {
        evidence.push_back(fmt::format("its log at {}: {}", at(line->t), line->what->text));
        return Diagnosis{RootCause::dns, Confidence::likely,
                         "the gateway could not resolve its upstream's name", std::move(evidence),
                         "two resolvers for the gateway, and answers kept beyond their TTL"};
    }
    if (const auto verdict = out_of_descriptors(gateway, span)) return verdict;
    return taken_out(suspect, exchange, std::move(evidence));
}

// Who else was being served, and how the last ones before went.
Detective::Verdict_ Detective::taken_out(const Suspect& suspect, const Exchange& exchange,
                                         std::vector<std::string> evidence) const {
    const Exchange* last_probe = nullptr;
    const Exchange* last_call = nullptr;
    std::int64_t good_calls = 0;
    for (const SceneLink* link : scene_.links_from(exchange.link->to)) {
        for (const Exchange& other : all_of(*link)) {
            if (other.ran.from >= exchange.ran.to) continue;
            if (other.ran.to > exchange.ran.to) continue;
            if (is_probe(other)) {
                last_probe = &other;
            } else {
                last_call = &other;
                if (!other.is_bad()) ++good_calls;
            }
        }
    }
    if (const auto verdict = no_slot_free(exchange, evidence)) return verdict;
    if (is_bad_probe(last_probe) && (last_call == nullptr || !last_call->is_bad())) {
        evidence.push_back(
            fmt::format("its last health check failed at {} ({})", at(last_probe->ran.to),
                        last_probe->is_answered() ? fmt::format("status {}", last_probe->status())
                                                  : std::string{name_of(last_probe->symptom)}));
        if (good_calls > 0) {
            evidence.push_back(fmt::format("{} had gone well", times(good_calls, "request")));
        }
        if (last_probe->is_answered() || good_calls > 0) {
            return Diagnosis{RootCause::proxy, Confidence::likely,
                             "a health check took an upstream out that works", std::move(evidence),
                             std::string{remedy_health}};
        }
    }
    const Exchange* reason = last_call != nullptr && last_call->is_bad()     ? last_call
                             : last_probe != nullptr && last_probe->is_bad() ? last_probe
                                                                             : nullptr;
    if (reason != nullptr) {
        Suspect earlier = suspect;
        earlier.end = nullptr;
        earlier.ran = reason->ran;
        earlier.chain = {*reason};
        Diagnosis found = diagnose_exchange(earlier, *reason);
        if (found.cause == RootCause::not_enough_evidence) return found;
        found.confidence = Confidence::likely;
        evidence.push_back(fmt::format("it had taken the upstream out after what failed at {}",
                                       at(reason->ran.to)));
        found.evidence.insert(found.evidence.begin(), evidence.begin(), evidence.end());
        return found;
    }
    return not_enough("the gateway refuses by itself", std::move(evidence),
                      "read the gateway's log of that moment");
}

// What a gateway makes worse: it goes on longer than its caller waits, or asks again and again.
Detective::Verdict_ Detective::budgets(const Suspect& suspect, const Diagnosis& inner) const {
    if (suspect.chain.size() < 2) return {};
    const bool is_soft = inner.cause == RootCause::application || inner.cause == RootCause::api ||
                         inner.cause == RootCause::not_enough_evidence;
    if (!is_soft) return {};
    const Exchange& outer = suspect.chain.front();
    const Exchange& next = suspect.chain[1];
    const auto requests_from = [&](int node) {
        const auto exchanges = exchanges_from(node, suspect, suspect.ran);
        return std::count_if(exchanges.begin(), exchanges.end(),
                             [](const Exchange& exchange) { return exchange.request != nullptr; });
    };
    const std::int64_t asked = requests_from(outer.link->from);
    const std::int64_t passed_on = requests_from(next.link->from);
    std::vector<std::string> evidence;
    if (asked > 0 && passed_on >= 2 * asked && (outer.left || asked >= 2)) {
        evidence.push_back(fmt::format("{} of the client became {} to the upstream",
                                       times(asked, "request"), passed_on));
        evidence.push_back(fmt::format("each of them failed: {}", inner.finding));
        return Diagnosis{RootCause::proxy, Confidence::likely,
                         "retries of client and gateway multiply", std::move(evidence),
                         std::string{remedy_retries}};
    }
    constexpr Duration margin = 1ms;
    if (outer.left && outer.symptom == Symptom::unanswered && outer.near().closed &&
        next.ran.to + margin >= *outer.near().closed) {
        evidence.push_back(fmt::format("the client left at {}, after {}", at(*outer.near().closed),
                                       after(outer.took())));
        evidence.push_back(fmt::format("the gateway was still waiting for its upstream, until {}",
                                       at(next.ran.to)));
        evidence.push_back(fmt::format("there: {}", inner.finding));
        return Diagnosis{RootCause::proxy, Confidence::likely,
                         "the gateway waits longer for its upstream than its client does for it",
                         std::move(evidence), std::string{remedy_budgets}};
    }
    return {};
}

}  // namespace etimedout
