// How many items per second pass through the faults of one direction of a connection.
#include <algorithm>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "simulator/stream/chain.hh"

namespace etimedout {

namespace {

constexpr std::size_t item_bytes = 1460;  // a full segment of Ethernet
constexpr int burst = 64;                 // items that come before the first is taken out

// Items go in on a clock of their own, which jumps to when the chain has something to give.
void pass_through_chain(benchmark::State& state, const std::vector<ChainLink>& links) {
    Chain chain{1, "bench"};
    Moment now{};
    chain.set(links, now);
    std::int64_t items_in = 0;
    std::int64_t items_out = 0;
    std::size_t bytes_out = 0;
    for (auto _ : state) {
        for (int i = 0; i < burst; ++i) {
            now += 1us;
            chain.take(Item::data(std::string(item_bytes, 'x'), now));
        }
        items_in += burst;
        for (;;) {
            while (auto item = chain.give(now)) {
                ++items_out;
                bytes_out += item->bytes.size();
            }
            const auto next = chain.next();
            if (!next) break;
            now = std::max(now, *next);
        }
    }
    if (bytes_out != static_cast<std::size_t>(items_in) * item_bytes) {
        state.SkipWithError("bytes were lost");
    }
    state.SetItemsProcessed(items_in);
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes_out));
    state.counters["out/in"] = static_cast<double>(items_out) / static_cast<double>(items_in);
}

ChainLink delay_of_50_ms() { return {"delay", FlowDelay{.delay = 50ms}}; }
ChainLink fast_throttle() { return {"rate", FlowThrottle{.bytes_per_second = 1'000'000'000}}; }
ChainLink slices_of_100() { return {"slice", FlowSlice{.average = 100, .variation = 50}}; }

void no_fault(benchmark::State& state) { pass_through_chain(state, {}); }
void one_that_passes(benchmark::State& state) { pass_through_chain(state, {{"pass", FlowPass{}}}); }
void delay(benchmark::State& state) { pass_through_chain(state, {delay_of_50_ms()}); }
void delay_and_bandwidth(benchmark::State& state) {
    pass_through_chain(state, {delay_of_50_ms(), fast_throttle()});
}
void slicer(benchmark::State& state) { pass_through_chain(state, {slices_of_100()}); }

BENCHMARK(no_fault);
BENCHMARK(one_that_passes);
BENCHMARK(delay);
BENCHMARK(delay_and_bandwidth);
BENCHMARK(slicer);

}  // namespace

}  // namespace etimedout

BENCHMARK_MAIN();
