// The API's server: who may call, how much and how slowly, and how it ends.
#include <chrono>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "simulator/proxy/http_api.hh"
#include "tests/proxy/fake_engine.hh"
#include "tests/proxy/http_client.hh"

namespace etimedout::test {
namespace {

class HttpApiTest : public testing::Test {
protected:
    void start(const std::string& host = "127.0.0.1",
               MetricsEndpoint metrics = MetricsEndpoint::absent) {
        api = std::make_unique<HttpApi>(HttpApiPlan{host, 0, metrics}, proxies, log);
    }
    FakeEngine engine;
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
    std::unique_ptr<HttpApi> api;
};

unsigned status_for_host(HttpClient& client, const std::string& host) {
    client.send("GET /version HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.receive().result_int();
}

TEST_F(HttpApiTest, OnLoopbackOnlyNamesOfThisMachineAreAnswered) {
    // A page whose name was made to point at 127.0.0.1 calls us by that name.
    start();
    HttpClient client{api->address()};
    for (const char* host : {"localhost", "LocalHost:8474", "127.0.0.1", "[::1]:8474"}) {
        EXPECT_EQ(status_for_host(client, host), 200U) << host;
    }
    for (const char* host : {"evil.example", "evil.example:8474", "localhost.evil.example",
                             "10.0.0.1", "127.0.0.1.evil.example"}) {
        EXPECT_EQ(status_for_host(client, host), 403U) << host;
    }
}

TEST_F(HttpApiTest, ElsewhereItIsCalledByAnyName) {
    start("0.0.0.0");
    const std::string port = api->address().substr(api->address().rfind(':'));
    HttpClient client{"127.0.0.1" + port};
    EXPECT_EQ(status_for_host(client, "toxiproxy:8474"), 200U);
}

TEST_F(HttpApiTest, LocalhostIsTheIPv4One) {
    start("localhost");
    EXPECT_TRUE(api->address().starts_with("127.0.0.1:")) << api->address();
}

TEST_F(HttpApiTest, AnAddressInUseSaysSo) {
    start();
    const auto port = api->address().substr(api->address().rfind(':') + 1);
    HttpApiPlan plan{"127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)),
                     MetricsEndpoint::absent};
    try {
        const HttpApi second{plan, proxies, log};
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.what(), "the API cannot listen: listen tcp 127.0.0.1:" + port +
                                    ": bind: address already in use");
    }
}

TEST_F(HttpApiTest, MetricsAreThereWhenAskedFor) {
    start("127.0.0.1", MetricsEndpoint::present);
    HttpClient client{api->address()};
    const auto response = client.call("GET", "/metrics", "");
    EXPECT_EQ(response.result_int(), 200U);
    EXPECT_EQ(response["Content-Type"], "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(HttpApiTest, RequestsSentTogetherAreAnsweredInOrder) {
    start();
    HttpClient client{api->address()};
    client.send(
        "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().result_int(), 200U);
    EXPECT_EQ(client.receive().result_int(), 404U);
}

TEST_F(HttpApiTest, OldClientsAreAnsweredAndLetGo) {
    start();
    HttpClient client{api->address()};
    client.send("GET /version HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.receive().body(), "{\"version\": \"2.12.0\"}\n");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpApiTest, WhatIsNoHttpIsTold) {
    start();
    for (const char* request : {"nonsense\r\n\r\n", "GET /version HTTP/1.1\r\n\r\n"}) {
        HttpClient client{api->address()};
        client.send(request);
        EXPECT_EQ(client.receive().result_int(), 400U) << request;
        EXPECT_TRUE(client.ended());
    }
    HttpClient client{api->address()};
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x') +
                "\r\n\r\n");
    EXPECT_EQ(client.receive().result_int(), 431U);
}

TEST_F(HttpApiTest, AHugeBodyIsRefusedBeforeItIsRead) {
    start();
    HttpClient announced{api->address()};
    announced.send(
        "POST /populate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"
        "Expect: 100-continue\r\n\r\n");
    const auto refused = announced.receive();
    EXPECT_EQ(refused.result_int(), 413U);
    EXPECT_EQ(refused.body(),
              "{\"error\":\"bad request body: larger than 1048576 bytes\",\"status\":413}\n");
    // And one that is sent all the same, or does not say how long it is.
    HttpClient sent{api->address()};
    sent.send("POST /populate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n");
    const std::string block(1U << 20U, ' ');
    for (int i = 0; i < 100; ++i) sent.send(block);
    EXPECT_EQ(sent.receive().result_int(), 413U);
    HttpClient chunked{api->address()};
    chunked.send(
        "POST /populate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 2; ++i) chunked.send("100000\r\n" + block + "\r\n");
    EXPECT_EQ(chunked.receive().result_int(), 413U);
}

TEST_F(HttpApiTest, WhoAsksBeforeSendingIsToldToGoOn) {
    start();
    HttpClient client{api->address()};
    client.send(
        "POST /populate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive("HEAD").result_int(), 100U);
    client.send("[]");
    EXPECT_EQ(client.receive().result_int(), 201U);
}

TEST_F(HttpApiTest, HalfARequestHoldsUpNobody) {
    start();
    HttpClient slow{api->address()};
    slow.send("POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
    HttpClient client{api->address()};
    EXPECT_EQ(client.call("GET", "/proxies", "").result_int(), 200U);
}

// A resolver that answers when it is told to.
struct SlowResolver {
    std::mutex mutex;
    std::condition_variable changed;
    bool asked = false;
    bool answered = false;

    std::string resolve() {
        std::unique_lock lock{mutex};
        asked = true;
        changed.notify_all();
        changed.wait(lock, [this] { return answered; });
        return "127.0.0.1:1";
    }
    void wait_until_asked() {
        std::unique_lock lock{mutex};
        changed.wait(lock, [this] { return asked; });
    }
    void answer() {
        const std::lock_guard lock{mutex};
        answered = true;
        changed.notify_all();
    }
};

TEST_F(HttpApiTest, ASlowResolverHoldsUpNobodyElse) {
    SlowResolver resolver;
    EngineCalls calls = engine.calls();
    const auto usual = calls.resolve;
    calls.resolve = [&](const std::string& address) {
        return address == "slow:1" ? resolver.resolve() : usual(address);
    };
    ProxySet slow_set{calls, log};
    const HttpApi slow_api{HttpApiPlan{"127.0.0.1", 0, MetricsEndpoint::absent}, slow_set, log};
    HttpClient waiting{slow_api.address()};
    const std::string body = R"({"name":"s","listen":"slow:1","upstream":"u:1"})";
    waiting.send("POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    resolver.wait_until_asked();
    HttpClient client{slow_api.address()};
    EXPECT_EQ(client.call("GET", "/proxies", "").body(), "{}");
    EXPECT_EQ(client.call("POST", "/proxies", R"({"name":"q","listen":":2","upstream":"u:1"})")
                  .result_int(),
              201U);
    EXPECT_EQ(client.call("DELETE", "/proxies/q", "").result_int(), 204U);
    resolver.answer();
    EXPECT_EQ(waiting.receive().result_int(), 201U);
}

TEST_F(HttpApiTest, TenThousandCallsInFlightAreAllAnswered) {
    // Two descriptors for each, as both ends are here; as many as the limit allows.
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    constexpr std::size_t wanted = 10'000;
    const std::size_t calls = std::min<std::size_t>(wanted, (limit.rlim_cur - 100) / 2);
    start();
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (std::size_t i = 0; i < calls; ++i) {
        clients.push_back(std::make_unique<HttpClient>(api->address()));
        const std::string body = "{\"name\":\"p" + std::to_string(i % 100) +
                                 "\",\"upstream\":\"u:1\",\"enabled\":false}";
        clients.back()->send("POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    std::size_t created = 0;
    std::size_t refused = 0;
    for (auto& client : clients) {
        const unsigned status = client->receive().result_int();
        if (status == 201) ++created;
        if (status == 409) ++refused;
    }
    EXPECT_EQ(created, 100U);
    EXPECT_EQ(created + refused, calls);
}

TEST_F(HttpApiTest, ItEndsAlthoughConnectionsAreOpen) {
    start();
    HttpClient idle{api->address()};
    EXPECT_EQ(idle.call("GET", "/version", "").result_int(), 200U);
    HttpClient silent{api->address()};
    HttpClient half{api->address()};
    half.send("POST /proxies HTTP/1.1\r\nContent-Le");
    const auto begin = std::chrono::steady_clock::now();
    api.reset();
    // Far from the 15 s and 60 s for which it would have waited for a request.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    EXPECT_TRUE(idle.ended());
}

}  // namespace
}  // namespace etimedout::test
