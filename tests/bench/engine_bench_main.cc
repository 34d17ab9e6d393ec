// engine_bench: the proxy's data path alone, without its API: LISTEN UPSTREAM [DELAY_MS].
#include <charconv>
#include <csignal>
#include <string_view>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/proxy/engine.hh"

namespace etimedout {

namespace {

class NobodyListens : public EngineListener {
public:
    void accepted(const std::string&, std::int64_t, const std::string&) override {}
    void connect_failed(const std::string& proxy, std::int64_t, const std::string& upstream,
                        const std::string& why) override {
        fmt::print(stderr, "{}: connect to {}: {}\n", proxy, upstream, why);
    }
    void closed(const std::string&, std::int64_t, const std::string&, std::uint64_t,
                std::uint64_t) override {}
    void rule_met(const std::string&, std::int64_t, const std::string&) override {}
    void accept_paused(const std::string& proxy, const std::string& why) override {
        fmt::print(stderr, "{}: accepting pauses: {}\n", proxy, why);
    }
    void accept_resumed(const std::string&) override {}
    void unreachable(const std::string&, std::int64_t, const std::string&,
                     const std::string&) override {}
};

int delay_in_ms(std::string_view text) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
        throw Error{fmt::format("delay \"{}\" is not a number of milliseconds", text),
                    "write it as 50"};
    }
    return value;
}

// Until SIGINT or SIGTERM.
void run(const std::string& listen, const std::string& upstream, std::string_view delay) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before the engine's threads begin
    ProxyPlan plan{.name = "bench", .listen = listen, .upstream = upstream};
    if (const int ms = delay_in_ms(delay); ms > 0) {
        const FlowDelay latency{.delay = std::chrono::milliseconds{ms}};
        plan.rules.push_back({.id = "latency", .way = Way::down, .plan = FlowPlan{latency}});
    }
    NobodyListens listener;
    Engine engine{EnginePlan{}, listener};
    const auto proxy = engine.open(std::move(plan));
    int ended_by = 0;
    sigwait(&ends, &ended_by);
}

}  // namespace

}  // namespace etimedout

int main(int argc, char** argv) {
    if (argc < 3 || argc > 4) {
        fmt::print(stderr, "usage: engine_bench LISTEN UPSTREAM [DELAY_MS]\n");
        return 2;
    }
    try {
        etimedout::run(argv[1], argv[2], argc == 4 ? argv[3] : "0");
    } catch (const etimedout::Error& error) {
        fmt::print(stderr, "engine_bench: {}\n", error.what());
        return 1;
    }
    return 0;
}
