// A populate that fails: what becomes of the proxies before, at, behind and beside the one at
// fault.
#include <gtest/gtest.h>

#include "tests/proxy/fake_engine.hh"

namespace etimedout::test {
namespace {

std::vector<ProxyInput> inputs(const std::string& text) {
    const ParsedJson parsed = parse_json(text);
    EXPECT_EQ(parsed.error, "");
    return read_proxies(parsed.value);
}

// Four that are there, each with a toxic, and one whose address is taken.
class FailedPopulate : public testing::Test {
protected:
    FailedPopulate() {
        proxies.populate(inputs(R"([
            {"name":"before","listen":":1","upstream":"u:1","toxics":[{"type":"noop"}]},
            {"name":"at","listen":":2","upstream":"u:1","toxics":[{"type":"noop"}]},
            {"name":"behind","listen":":3","upstream":"u:1","toxics":[{"type":"noop"}]},
            {"name":"beside","listen":":4","upstream":"u:1","toxics":[{"type":"noop"}]}])"));
    }
    FakeEngine engine;
    ProxyLog log{LogLevel::panic, -1};
    ProxySet proxies{engine.calls(), log};
};

TEST_F(FailedPopulate, WhatIsBeforeIsDoneAndWhatIsBehindIsUntouched) {
    const int opened = engine.opened;
    const Populated result = proxies.populate(inputs(R"([
        {"name":"before","listen":":1","upstream":"u:1"},
        {"name":"new","listen":":5","upstream":"u:1"},
        {"name":"at","listen":":4","upstream":"u:1"},
        {"name":"behind","listen":":3","upstream":"u:9"},
        {"name":"never","listen":":6","upstream":"u:1"}])"));
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->status(), 500U);
    EXPECT_EQ(result.error->place(), "/2/listen");
    ASSERT_EQ(result.proxies.size(), 2U);
    EXPECT_EQ(result.proxies[0].name, "before");
    EXPECT_EQ(result.proxies[1].name, "new");
    // The first is the one that was there: it was not opened again, so its connections go on.
    EXPECT_EQ(engine.opened, opened + 1);
    EXPECT_EQ(proxies.get("before").toxics.size(), 1U);
    EXPECT_TRUE(proxies.get("new").enabled);
    // Those behind and beside it are as they were.
    for (const char* name : {"behind", "beside"}) {
        EXPECT_TRUE(proxies.get(name).enabled) << name;
        EXPECT_EQ(proxies.get(name).upstream, "u:1") << name;
        EXPECT_EQ(proxies.get(name).toxics.size(), 1U) << name;
    }
    EXPECT_EQ(engine.at("[::]:3").plan.upstream, "u:1");
    EXPECT_THROW(proxies.get("never"), ApiError);
}

TEST_F(FailedPopulate, TheOneAtFaultStaysAsItWasButDisabled) {
    ASSERT_TRUE(
        proxies.populate(inputs(R"([{"name":"at","listen":":4","upstream":"u:9"}])")).error);
    const ProxyRow row = proxies.get("at");
    EXPECT_FALSE(row.enabled);
    EXPECT_EQ(row.listen, "[::]:2");
    EXPECT_EQ(row.upstream, "u:1");
    EXPECT_EQ(row.toxics.size(), 1U);
    EXPECT_FALSE(engine.running.contains("[::]:2"));
    // And can be enabled again.
    ProxyChange enable;
    enable.enabled = true;
    EXPECT_TRUE(proxies.update("at", enable).enabled);
    EXPECT_EQ(engine.at("[::]:2").rules.size(), 1U);
}

TEST_F(FailedPopulate, OneThatIsNotThereYetIsNotCreated) {
    ASSERT_TRUE(proxies.populate(inputs(R"([{"name":"x","listen":":4","upstream":"u:1"}])")).error);
    EXPECT_THROW(proxies.get("x"), ApiError);
    EXPECT_TRUE(proxies.get("beside").enabled);
}

TEST_F(FailedPopulate, AMistakeInAnyOfThemTouchesNone) {
    const int opened = engine.opened;
    EXPECT_THROW(proxies.populate(inputs(R"([{"name":"before","listen":":9","upstream":"u:9"},
        {"name":"x","upstream":"u:1"}, {"name":"y"}])")),
                 ApiError);
    EXPECT_EQ(engine.opened, opened);
    EXPECT_EQ(proxies.get("before").upstream, "u:1");
    EXPECT_EQ(proxies.list().size(), 4U);
}

}  // namespace
}  // namespace etimedout::test
