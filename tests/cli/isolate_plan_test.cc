// What isolate takes out, one thing at a time, and what counts as a turn.
#include <gtest/gtest.h>

#include "harness/cli/isolate_plan.hh"

namespace etimedout {

namespace {

Scenario chain_with(std::optional<Port> inner_port) {
    Scenario scenario;
    scenario.topology.links = {
        {"front", LinkSpec{.from = "client", .to = "gateway", .port = Port{8080}}},
        {"up", LinkSpec{.from = "gateway", .to = "server", .port = inner_port}}};
    return scenario;
}

EventLog one_call(const std::string& outcome, std::optional<std::int64_t> status) {
    CallEnd end{.call = "c", .outcome = outcome, .status = status, .total = 2s};
    return {{0s, CallBegin{.call = "c", .node = "client", .what = "http"}}, {2s, end}};
}

}  // namespace

TEST(Isolate, ABypassLeadsTheCallersLinkToWhatTheHopCalls) {
    const auto changes = changes_of(chain_with(Port{9000}));
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].name, "`gateway` bypassed");
    EXPECT_EQ(changes[0].impossible, "");
    EXPECT_EQ(changes[0].set,
              (std::map<std::string, std::string>{{"links.front", "client -> server:9000"}}));
}

TEST(Isolate, AHopWithoutAPortCannotBeBypassedAndTheReasonIsSaid) {
    const auto changes = changes_of(chain_with(std::nullopt));
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].impossible, "`gateway -> server` names no port");
    EXPECT_TRUE(changes[0].set.empty());
}

TEST(Isolate, EachFaultIsLeftOutByItself) {
    Scenario scenario;
    for (const char* id : {"one", "two"}) {
        scenario.steps.push_back({.what = FaultStep{"api", ArmedFault{id, Silent{}, {}}}});
    }
    const auto changes = changes_of(scenario);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].without, "one");
    EXPECT_EQ(changes[1].without, "two");
}

TEST(Isolate, OnlyAFailureThatSucceedsIsATurn) {
    const auto failed = call_results(one_call("first_byte_timeout", std::nullopt));
    const auto otherwise = call_results(one_call("response", 504));
    const auto well = call_results(one_call("response", 200));
    EXPECT_TRUE(turned(failed, otherwise).empty());
    EXPECT_TRUE(turned(well, well).empty());
    EXPECT_EQ(turned(failed, well), std::vector<std::string>{"c"});
}

}  // namespace etimedout
