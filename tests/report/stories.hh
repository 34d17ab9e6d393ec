// Stories: results of runs that went well or wrong in the usual ways, for the tests of reports.
#pragma once

#include <algorithm>

#include "harness/report/result.hh"
#include "tests/expect/log_builder.hh"

namespace etimedout::testing {

inline ScenarioResult judged(Scenario scenario, EventLog log) {
    ScenarioResult result;
    result.judgement = judge(scenario, log);
    result.virtual_time = result.judgement.virtual_time;
    result.real_time = 610ms;
    result.clock = "virtual";
    result.seed = 7;
    result.repeat_command = "etimedout run " + scenario.file + " --seed 7";
    result.scenario = std::move(scenario);
    result.log = std::move(log);
    return result;
}

inline Expectation written(std::size_t line, std::string text, Expectation expectation) {
    expectation.where = {line, 5};
    expectation.text = std::move(text);
    return expectation;
}

// The upstream is silent, and the gateway answers 504 after `patience`; 30 s are expected.
inline ScenarioResult silent_upstream(Duration patience) {
    Scenario scenario = gateway_scenario();
    scenario.tags = {"gateway", "nginx"};
    scenario.steps = {call_step("warm"), fault_step("silence"), call_step("c1")};
    scenario.expectations = {
        written(22, "{at: warm, status: 200}", {.at = "warm", .status = count(200)}),
        written(23, "{at: c1, status: 504, total: 30s ±100ms}",
                {.because = "proxy_read_timeout 30s in nginx.conf",
                 .at = "c1",
                 .status = count(504),
                 .phases = {{"total", around("30s ±100ms")}}}),
        written(
            24,
            "{at: up, of: c1, requests: 1, closed: {by: gateway, after: 30s ±100ms, since: "
            "request}}",
            {.at = "up",
             .of = "c1",
             .counts = {{"requests", count(1)}},
             .closed =
                 ClosedBound{.by = "gateway", .after = around("30s ±100ms"), .since = "request"}}),
        written(25, "{at: gateway, log: {contains: \"upstream timed out\"}}",
                {.at = "gateway", .log = LogBound{.contains = "upstream timed out"}})};
    const Duration begin = 1500ms;
    const Duration end = begin + patience;
    CallEnd gateway_timeout;
    gateway_timeout.outcome = "response";
    gateway_timeout.status = 504;
    LogBuilder log;
    log.line("gateway", 10ms, "start worker process 7");
    log.step(1, "warm", 1s, 1001ms).call("warm", 1s, 1001ms);
    log.step(2, "silence", 1200ms, 1200ms).armed("silence", 1200ms);
    log.step(3, "c1", begin, end).call("c1", begin, end, gateway_timeout);
    const auto pair = [&](const std::string& link, std::int64_t number, Duration from,
                          Duration until, std::optional<Duration> answer, std::int64_t status,
                          const std::string& call) {
        log.connection({.link = link,
                        .number = number,
                        .began = from,
                        .established = from + 200us,
                        .closed = until,
                        .bytes = 300,
                        .last_byte = from + 300us});
        log.request({.link = link,
                     .connection = number,
                     .sent = from + 300us,
                     .answered = answer,
                     .status = status,
                     .call = call});
    };
    pair("front", 1, 1s, 1001ms, 1000900us, 200, "warm/1");
    pair("up", 1, 1000400us, 1000900us, 1000800us, 200, "warm/1");
    pair("front", 2, begin, end + 1ms, end, 504, "c1/1");
    pair("up", 2, begin + 400us, end - 100us, std::nullopt, 0, "c1/1");
    log.line("gateway", end - 100us,
             "2026/01/01 00:00:31 [error] 7#7: *3 upstream timed out (110: Connection timed out) "
             "while reading response header from upstream, client: 10.0.0.1, server: , request: "
             "\"GET / HTTP/1.1\"");
    log.witness("silence", end + 3s, 1, 1);
    return judged(scenario, log.end(end + 3s));
}

// Nothing answers SYNs; the kernel gives up after `syns` of them.
inline ScenarioResult blackholed_connect() {
    Scenario scenario;
    scenario.file = "scenarios/firewall/blackhole.yaml";
    scenario.name = "connect to a blackholed port times out in the kernel";
    scenario.topology.nodes = {{"client", {}}, {"server", {}}};
    scenario.topology.links = {
        {"api", LinkSpec{.from = "client", .to = "server", .port = Port{80}}}};
    Step step = call_step("c", "api");
    std::get<CallStep>(step.what).what = TcpCall{};
    scenario.steps = {fault_step("blackhole", "api", Blackhole{}), step};
    scenario.expectations = {
        written(12, "{at: c, outcome: connect_timeout, errno: ETIMEDOUT, total: 7s -200ms/+600ms}",
                {.because = "1 + 2 + 4 s: tcp_syn_retries is 2",
                 .at = "c",
                 .outcome = "connect_timeout",
                 .error = "ETIMEDOUT",
                 .phases = {{"total", around("7s -200ms/+600ms")}}}),
        written(
            13, "{at: api, of: c, attempts: 1, syns: 3, established: 0}",
            {.at = "api",
             .of = "c",
             .counts = {{"attempts", count(1)}, {"syns", count(3)}, {"established", count(0)}}})};
    CallEnd end;
    end.outcome = "connect_timeout";
    end.error = "ETIMEDOUT";
    end.detail = "connect: Connection timed out";
    LogBuilder log;
    log.step(1, "blackhole", 500ms, 500ms).armed("blackhole", 500ms, "blackhole", "api");
    log.step(2, "c", 500ms, 65s).call("c", 500ms, 65s, end);
    log.connection(
        {.link = "api", .began = 500ms, .syn_times = {1500ms, 3500ms, 7500ms, 15500ms, 32s}});
    log.witness("blackhole", 66s, 6, 6);
    EventLog events = log.end(66s);
    events.push_back({66s, CaptureEnd{"api", "near", 6, 0}});
    return judged(scenario, std::move(events));
}

// The client tries again and again, although two retries were to be enough.
inline ScenarioResult retry_storm() {
    Scenario scenario = gateway_scenario();
    scenario.file = "scenarios/retries/storm.yaml";
    scenario.name = "the gateway retries twice and then gives up";
    scenario.steps = {fault_step("refusal", "up", Reset{}), call_step("c1")};
    scenario.expectations = {
        written(18, "{at: up, of: c1, retries: {of: connections, count: 2}}",
                {.at = "up", .of = "c1", .retries = RetriesBound{.count = count(2)}})};
    CallEnd end;
    end.outcome = "response";
    end.status = 502;
    LogBuilder log;
    log.step(1, "refusal", 1s, 1s).armed("refusal", 1s, "reset");
    log.step(2, "c1", 1s, 6s).call("c1", 1s, 6s, end);
    log.connection(
        {.link = "front", .began = 1s, .established = 1000200us, .closed = 6s, .bytes = 300});
    log.request(
        {.link = "front", .sent = 1000300us, .answered = 6s, .status = 502, .call = "c1/1"});
    for (std::int64_t i = 1; i <= 24; ++i) {
        const Duration begin = 1s + 200ms * i;
        log.connection({.number = i,
                        .began = begin,
                        .closed = begin + 200us,
                        .closed_by = "server",
                        .closed_how = "rst"});
    }
    log.witness("refusal", 9s, 24, 24);
    return judged(scenario, log.end(9s));
}

// The fault is armed on a link that the call does not use.
inline ScenarioResult unmet_fault() {
    ScenarioResult result = silent_upstream(30s);
    EventLog log = result.log;
    for (Event& event : log) {
        if (auto* witness = std::get_if<FaultWitness>(&event.what)) {
            witness->matched = 0;
            witness->fired = 0;
        }
    }
    return judged(result.scenario, std::move(log));
}

// The gateway did not start.
inline ScenarioResult broken_run() {
    ScenarioResult result = silent_upstream(30s);
    EventLog log;
    log.push_back(
        {0s, LogBegin{.scenario = result.scenario.name, .seed = "7", .clock = "virtual"}});
    log.push_back({0s, ProcessBegin{"gateway", "nginx -g 'daemon off;'"}});
    log.push_back(
        {20ms,
         LogLine{"gateway", "stderr",
                 "nginx: [emerg] unknown directive \"porxy_pass\" in /scenario/nginx.conf:7"}});
    log.push_back({30ms, ProcessEnd{"gateway", 1, false}});
    LogEnd end;
    end.reason = "not_ready";
    end.message = "`gateway` ended with exit code 1 before it was ready";
    end.advice = "its last words are below; try the command by itself";
    log.push_back({30ms, end});
    ScenarioResult broken = judged(result.scenario, std::move(log));
    broken.program_output = "world: gateway is not ready\nworld: ends\n";
    broken.kept_in = "results/nginx-504";
    return broken;
}

inline ScenarioResult skipped_scenario() {
    ScenarioResult result;
    result.scenario = gateway_scenario();
    result.scenario.file = "scenarios/gateway/haproxy.yaml";
    result.scenario.name = "HAProxy redispatches beside its health checks";
    result.judgement.verdict = Verdict::skipped;
    result.skip_reason = "haproxy is not installed (needs >=2.4)";
    result.skip_remedy = "apt-get install haproxy";
    result.seed = 7;
    return result;
}

// A time missed by less than the machine stalled.
inline ScenarioResult stalled_run() {
    ScenarioResult late = silent_upstream(30300ms);
    for (Event& event : late.log) {
        if (auto* begin = std::get_if<LogBegin>(&event.what)) begin->clock = "real";
    }
    const Duration stalled = 20s;
    const auto after = std::find_if(late.log.begin(), late.log.end(),
                                    [&](const Event& event) { return event.t > stalled; });
    late.log.insert(after, Event{stalled, Stall{700ms}});
    late.scenario.expectations.resize(2);
    ScenarioResult result = judged(late.scenario, late.log);
    result.clock = "real";
    result.real_time = result.virtual_time;
    return result;
}

}  // namespace etimedout::testing
