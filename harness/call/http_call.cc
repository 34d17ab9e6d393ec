// The http call: one request through libcurl, with its phases as `curl -w` names them.
#include <utility>

#include <fmt/format.h>
#include <strings.h>

#include "harness/call/call_state.hh"
#include "harness/call/http_outcome.hh"
#include "simulator/node/root_file_system.hh"

namespace etimedout {

namespace {

bool asks_to_expect(const HttpCall& call) {
    for (const auto& [name, value] : call.headers) {
        if (::strcasecmp(name.c_str(), "expect") == 0) return true;
    }
    return false;
}

HttpRequest request_for(const CallPlan& plan) {
    const auto& call = std::get<HttpCall>(plan.step.what);
    HttpRequest request;
    request.host = plan.host.empty() ? plan.address : plan.host;
    request.port = plan.port;
    const bool is_v6 = request.host.find(':') != std::string::npos;
    request.url =
        fmt::format("{}://{}:{}{}", call.tls ? "https" : "http",
                    is_v6 ? fmt::format("[{}]", request.host) : request.host, plan.port, call.path);
    request.method = call.method;
    request.connection = plan.step.connection;
    if (call.verify) request.authority = authority_file;
    if (call.body) {
        request.body = *call.body;
        request.body_size = static_cast<std::int64_t>(call.body->size());
    } else if (call.body_size) {
        request.body_size = call.body_size->count;
    } else if (call.method == "POST" || call.method == "PUT" || call.method == "PATCH") {
        request.body_size = 0;  // says Content-Length: 0, as RFC 9110, 8.6 asks of these
    }
    request.headers = {fmt::format("X-Etimedout-Call: {}/{}", plan.call, plan.index)};
    // Else curl would add it to large bodies.
    if (!asks_to_expect(call)) request.headers.emplace_back("Expect:");
    for (const auto& [name, value] : call.headers) {
        // A header without a value would be left out; curl's way to send one is a semicolon.
        request.headers.push_back(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    return request;
}

// With times since the call began. Nothing of an answer that can have no body, such as a 204.
std::optional<StreamSeen> stream_of(const HttpExchange& exchange, Duration begin) {
    if (!exchange.stream || exchange.status < 200) return std::nullopt;
    StreamSeen seen = exchange.stream->seen();
    if (!seen.first_byte && !exchange.stream->is_event_stream()) return std::nullopt;
    seen.end = exchange.end;
    for (auto* time : {&seen.headers, &seen.first_byte, &seen.first_event, &seen.first_content,
                       &seen.last, &seen.end}) {
        if (*time) **time -= begin;
    }
    return seen;
}

}  // namespace

CallEnd run_http(const CallPlan& plan, const WorldClock& clock, CallState& state) {
    const Limits limits = Limits::of(plan.step, clock.now());
    CallEnd end;
    auto addresses = callee_addresses(plan, clock, state, limits, end);
    if (!addresses) return end;
    HttpRequest request = request_for(plan);
    if (!plan.host.empty()) request.addresses = std::move(*addresses);

    const bool reuse = request.connection == ConnectionUse::reuse;
    const std::string key =
        fmt::format("{}/{}/{}{}", plan.step.node, plan.step.link, request.url.substr(0, 5),
                    request.authority.empty() ? "" : "/verified");
    auto client = reuse ? state.parts().take(key) : std::make_unique<HttpClient>();
    HttpExchange exchange = client->perform(request, limits, clock);

    const HttpOutcome seen = outcome_of(request, exchange);
    const Duration before = exchange.begin - limits.begin;
    const auto since_begin = [&](std::optional<Duration> phase) -> std::optional<Duration> {
        if (!phase) return std::nullopt;
        return before + *phase;
    };
    end.outcome = seen.outcome;
    end.error = seen.error;
    end.completeness = seen.completeness;
    end.detail = exchange.detail;
    if (exchange.status >= 200) end.status = exchange.status;
    end.connect = since_begin(exchange.connect);
    end.tls = since_begin(exchange.tls);
    end.first_byte = since_begin(exchange.first_byte);
    end.total = exchange.end - limits.begin;
    end.sent = exchange.sent;
    end.received = exchange.body.size;
    end.stream = stream_of(exchange, limits.begin);
    end.headers = std::move(exchange.headers);
    end.body = std::move(exchange.body.text);
    end.local_address = std::move(exchange.local_address);
    if (reuse) {
        state.parts().keep(key, std::move(client));
    } else if (plan.step.hold_open) {
        state.parts().hold(std::move(client));
    }
    return end;
}

}  // namespace etimedout
