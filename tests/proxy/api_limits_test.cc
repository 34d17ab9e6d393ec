// For how long the API waits for a client, and a client for it: each limit by itself, with the
// others too long for a test to live to see.
#include <condition_variable>
#include <memory>
#include <mutex>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "simulator/proxy/http_api.hh"
#include "tests/proxy/fake_engine.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

constexpr ApiLimits endless{.read = 1h, .write = 1h, .idle = 1h, .answer = 1h};
constexpr int patience_in_ms = 14'000;  // shorter than any of the usual limits

class ApiLimitsTest : public testing::Test {
protected:
    void start(const ApiLimits& limits) {
        HttpApiPlan plan{"127.0.0.1", 0, MetricsEndpoint::absent, limits};
        api = std::make_unique<HttpApi>(plan, proxies, log);
    }
    FakeEngine engine;
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
    std::unique_ptr<HttpApi> api;
};

// Whether anything comes from the other side in time, its end included.
bool hears(HttpClient& client, int wait_in_ms = patience_in_ms) {
    pollfd one{client.descriptor(), POLLIN, 0};
    return ::poll(&one, 1, wait_in_ms) == 1;
}

TEST(ApiLimits, AreThoseOfToxiproxyServer) {
    const HttpApiPlan plan;
    EXPECT_EQ(plan.limits.read, 15s);
    EXPECT_EQ(plan.limits.write, 30s);
    EXPECT_EQ(plan.limits.idle, 60s);
    EXPECT_EQ(plan.limits.answer, 25s);
}

TEST_F(ApiLimitsTest, WhoSaysNothingIsLetGo) {
    ApiLimits limits = endless;
    limits.read = 20ms;
    start(limits);
    HttpClient silent{api->address()};
    ASSERT_TRUE(hears(silent));
    EXPECT_TRUE(silent.ended());
}

TEST_F(ApiLimitsTest, HalfARequestIsNotWaitedForForEver) {
    ApiLimits limits = endless;
    limits.read = 20ms;
    start(limits);
    for (const char* half : {"POST /proxies HTTP/1.1\r\nHo",
                             "POST /proxies HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Length: 100\r\n\r\n{"}) {
        HttpClient client{api->address()};
        client.send(half);
        ASSERT_TRUE(hears(client)) << half;
        EXPECT_TRUE(client.ended()) << half;
    }
}

TEST_F(ApiLimitsTest, ARequestThatDribblesDoesNotBuyTime) {
    // A byte each millisecond or so; the limit is of the whole request.
    ApiLimits limits = endless;
    limits.read = 20ms;
    start(limits);
    HttpClient client{api->address()};
    client.send("GET /version HTTP/1.1\r\nHost: localhost\r\nX: ");
    bool heard = false;
    for (int i = 0; i < patience_in_ms && !heard; ++i) {
        client.try_to_send("x");
        heard = hears(client, 1);
    }
    EXPECT_TRUE(heard);
}

TEST_F(ApiLimitsTest, WhoAsksNothingMoreIsLetGo) {
    ApiLimits limits = endless;
    limits.idle = 20ms;
    start(limits);
    HttpClient idle{api->address()};
    EXPECT_EQ(idle.call("GET", "/version", "").result_int(), 200U);
    ASSERT_TRUE(hears(idle));
    EXPECT_TRUE(idle.ended());
}

TEST_F(ApiLimitsTest, WhoDoesNotTakeItsAnswersIsLetGo) {
    // 100 answers of 128 kB, of which the first fill the sockets: the client keeps 4 kB, and its
    // small segments make the server's kernel keep little.
    ApiLimits limits = endless;
    limits.write = 20ms;
    start(limits);
    HttpClient other{api->address()};
    const std::string name(1 << 16, 'n');
    for (const char* number : {"1", "2"}) {
        const std::string body = R"({"upstream":"u:1","enabled":false,"name":")" + name + number;
        ASSERT_EQ(other.call("POST", "/proxies", body + "\"}").result_int(), 201U);
    }
    HttpClient client{api->address(), 536};
    const int kept = 4096;
    ASSERT_EQ(::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVBUF, &kept, sizeof kept), 0);
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "GET /proxies HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(requests);
    // Ending with requests unread is a reset, which does not wait behind the answers.
    pollfd one{client.descriptor(), POLLRDHUP, 0};
    EXPECT_EQ(::poll(&one, 1, patience_in_ms), 1);
    // It holds up nobody.
    EXPECT_EQ(other.call("GET", "/version", "").result_int(), 200U);
}

TEST_F(ApiLimitsTest, WhatTakesTooLongIs503AndTheConnectionGoesOn) {
    // As a resolver that does not answer; byte for byte what Go's TimeoutHandler says.
    std::mutex mutex;
    std::condition_variable changed;
    bool resolved = false;
    EngineCalls calls = engine.calls();
    calls.resolve = [&](const std::string& address) {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return resolved; });
        return address;
    };
    ProxySet slow{calls, log};
    ApiLimits limits = endless;
    limits.answer = 20ms;
    const HttpApiPlan plan{"127.0.0.1", 0, MetricsEndpoint::absent, limits};
    HttpApi slow_api{plan, slow, log};
    HttpClient client{slow_api.address()};
    client.send(
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 49\r\n\r\n"
        R"({"name":"s","listen":"slow:1","upstream":"u:1"}  )");
    const bool heard = hears(client);
    if (heard) {
        const auto late = client.receive();
        EXPECT_EQ(late.result_int(), 503U);
        EXPECT_EQ(late["Content-Type"], "text/html; charset=utf-8");
        EXPECT_EQ(late.body(),
                  "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>");
        EXPECT_EQ(client.call("GET", "/version", "").result_int(), 200U);
    }
    {
        const std::lock_guard lock{mutex};
        resolved = true;
        changed.notify_all();
    }
    EXPECT_TRUE(heard);
}

}  // namespace
}  // namespace etimedout::test
