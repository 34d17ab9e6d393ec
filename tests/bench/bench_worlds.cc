// How fast worlds are: whole runs with a stub, virtual against real time, checkers over events.
#include <atomic>
#include <filesystem>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "harness/expect/judge.hh"
#include "harness/run/driver.hh"
#include "harness/scenario/parse.hh"
#include "simulator/events/jsonl.hh"
#include "simulator/vm/keeper.hh"
#include "simulator/vm/kernel.hh"

namespace etimedout {

namespace {

constexpr const char* only_a_stub = R"(scenario: 1
name: one answer
nodes: {client: {}, server: {stub: http, port: 80}}
links: {api: client -> server:80}
steps:
  - call: {id: c, link: api, get: /}
expect:
  - {at: c, status: 200}
)";

constexpr const char* long_timeout = R"(scenario: 1
name: connect to a blackholed port with default sysctls
nodes: {client: {}, server: {stub: tcp, port: 80}}
links: {api: client -> server:80}
steps:
  - fault: {link: api, kind: blackhole}
  - call: {id: c, link: api, tcp: connect, deadline: 300s}
expect:
  - {at: c, outcome: connect_timeout}
)";

Keeper& keeper() {
    static Keeper one;
    return one;
}

RunRequest request_for(const char* text) {
    RunRequest request;
    request.text = text;
    request.scenario = std::get<0>(parse_scenarios(text, "bench.yaml", {})).at(0);
    request.order.file = "bench.yaml";
    request.order.scenario_dir = "/tmp";
    return request;
}

// Runs one scenario again and again; says how much of the world's time passed per real second.
void run_worlds(benchmark::State& state, const char* text) {
    static const std::atomic<bool> never{false};
    const Driver driver{
        {.program = ETIMEDOUT_PROGRAM, .kernel = find_kernel(), .keeper = &keeper()}, never};
    const RunRequest request = request_for(text);
    std::int64_t count = 0;
    double in_calls = 0;
    for (auto _ : state) {
        const auto folder = keeper().folder(fmt::format("bench-{}", count++));
        const ScenarioResult result = driver.run(request, folder);
        if (result.judgement.verdict != Verdict::pass) state.SkipWithError("the scenario failed");
        in_calls += static_cast<double>(result.judgement.time_in_calls.count()) / 1e9;
        keeper().remove(folder);
    }
    state.counters["worlds/s"] =
        benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
    state.counters["virtual_s/s"] = benchmark::Counter(in_calls, benchmark::Counter::kIsRate);
}

void world_with_a_stub(benchmark::State& state) { run_worlds(state, only_a_stub); }
void world_with_a_two_minute_timeout(benchmark::State& state) { run_worlds(state, long_timeout); }

// A log as a load of calls gives: each with its connection, request and response.
EventLog log_of_calls(std::int64_t calls) {
    EventLog log{{Duration{}, LogBegin{.scenario = "bench", .seed = "1", .clock = "virtual"}}};
    for (std::int64_t i = 0; i < calls; ++i) {
        const Duration t = i * 10ms;
        log.push_back({t, CallBegin{.call = "c", .index = i + 1, .node = "client", .link = "api"}});
        log.push_back({t, TcpEvent{.link = "api",
                                   .end = "near",
                                   .connection = i + 1,
                                   .what = "syn",
                                   .by = "client"}});
        log.push_back({t + 1ms, HttpMessage{.link = "api",
                                            .end = "near",
                                            .connection = i + 1,
                                            .number = 1,
                                            .what = "request",
                                            .call = "c/1"}});
        log.push_back({t + 2ms, HttpMessage{.link = "api",
                                            .end = "near",
                                            .connection = i + 1,
                                            .number = 1,
                                            .what = "response",
                                            .status = 200,
                                            .complete = true}});
        log.push_back(
            {t + 3ms,
             CallEnd{
                 .call = "c", .index = i + 1, .outcome = "response", .status = 200, .total = 3ms}});
    }
    const Duration end = calls * 10ms + 2s;
    log.push_back({end, CaptureEnd{.link = "api", .end = "near", .packets = 5 * calls}});
    log.push_back({end, LogEnd{.reason = "ok"}});
    return log;
}

void events_through_the_checkers(benchmark::State& state) {
    const Scenario scenario = request_for(only_a_stub).scenario;
    const EventLog log = log_of_calls(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(judge(scenario, log));
    state.counters["events/s"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * static_cast<double>(log.size()),
        benchmark::Counter::kIsRate);
}

void events_read_from_text(benchmark::State& state) {
    const std::string text = write_event_log(log_of_calls(state.range(0)));
    std::size_t events = 0;
    for (auto _ : state) events += read_event_log(text)->size();
    state.counters["events/s"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

BENCHMARK(world_with_a_stub)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(5);
BENCHMARK(world_with_a_two_minute_timeout)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(5);
BENCHMARK(events_through_the_checkers)
    ->Arg(1000)
    ->Arg(20000)
    ->Arg(200000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(events_read_from_text)->Arg(20000)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace etimedout

BENCHMARK_MAIN();
