// How long the API takes with a thousand connections stuck in the toxics that it is told to take
// away. Toxiproxy answers such a DELETE after 25 s, with 503.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/json/parse.hpp>

#include "simulator/proxy/proxy_server.hh"
#include "tests/proxy/crowd.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

struct Stuck {
    Stuck() {
        const std::string row = R"({"name":"p","listen":"127.0.0.1:0","upstream":")" +
                                crowd.upstream() +
                                R"(","toxics":[{"type":"hold","stream":"upstream"}]})";
        const auto made = client.call("POST", "/proxies", row);
        const auto proxy = boost::json::parse(made.body()).as_object();
        crowd.gather(std::string{proxy.at("listen").as_string()});
    }
    static ProxyServerPlan plan() {
        ProxyServerPlan plan;
        plan.host = "127.0.0.1";
        plan.port = 0;
        plan.log_level = LogLevel::panic;
        plan.log_descriptor = -1;
        return plan;
    }
    void call(const char* method, const char* target, const char* body = "") {
        const auto response = client.call(method, target, body);
        if (response.result_int() >= 300) std::fprintf(stderr, "%s\n", response.body().c_str());
    }

    ProxyServer server{plan()};
    HttpClient client{server.api_address()};
    Crowd crowd;
};

// Which share is answered within 10 ms, and how late the slowest was.
void tell(benchmark::State& state, const std::vector<double>& times) {
    constexpr double enough = 0.010;
    const auto in_time =
        std::count_if(times.begin(), times.end(), [](double t) { return t <= enough; });
    state.counters["within_10_ms"] =
        static_cast<double>(in_time) / static_cast<double>(times.size());
    state.counters["slowest_ms"] = *std::max_element(times.begin(), times.end()) * 1000;
}

// Adds a toxic that throws all away to every connection, and times its DELETE alone.
void delete_of_a_toxic(benchmark::State& state) {
    if (!allow_descriptors(crowd_descriptors)) {
        state.SkipWithError("needs 4200 file descriptors");
        return;
    }
    const auto stuck = std::make_unique<Stuck>();
    std::vector<double> times;
    for (auto _ : state) {
        stuck->call("POST", "/proxies/p/toxics", R"({"type":"timeout"})");
        const auto began = std::chrono::steady_clock::now();
        stuck->call("DELETE", "/proxies/p/toxics/timeout_downstream");
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        state.SetIterationTime(took.count());
        times.push_back(took.count());
    }
    tell(state, times);
}
BENCHMARK(delete_of_a_toxic)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1000);

// Takes the proxy with all its connections away.
void delete_of_the_proxy(benchmark::State& state) {
    if (!allow_descriptors(crowd_descriptors)) {
        state.SkipWithError("needs 4200 file descriptors");
        return;
    }
    std::vector<double> times;
    for (auto _ : state) {
        const auto stuck = std::make_unique<Stuck>();
        const auto began = std::chrono::steady_clock::now();
        stuck->call("DELETE", "/proxies/p");
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        state.SetIterationTime(took.count());
        times.push_back(took.count());
    }
    tell(state, times);
}
BENCHMARK(delete_of_the_proxy)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(10);

}  // namespace
}  // namespace etimedout::test

BENCHMARK_MAIN();
