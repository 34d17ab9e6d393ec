// What the proxies' state makes the data path do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/proxy/proxy_metrics.hh"
#include "tests/proxy/fake_engine.hh"

namespace etimedout::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

boost::json::value json(const std::string& text) {
    ParsedJson parsed = parse_json(text);
    EXPECT_EQ(parsed.error, "");
    return parsed.value;
}

class ProxySetTest : public testing::Test {
protected:
    ProxyRow create(const std::string& body) { return proxies.create(read_proxy(json(body))); }
    ToxicRow add(const std::string& proxy, const std::string& body) {
        return proxies.add_toxic(proxy, json(body));
    }
    Populated populate(const std::string& body) {
        return proxies.populate(read_proxies(json(body)));
    }
    ProxyRow update(const std::string& proxy, const std::string& body) {
        return proxies.update(proxy, read_change(json(body)));
    }
    std::vector<std::string> rule_ids(const std::string& address) {
        std::vector<std::string> ids;
        for (const ProxyRule& rule : engine.at(address).rules) ids.push_back(rule.id);
        return ids;
    }

    FakeEngine engine;
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
};

TEST_F(ProxySetTest, UpstreamRulesComeFirstAndEachInTheOrderOfAdding) {
    create(R"({"name":"p","listen":":1","upstream":"u:1"})");
    add("p", R"({"type":"latency"})");
    add("p", R"({"type":"noop","stream":"upstream"})");
    add("p", R"({"type":"noop"})");
    add("p", R"({"type":"latency","stream":"upstream"})");
    EXPECT_THAT(rule_ids("[::]:1"), ElementsAre("noop_upstream#2", "latency_upstream#4",
                                                "latency_downstream#1", "noop_downstream#3"));
    EXPECT_EQ(engine.at("[::]:1").rules[0].way, Way::up);
    EXPECT_EQ(engine.at("[::]:1").rules[3].way, Way::down);
}

TEST_F(ProxySetTest, ARuleKeepsItsIdOverUpdatesAndNeverGetsAnOldOne) {
    // The id is what a connection's decision hangs on, so no unrelated change may disturb it.
    create(R"({"name":"p","listen":":1","upstream":"u:1"})");
    add("p", R"({"type":"noop","name":"t"})");
    proxies.update_toxic("p", "t", json(R"({"toxicity":0.5})"));
    add("p", R"({"type":"noop","name":"other"})");
    EXPECT_THAT(rule_ids("[::]:1"), ElementsAre("t#1", "other#2"));
    EXPECT_EQ(engine.at("[::]:1").rules[0].toxicity, 0.5);
    proxies.remove_toxic("p", "t");
    add("p", R"({"type":"noop","name":"t"})");
    EXPECT_THAT(rule_ids("[::]:1"), ElementsAre("other#2", "t#3"));
    update("p", R"({"enabled":false})");
    update("p", R"({"enabled":true})");
    EXPECT_THAT(rule_ids("[::]:1"), ElementsAre("other#2", "t#3"));
}

TEST_F(ProxySetTest, SelectorsReachTheRule) {
    create(R"({"name":"p","listen":":1","upstream":"u:1"})");
    add("p", R"({"type":"noop","first":2,"nth":3,"source":"10.0.0.0/8","after_ms":5,"for_ms":6})");
    const RuleSelectors selectors = engine.at("[::]:1").rules[0].selectors;
    EXPECT_EQ(selectors.first, 2);
    EXPECT_EQ(selectors.nth, 3);
    EXPECT_EQ(selectors.begins, 5ms);
    EXPECT_EQ(selectors.lasts, Duration{6ms});
    EXPECT_TRUE(selectors.source.contains(IpAddress::parse("10.1.2.3").value()));
    EXPECT_FALSE(selectors.source.contains(IpAddress::parse("11.1.2.3").value()));
}

TEST_F(ProxySetTest, ARefusedToxicTouchesNoRule) {
    create(R"({"name":"p","listen":":1","upstream":"u:1"})");
    EXPECT_THROW(add("p", R"({"type":"bandwidth","attributes":{"rate":-1}})"), ApiError);
    EXPECT_EQ(engine.at("[::]:1").rule_changes, 0);
}

TEST_F(ProxySetTest, ToxicsOfACreateAreThereFromTheFirstConnection) {
    create(R"({"name":"p","listen":":1","upstream":"u:1","toxics":[{"type":"hold"}]})");
    EXPECT_EQ(engine.at("[::]:1").plan.rules.size(), 1U);
}

TEST_F(ProxySetTest, WhatCannotListenIsNotCreated) {
    create(R"({"name":"p","listen":":1","upstream":"u:1"})");
    EXPECT_THROW(create(R"({"name":"q","listen":"0.0.0.0:1","upstream":"u:1"})"), ApiError);
    EXPECT_EQ(proxies.list().size(), 1U);
}

TEST_F(ProxySetTest, PopulateOfTheSameAddressTouchesNothing) {
    // Toxiproxy compares "0.0.0.0:1" with its own "[::]:1" and drops all toxics and connections.
    const std::string body = R"([{"name":"p","listen":"0.0.0.0:1","upstream":"u:1"},
        {"name":"q","upstream":"u:1"}, {"name":"r","listen":"localhost:3","upstream":"u:1"}])";
    populate(body);
    add("p", R"({"type":"noop"})");
    const int opened = engine.opened;
    const Populated again = populate(body);
    EXPECT_FALSE(again.error);
    EXPECT_EQ(engine.opened, opened);
    EXPECT_EQ(proxies.get("p").toxics.size(), 1U);
}

TEST_F(ProxySetTest, PopulateThatCannotReplaceLeavesTheOldOneDisabled) {
    populate(R"([{"name":"p","listen":":1","upstream":"u:1"},
                 {"name":"q","listen":":2","upstream":"u:1"}])");
    const Populated result = populate(R"([{"name":"q","listen":":1","upstream":"u:1"}])");
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->status(), 500U);
    EXPECT_EQ(result.error->place(), "/0/listen");
    EXPECT_FALSE(proxies.get("q").enabled);
    EXPECT_TRUE(proxies.get("p").enabled);
}

TEST_F(ProxySetTest, UpdateStopsBeforeItStartsAtTheSameAddress) {
    create(R"({"name":"p","listen":"localhost:1","upstream":"u:1"})");
    add("p", R"({"type":"noop"})");
    const ProxyRow row = update("p", R"({"upstream":"u:2"})");
    EXPECT_EQ(row.listen, "127.0.0.1:1");
    EXPECT_EQ(row.toxics.size(), 1U);
    EXPECT_EQ(engine.at("127.0.0.1:1").plan.upstream, "u:2");
    EXPECT_EQ(engine.opened, 2);
    update("p", R"({"listen":"localhost:1"})");
    EXPECT_EQ(engine.opened, 2);
}

TEST_F(ProxySetTest, UpdateOfADisabledProxyStartsNothing) {
    create(R"({"name":"p","listen":"localhost:1","upstream":"u:1","enabled":false})");
    EXPECT_EQ(update("p", R"({"listen":"localhost:2"})").listen, "localhost:2");
    EXPECT_EQ(engine.opened, 0);
    EXPECT_EQ(update("p", R"({"enabled":true})").listen, "127.0.0.1:2");
}

TEST_F(ProxySetTest, ResetEnablesAndClearsAndStopsAtTheFirstThatCannotStart) {
    create(
        R"({"name":"a","listen":":1","upstream":"u:1","enabled":false,"toxics":[{"type":"noop"}]})");
    create(
        R"({"name":"b","listen":":1","upstream":"u:1","enabled":false,"toxics":[{"type":"noop"}]})");
    EXPECT_THROW(proxies.reset(), ApiError);
    EXPECT_TRUE(proxies.get("a").enabled);
    EXPECT_TRUE(proxies.get("a").toxics.empty());
    EXPECT_FALSE(proxies.get("b").enabled);
    EXPECT_EQ(proxies.get("b").toxics.size(), 1U);
}

TEST_F(ProxySetTest, MetricsAreLiveAndKeepCountingOverAPause) {
    create(R"({"name":"a\"b","listen":":1","upstream":"u:1","toxics":[{"type":"noop"}]})");
    engine.at("[::]:1").counters = {.received_up = 5, .sent_up = 4, .open = 1, .late_ns = 1500};
    update("a\"b", R"({"enabled":false})");
    update("a\"b", R"({"enabled":true})");
    engine.at("[::]:1").counters = {.received_up = 1, .open = 2};
    const std::string text = metrics_text(proxies.figures());
    EXPECT_THAT(text, HasSubstr("toxiproxy_proxy_received_bytes_total{direction=\"upstream\","
                                "listener=\"[::]:1\",proxy=\"a\\\"b\",upstream=\"u:1\"} 6\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE toxiproxy_proxy_sent_bytes_total counter\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_open_connections{proxy=\"a\\\"b\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("etimedout_proxy_toxics{proxy=\"a\\\"b\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("delay_error_seconds_sum{proxy=\"a\\\"b\"} 1.5e-06\n"));
}

}  // namespace
}  // namespace etimedout::test
