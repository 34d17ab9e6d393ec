// Packet faults with selectors: marks lead some packets to a band of their own.
#include <gtest/gtest.h>

#include "simulator/net/shaper.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

class SelectivePacketTest : public ::testing::TestWithParam<FirewallBackend> {
protected:
    void SetUp() override {
        if (!in_virtual_time()) GTEST_SKIP() << "delays are measured in virtual time only";
        nodes_ = std::make_unique<TwoNodes>(TwoNodes::bare(), GetParam());
        const std::string& to = link().addresses().far;
        server_ = listening(nodes_->far.get(), to, 80);
        other_server_ = listening(nodes_->far.get(), to, 81);
    }
    Link& link() { return *nodes_->link; }
    void arm(const std::string& id, const Fault& fault, const Selectors& selectors = {}) {
        link().arm({.id = id, .fault = fault, .selectors = selectors});
    }
    // How long a connection to this port takes: one way there, one back.
    Duration connecting(std::uint16_t port) {
        const auto begin = std::chrono::steady_clock::now();
        Attempt attempt{nodes_->near.get(), link().addresses().far, port};
        EXPECT_EQ(attempt.result(60s), 0);
        return std::chrono::steady_clock::now() - begin;
    }
    void expect_takes(std::uint16_t port, Duration expected) {
        const Duration taken = connecting(port);
        EXPECT_GE(taken, expected);
        EXPECT_LE(taken, expected + 1ms);
    }

    std::unique_ptr<TwoNodes> nodes_;
    Fd server_;
    Fd other_server_;
};

TEST_P(SelectivePacketTest, OnePortIsSlowAndAnotherIsNot) {
    // 20 ms each way for port 80 alone.
    arm("slow", Latency{.delay = 20ms}, {.port = Port{80}});
    expect_takes(81, 0ms);
    EXPECT_EQ(link().witness("slow").matched, 0);
    expect_takes(80, 40ms);
    EXPECT_GE(link().witness("slow").matched, 2);
    EXPECT_GE(link().witness("slow").fired, 2);
}

TEST_P(SelectivePacketTest, OneDirectionIsSlow) {
    // The way up alone: once per handshake.
    arm("slow", Latency{.delay = 20ms}, {.direction = Direction::up, .port = Port{80}});
    expect_takes(80, 20ms);
}

TEST_P(SelectivePacketTest, OnePhaseIsSlow) {
    // Only the SYN waits; the SYN-ACK does not.
    arm("slow", Latency{.delay = 300ms}, {.phase = Phase::syn});
    expect_takes(80, 300ms);
}

TEST_P(SelectivePacketTest, FaultsOverlapWhereBothApply) {
    // 20 ms for port 80, 30 ms for this caller: 50 ms each way where both are meant, and 5 ms
    // more for everyone.
    arm("port", Latency{.delay = 20ms}, {.port = Port{80}});
    arm("source", Latency{.delay = 30ms}, {.source = "10.1.1.2"});
    arm("all", Latency{.delay = 5ms});
    expect_takes(80, 110ms);
    expect_takes(81, 70ms);
    link().heal("source");
    expect_takes(80, 50ms);
    expect_takes(81, 10ms);
    link().heal("all");
    link().heal("port");
    expect_takes(80, 0ms);
}

TEST_P(SelectivePacketTest, TheFirstConnectionIsSlow) {
    // Chosen by its SYN, slow in both directions; the second is not.
    arm("slow", Latency{.delay = 20ms}, {.first = Count{1, {}}});
    expect_takes(80, 40ms);
    const auto fired = link().witness("slow").fired;
    expect_takes(80, 0ms);
    const Witness witness = link().witness("slow");
    EXPECT_GT(witness.matched, witness.fired);
    // The first connection's last acknowledgement may still have been on its way.
    EXPECT_LE(witness.fired, fired + 1);
}

TEST_P(SelectivePacketTest, LossOfOnePortIsCounted) {
    // Every SYN to port 80 is lost, and none to port 81.
    arm("loss", Loss{.share = {1.0}}, {.direction = Direction::up, .port = Port{80}});
    Attempt lost{nodes_->near.get(), link().addresses().far, 80};
    EXPECT_EQ(lost.result(500ms), EINPROGRESS);
    expect_takes(81, 0ms);
    const Witness witness = link().witness("loss");
    EXPECT_EQ(witness.matched, 1);
    EXPECT_EQ(witness.fired, 1);
    link().heal("loss");
    EXPECT_EQ(link().witness("loss").fired, 1);
}

TEST_P(SelectivePacketTest, FourAreTheMostAndAFifthChangesNothing) {
    // Sixteen bands are all combinations of four.
    for (int i = 0; i < 4; ++i) {
        arm("slow" + std::to_string(i), Latency{.delay = 1ms},
            {.port = Port{static_cast<std::uint16_t>(90 + i)}});
    }
    EXPECT_THROW(arm("fifth", Latency{.delay = 1ms}, {.port = Port{80}}), Error);
    expect_takes(80, 0ms);
    link().heal("slow0");
    arm("fifth", Latency{.delay = 10ms}, {.port = Port{80}});
    expect_takes(80, 20ms);
}

TEST_P(SelectivePacketTest, ACapturedPacketIsWhatTheCallerSaw) {
    // A SYN-ACK that is lost going down is not at the near end, however often it was sent.
    arm("loss", Loss{.share = {1.0}}, {.direction = Direction::down, .phase = Phase::syn_ack});
    PacketWatch near{link().router_namespace(), link().near_interface()};
    PacketWatch far{link().router_namespace(), link().far_interface()};
    Attempt lost{nodes_->near.get(), link().addresses().far, 80};
    EXPECT_EQ(lost.result(std::chrono::milliseconds{500}), EINPROGRESS);
    EXPECT_EQ(near.count(), 1);
    EXPECT_EQ(far.count(), 2);
}

INSTANTIATE_TEST_SUITE_P(Backends, SelectivePacketTest,
                         ::testing::Values(FirewallBackend::nftables, FirewallBackend::iptables),
                         [](const auto& backend) { return std::string{word_of(backend.param)}; });

}  // namespace
}  // namespace etimedout::testing
