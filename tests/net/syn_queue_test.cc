// SynQueue: an attempt waits for a decision, and its caller learns what was decided.
#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

#include "simulator/net/syn_queue.hh"
#include "simulator/wire/checksum.hh"
#include "simulator/wire/packet.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

constexpr std::uint16_t held_port = 80;

HeldSyn syn_between(bool v6) {
    HeldSyn syn;
    syn.from = {{{10, 1, 1, 2}, false}, 40'000};
    syn.to = {{{10, 1, 2, 2}, false}, held_port};
    if (v6) {
        syn.from.address = {{0xfd, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, true};
        syn.to.address = {{0xfd, 0, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, true};
    }
    syn.sequence = 1000;
    return syn;
}

// As in a frame of Ethernet.
Packet decoded(const std::vector<std::byte>& packet, bool v6) {
    constexpr std::size_t header = 14;
    std::vector<std::byte> frame(header + packet.size());
    frame[12] = static_cast<std::byte>(v6 ? 0x86 : 0x08);
    frame[13] = static_cast<std::byte>(v6 ? 0xdd : 0x00);
    std::copy(packet.begin(), packet.end(), frame.begin() + header);
    return decode_frame(frame);
}

TEST(Refusal, IsTheResetThatTheCalleeWouldHaveSent) {
    // RFC 9293, section 3.10.7.1: it acknowledges the SYN. A wrong checksum would show as damage.
    for (const bool v6 : {false, true}) {
        const HeldSyn syn = syn_between(v6);
        const Packet seen = decoded(refusal_of(syn, ECONNREFUSED), v6);
        const auto* reset = std::get_if<TcpSegment>(&seen);
        ASSERT_NE(reset, nullptr);
        EXPECT_EQ(reset->from, syn.to);
        EXPECT_EQ(reset->to, syn.from);
        EXPECT_TRUE(reset->flags.rst);
        EXPECT_TRUE(reset->flags.ack);
        EXPECT_EQ(reset->acknowledged, 1001u);
    }
}

TEST(Refusal, IsIcmpWhereTheWayIsClosed) {
    // It quotes the packet it is about. ETIMEDOUT is what nobody says.
    HeldSyn syn = syn_between(false);
    syn.packet = refusal_of(syn, ECONNREFUSED);
    for (const auto& [error, name] :
         {std::pair{EHOSTUNREACH, "unreachable/host"}, {ENETUNREACH, "unreachable/net"}}) {
        const Packet seen = decoded(refusal_of(syn, error), false);
        const auto* message = std::get_if<IcmpMessage>(&seen);
        ASSERT_NE(message, nullptr) << error;
        EXPECT_EQ(name_of(*message), name);
        ASSERT_TRUE(message->about);
        EXPECT_EQ(message->about->from, syn.to);
    }
    EXPECT_TRUE(refusal_of(syn, ETIMEDOUT).empty());
}

// A link whose callee's namespace holds attempts to its port.
class HoldingTest : public ::testing::TestWithParam<IpVersion> {
protected:
    void SetUp() override {
        try {
            hold_attempts(nodes_.far.get(), {.ports = {held_port}});
            queue_ = std::make_unique<SynQueue>(nodes_.far.get());
        } catch (const Error& error) {
            if (in_virtual_time()) throw;
            GTEST_SKIP() << error.what();
        }
        listener_ = listening(nodes_.far.get(), callee(), held_port);
    }
    std::string callee() const {
        const LinkAddresses& a = nodes_.link->addresses();
        return GetParam() == IpVersion::v6 ? a.far6 : a.far;
    }
    HeldSyn held() {
        std::optional<HeldSyn> syn;
        EXPECT_TRUE(eventually([&] { return (syn = queue_->next()).has_value(); }));
        return syn.value_or(HeldSyn{});
    }
    Attempt attempt() { return Attempt{nodes_.near.get(), callee(), held_port}; }

    TwoNodes nodes_{TwoNodes::bare(GetParam())};
    std::unique_ptr<SynQueue> queue_;
    Fd listener_;
};

TEST_P(HoldingTest, AnAttemptThatIsLetPassConnects) {
    Attempt one = attempt();
    const HeldSyn syn = held();
    EXPECT_EQ(syn.to.port, held_port);
    EXPECT_EQ(one.state(), EINPROGRESS);
    queue_->let_pass(syn);
    EXPECT_EQ(one.result(), 0);
}

TEST_P(HoldingTest, OneThatIsRefusedLearnsWhy) {
    // ENETUNREACH and EHOSTUNREACH come as ICMP.
    for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH}) {
        // On a link without delay an ICMP error can find the socket still inside connect(): then
        // it takes effect with the next SYN.
        Attempt one = attempt();
        EXPECT_TRUE(eventually([&] {
            while (const auto syn = queue_->next()) queue_->refuse(*syn, error);
            return one.state() != EINPROGRESS;
        }));
        EXPECT_EQ(one.state(), error);
    }
}

TEST_P(HoldingTest, OneThatIsDroppedKnocksAgainWithTheSameNumber) {
    Attempt one = attempt();
    const HeldSyn first = held();
    queue_->drop(first);
    const HeldSyn second = held();
    EXPECT_EQ(second.sequence, first.sequence);
    EXPECT_EQ(second.from, first.from);
    EXPECT_EQ(one.state(), EINPROGRESS);
    queue_->let_pass(second);
    EXPECT_EQ(one.result(), 0);
}

TEST_P(HoldingTest, NothingIsHeldWhenNobodyDecides) {
    queue_.reset();
    Attempt one = attempt();
    EXPECT_EQ(one.result(), 0);
}

INSTANTIATE_TEST_SUITE_P(Versions, HoldingTest, ::testing::Values(IpVersion::v4, IpVersion::v6),
                         [](const auto& version) {
                             return version.param == IpVersion::v4 ? "v4" : "v6";
                         });

}  // namespace
}  // namespace etimedout::testing
