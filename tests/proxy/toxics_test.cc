// Every toxic by its table: named once, documented, shown in full, read back the same.
#include <set>

#include <gtest/gtest.h>

#include "simulator/proxy/json_input.hh"
#include "simulator/proxy/proxy_model.hh"

namespace etimedout {
namespace {

ToxicRow read(const std::string& body) {
    const ParsedJson parsed = parse_json(body);
    EXPECT_EQ(parsed.error, "");
    return read_toxic(parsed.value, {}, {});
}

template <class Plan>
Plan flow(const std::string& body) {
    return std::get<Plan>(std::get<FlowPlan>(plan_of(read(body).toxic)));
}

TEST(Toxics, EachHasAKindOfItsOwnAndADoc) {
    std::set<std::string_view> kinds;
    AllToxics::for_each([&](auto type) {
        using T = typename decltype(type)::type;
        EXPECT_TRUE(kinds.insert(T::kind).second) << T::kind;
        EXPECT_TRUE(T::doc.ends_with('.')) << T::kind;
        for_each_field<T>([](const auto& field) { EXPECT_FALSE(field.doc.empty()); });
    });
    EXPECT_EQ(kinds.size(), toxic_kinds().size());
}

TEST(Toxics, EachIsReadBackAsItIsShown) {
    for (const std::string_view kind : toxic_kinds()) {
        const std::string body = "{\"type\":\"" + std::string{kind} +
                                 "\",\"attributes\":{\"average_size\":5,\"bytes\":7},"
                                 "\"first\":3,\"source\":\"10.0.0.0/8\",\"for_ms\":9}";
        const ToxicRow toxic = read(body);
        const ToxicRow again = read(to_json(toxic));
        EXPECT_EQ(again.toxic, toxic.toxic) << kind;
        EXPECT_EQ(again.selectors, toxic.selectors) << kind;
        EXPECT_EQ(to_json(again), to_json(toxic));
    }
}

TEST(Toxics, UnitsAreThoseOfToxiproxy) {
    // Milliseconds, but microseconds for the slicer, and 1000 bytes to the kilobyte.
    const auto delay =
        flow<FlowDelay>(R"({"type":"latency","attributes":{"latency":100,"jitter":5}})");
    EXPECT_EQ(delay.delay, 100ms);
    EXPECT_EQ(delay.jitter, 5ms);
    EXPECT_EQ(delay.grain, 1ms);
    const auto rate = flow<FlowThrottle>(R"({"type":"bandwidth","attributes":{"rate":10}})");
    EXPECT_EQ(rate, (FlowThrottle{.bytes_per_second = 10'000, .shared = false}));
    const auto slice = flow<FlowSlice>(
        R"({"type":"slicer","attributes":{"average_size":10,"size_variation":3,"delay":20}})");
    EXPECT_EQ(slice, (FlowSlice{.average = 10, .variation = 3, .pause = 20us}));
    EXPECT_EQ(flow<FlowDiscard>(R"({"type":"timeout","attributes":{"timeout":7}})").idle, 7ms);
    EXPECT_EQ(flow<FlowReset>(R"({"type":"reset_peer","attributes":{"timeout":7}})").after, 7ms);
    EXPECT_EQ(flow<FlowLateEnd>(R"({"type":"slow_close","attributes":{"delay":7}})").delay, 7ms);
    EXPECT_EQ(flow<FlowLoss>(R"({"type":"packet_loss","attributes":{"loss_rate":0.5}})").chance,
              Probability{0.5});
}

TEST(Toxics, OursDecideAsTheirNamesSay) {
    EXPECT_EQ(flow<FlowCut>(R"({"type":"limit_data","attributes":{"bytes":5}})"),
              (FlowCut{.after = 5, .how = CutHow::fin}));
    EXPECT_EQ(flow<FlowCut>(R"({"type":"close_after","attributes":{"bytes":5,"how":"rst"}})"),
              (FlowCut{.after = 5, .how = CutHow::rst}));
    EXPECT_EQ(flow<FlowThrottle>(R"({"type":"hold"})"), FlowThrottle{});
    EXPECT_TRUE(flow<FlowThrottle>(R"({"type":"bandwidth","attributes":{"shared":true}})").shared);
    EXPECT_EQ(flow<FlowDeadline>(R"({"type":"deadline","attributes":{"timeout":5}})").after, 5ms);
    EXPECT_EQ(flow<FlowIdle>(R"({"type":"idle_timeout","attributes":{"timeout":5}})").after, 5ms);
    EXPECT_EQ(flow<FlowStall>(R"({"type":"stall","attributes":{"bytes":5}})").after, 5);
    EXPECT_EQ(flow<FlowHalfClose>(R"({"type":"half_close","attributes":{"bytes":5}})").after, 5);
    EXPECT_EQ(flow<FlowCorrupt>(R"({"type":"corrupt","attributes":{"probability":0.5}})").chance,
              Probability{0.5});
    const auto door = [](const std::string& body) {
        return std::get<DoorPlan>(plan_of(read(body).toxic));
    };
    EXPECT_EQ(door(R"({"type":"slow_accept","attributes":{"delay":5}})"), DoorPlan{DoorSlow{5ms}});
    EXPECT_EQ(door(R"({"type":"refuse"})"), DoorPlan{DoorRefuse{}});
    EXPECT_EQ(door(R"({"type":"blackhole"})"), DoorPlan{DoorBlackhole{}});
}

}  // namespace
}  // namespace etimedout
