// The API never waits for the data path: with a thousand connections stuck, and with every thread
// of the data path held fast so that it can finish nothing, all it is asked for is answered.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

#include <gtest/gtest.h>

#include "simulator/proxy/http_api.hh"
#include "simulator/proxy/proxy_set.hh"
#include "tests/proxy/crowd.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

constexpr std::size_t workers = 2;

// Holds each thread of the data path fast at the next rule it is told of, from hold() to let_go().
class Vice final : public EngineListener {
public:
    void hold() { set(true); }
    void let_go() { set(false); }
    std::size_t held() const {
        const std::lock_guard lock{mutex_};
        return held_;
    }
    void wait_until_all_are_held() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return held_ == workers; });
    }

    void rule_met(const std::string&, std::int64_t, const std::string&) override {
        std::unique_lock lock{mutex_};
        if (!holds_) return;
        ++held_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !holds_; });
        --held_;
    }
    void accepted(const std::string&, std::int64_t, const std::string&) override {}
    void connect_failed(const std::string&, std::int64_t, const std::string&,
                        const std::string&) override {}
    void closed(const std::string&, std::int64_t, const std::string&, std::uint64_t,
                std::uint64_t) override {}
    void accept_paused(const std::string&, const std::string&) override {}
    void accept_resumed(const std::string&) override {}
    void unreachable(const std::string&, std::int64_t, const std::string&,
                     const std::string&) override {}

private:
    void set(bool holds) {
        const std::lock_guard lock{mutex_};
        holds_ = holds;
        changed_.notify_all();
    }
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool holds_ = false;
    std::size_t held_ = 0;
};

EngineCalls calls_of(Engine& engine) {
    EngineCalls calls;
    calls.open = [&engine](ProxyPlan plan) { return engine.open(std::move(plan)); };
    calls.resolve = resolved_listen;
    calls.connections = [&engine] { return engine.connections(); };
    calls.kill = [&engine](std::uint64_t connection) { return engine.kill(connection); };
    return calls;
}

std::size_t stuck(const Engine& engine) {
    std::size_t count = 0;
    for (const ConnectionRow& row : engine.connections()) count += row.held > 0 ? 1u : 0u;
    return count;
}

TEST(StuckConnections, DoNotKeepTheApiWaiting) {
    if (!allow_descriptors(crowd_descriptors)) {
        GTEST_SKIP() << "needs " << crowd_descriptors
                     << " file descriptors; the hard limit of this user is lower (`ulimit -Hn`)";
    }
    Vice vice;
    Engine engine{{.workers = workers, .seed = 1}, vice};
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{calls_of(engine), log};
    HttpApi api{{"127.0.0.1", 0, MetricsEndpoint::absent}, proxies, log};
    HttpClient client{api.address()};
    Crowd crowd;
    // A test that fails must not leave the engine unable to end.
    const std::shared_ptr<Vice> release{&vice, [](Vice* held) { held->let_go(); }};

    // The status, with every thread of the data path held before and after.
    const auto status_of = [&](const std::string& method, const std::string& target,
                               const std::string& body = {}) {
        EXPECT_EQ(vice.held(), workers);
        const auto began = std::chrono::steady_clock::now();
        const unsigned status = client.call(method, target, body).result_int();
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - began;
        EXPECT_EQ(vice.held(), workers);
        std::printf("%-7s %-24s %u  %.3f ms\n", method.c_str(), target.c_str(), status,
                    took.count());
        return status;
    };

    const std::string row = R"({"name":"p","listen":"127.0.0.1:0","upstream":")" +
                            crowd.upstream() +
                            R"(","toxics":[{"type":"hold","name":"h","stream":"upstream"}]})";
    ASSERT_EQ(client.call("POST", "/proxies", row).result_int(), 201U);
    const std::string listen = proxies.get("p").listen;
    crowd.gather(listen);
    while (stuck(engine) < crowd_size) {
        const timespec pause{0, 1'000'000};
        ::nanosleep(&pause, nullptr);
    }
    vice.hold();
    // Each thread comes to it at the first of its connections, and stays there.
    ASSERT_EQ(client.call("POST", "/proxies/p/toxics", R"({"type":"timeout"})").result_int(), 200U);
    vice.wait_until_all_are_held();

    EXPECT_EQ(status_of("DELETE", "/proxies/p/toxics/h"), 204U);
    EXPECT_EQ(status_of("GET", "/proxies"), 200U);
    EXPECT_EQ(status_of("POST", "/reset"), 204U);
    EXPECT_EQ(status_of("GET", "/connections"), 200U);
    EXPECT_EQ(status_of("DELETE", "/connections/1"), 204U);
    EXPECT_EQ(status_of("DELETE", "/proxies/p"), 204U);
    // Its address is free although nothing of it has been closed.
    const std::string again =
        R"({"name":"q","listen":")" + listen + R"(","upstream":")" + crowd.upstream() + "\"}";
    EXPECT_EQ(status_of("POST", "/proxies", again), 201U);
    EXPECT_EQ(engine.connections().size(), std::size_t{crowd_size});
    vice.let_go();
}

}  // namespace
}  // namespace etimedout::test
