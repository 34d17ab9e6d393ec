// UDP proxies as the API's state has them: what the data path is told, and what metrics say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/proxy/proxy_config.hh"
#include "simulator/proxy/proxy_metrics.hh"
#include "tests/proxy/fake_engine.hh"

namespace etimedout::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class UdpSetTest : public testing::Test {
protected:
    static boost::json::value json(const std::string& text) { return parse_json(text).value; }
    ProxyRow create(const std::string& body) { return proxies.create(read_proxy(json(body))); }

    FakeEngine engine;
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
};

TEST_F(UdpSetTest, TheEngineIsToldOfDatagrams) {
    create(R"({"name":"p","listen":":1","upstream":"u:1","protocol":"udp","idle_timeout_ms":5})");
    proxies.add_toxic("p", json(R"({"type":"latency","attributes":{"latency":7,"jitter":2}})"));
    const FakeProxy& there = engine.at("[::]:1");
    EXPECT_EQ(there.plan.protocol, Protocol::udp);
    EXPECT_EQ(there.plan.idle_timeout, 5ms);
    ASSERT_EQ(there.rules.size(), 1U);
    const DatagramPlan wanted = DatagramDelay{.delay = 7ms, .jitter = 2ms};
    EXPECT_EQ(std::get<DatagramPlan>(there.rules[0].plan), wanted);
}

TEST_F(UdpSetTest, EveryToxicIsForSomeProtocolAndHasAPlanOfIt) {
    AllToxics::for_each([](auto type) {
        using T = typename decltype(type)::type;
        const Toxic toxic = T{};
        EXPECT_TRUE(is_for(toxic, Protocol::tcp) || is_for(toxic, Protocol::udp)) << T::kind;
        for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
            if (!is_for(toxic, protocol)) continue;
            const bool is_udp = std::holds_alternative<DatagramPlan>(plan_of(toxic, protocol));
            EXPECT_EQ(is_udp, protocol == Protocol::udp) << T::kind;
        }
    });
}

TEST_F(UdpSetTest, FilesSayItInJsonAndInYaml) {
    const ProxyConfig yaml{
        "- {name: p, upstream: 'u:1', protocol: udp, idle_timeout_ms: 9,\n"
        "   toxics: [{type: duplicate, attributes: {probability: 0.5}}]}\n",
        "p.yaml"};
    const ProxyConfig as_json{
        R"([{"name":"p","upstream":"u:1","protocol":"udp","idle_timeout_ms":9,
             "toxics":[{"type":"duplicate","attributes":{"probability":0.5}}]}])",
        "p.json"};
    for (const ProxyConfig* config : {&yaml, &as_json}) {
        ASSERT_EQ(config->proxies().size(), 1U);
        EXPECT_EQ(config->proxies()[0].protocol, Protocol::udp);
        EXPECT_EQ(config->proxies()[0].idle_timeout_ms, 9);
        EXPECT_EQ(config->proxies()[0].toxics.size(), 1U);
    }
    try {
        const ProxyConfig wrong{"- {name: p, upstream: 'u:1', toxics: [{type: reorder}]}\n",
                                "p.yaml"};
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr("p.yaml:1:46: error: toxic type `reorder` is for proxies "
                              "whose protocol is udp, not tcp at proxy 1"));
    }
}

TEST_F(UdpSetTest, MetricsCountDatagramsWhereThereAreAny) {
    create(R"({"name":"t","listen":":1","upstream":"u:1"})");
    EXPECT_THAT(metrics_text(proxies.figures()), Not(HasSubstr("datagrams")));
    create(R"({"name":"d","listen":":2","upstream":"u:1","protocol":"udp"})");
    engine.at("[::]:2").counters.datagrams = {.up = 1,
                                              .down = 2,
                                              .lost = 3,
                                              .duplicated = 4,
                                              .reordered = 5,
                                              .corrupted = 6,
                                              .dropped = 7,
                                              .unreachable = 8};
    const std::string text = metrics_text(proxies.figures());
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_datagrams_sent_total{direction=\"downstream\","
                                "proxy=\"d\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_datagrams_sent_total{direction=\"upstream\","
                                "proxy=\"d\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_datagrams_lost_total{proxy=\"d\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_datagrams_dropped_total{proxy=\"d\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_unreachable_total{proxy=\"d\"} 8\n"));
    EXPECT_THAT(text, Not(HasSubstr("datagrams_lost_total{proxy=\"t\"}")));
    // Over a pause they go on counting.
    ProxyChange change;
    change.enabled = false;
    proxies.update("d", change);
    change.enabled = true;
    proxies.update("d", change);
    engine.at("[::]:2").counters.datagrams = {.lost = 1};
    EXPECT_THAT(metrics_text(proxies.figures()),
                HasSubstr("datagrams_lost_total{proxy=\"d\"} 4\n"));
}

}  // namespace
}  // namespace etimedout::test
