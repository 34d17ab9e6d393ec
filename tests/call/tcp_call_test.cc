// The tcp call against stubs and raw listeners.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/call/callee.hh"

namespace etimedout {
namespace {

class TcpCallTest : public testing::Test {
protected:
    std::unique_ptr<Stub> stub(StubRoute all = {}) {
        StubSpec spec;
        spec.kind = StubKind::tcp;
        spec.port = Port{0};
        spec.all = std::move(all);
        return std::make_unique<Stub>("up", spec, clock_);
    }
    CallEnd call(std::uint16_t port, TcpCall what) {
        return run_call(plan_to(port, std::move(what)), clock_, state_);
    }

    WorldClock clock_;
    CallState state_;
};

TEST_F(TcpCallTest, ConnectingIsEnough) {
    // The kernel completes the handshake; nobody has to accept.
    LocalPort listener;
    listener.listen();
    const CallEnd end = call(listener.port(), {});
    EXPECT_EQ(end.outcome, "ok");
    EXPECT_TRUE(end.connect.has_value());
    EXPECT_TRUE(end.local_address.starts_with("127.0.0.1:"));
}

TEST_F(TcpCallTest, WhereNobodyListensIsRefused) {
    // A RST answers the SYN.
    const LocalPort nobody;
    const CallEnd end = call(nobody.port(), {});
    EXPECT_EQ(end.outcome, "connect_refused");
    EXPECT_EQ(end.error, "ECONNREFUSED");
    EXPECT_FALSE(end.connect.has_value());
}

TEST_F(TcpCallTest, AnAddressThatIsNobodysIsUnreachable) {
    // 0.0.0.0/8 beyond this host, and class E, are refused by our own kernel.
    CallPlan plan = plan_to(9, TcpCall{});
    plan.address = "255.255.255.255";
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "unreachable");
    EXPECT_NE(end.error, "");
}

TEST_F(TcpCallTest, TheExpectedTextIsFoundAcrossReads) {
    // One byte at a time.
    const auto up = stub({.body = "220 hello world", .between = 1ms, .piece = Bytes{1}});
    const CallEnd end = call(up->port(), {.expect = "hello"});
    EXPECT_EQ(end.outcome, "ok") << end.detail;
    EXPECT_EQ(end.body.substr(0, 9), "220 hello");
    EXPECT_TRUE(end.first_byte.has_value());
}

TEST_F(TcpCallTest, MuchIsSentAndReceivedAtOnce) {
    // 8 MB each way: the echo stops reading when nobody takes what it writes.
    const auto up = stub();
    const CallEnd end =
        call(up->port(), {.send_size = Bytes{8'000'000}, .expect_size = Bytes{8'000'000}});
    EXPECT_EQ(end.outcome, "ok") << end.detail;
    EXPECT_EQ(end.sent, 8'000'000);
    EXPECT_EQ(end.received, 8'000'000);
    EXPECT_EQ(end.body.size(), 65'536U);
}

TEST_F(TcpCallTest, AnEndBeforeTheExpectedIsAnEarlyClose) {
    // FIN after "he".
    const OneShot callee{"hi", "he", Close::fin};
    const CallEnd end = call(callee.port(), {.send = "hi", .expect = "hello"});
    EXPECT_EQ(end.outcome, "closed_early");
    EXPECT_EQ(end.body, "he");
}

TEST_F(TcpCallTest, AResetIsTheKernelsWord) {
    // RST instead of an answer.
    const OneShot callee{"hi", "", Close::rst};
    const CallEnd end = call(callee.port(), {.send = "hi", .expect = "hello"});
    EXPECT_EQ(end.outcome, "reset");
    EXPECT_EQ(end.error, "ECONNRESET");
}

TEST_F(TcpCallTest, TimeoutsAreNamedAfterWhatTheyEnd) {
    // No byte; a first byte and then none; a write that nobody takes.
    const auto silent = stub({.silent = true});
    CallPlan plan = plan_to(silent->port(), TcpCall{.send = "hi", .expect = "x"});
    plan.step.timeout = 30ms;
    CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "first_byte_timeout");
    EXPECT_EQ(end.error, "");
    EXPECT_GE(end.total, 30ms);

    const auto stalls = stub({.body = "abcdef", .stop_after = Bytes{2}});
    plan = plan_to(stalls->port(), TcpCall{.expect = "f"});
    plan.step.timeout = 100ms;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "idle_timeout");

    LocalPort deaf;
    deaf.listen();
    plan = plan_to(deaf.port(), TcpCall{.send_size = Bytes{64'000'000}});
    plan.step.timeout = 100ms;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "write_timeout");
}

TEST_F(TcpCallTest, TheDeadlineIsNotTheClientsTimeout) {
    // The client would have waited for ever.
    const auto silent = stub({.silent = true});
    CallPlan plan = plan_to(silent->port(), TcpCall{.expect = "x"});
    plan.step.deadline = 30ms;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "never_ended");
}

TEST_F(TcpCallTest, AFullBacklogMeetsTheConnectTimeout) {
    // listen(0) admits one connection; the next SYN is dropped, and sent again after a second.
    LocalPort full;
    checked("listen", ::listen(full.fd(), 0));
    CallPlan filler = plan_to(full.port(), TcpCall{});
    filler.step.hold_open = true;
    EXPECT_EQ(run_call(filler, clock_, state_).outcome, "ok");
    CallPlan plan = plan_to(full.port(), TcpCall{});
    plan.step.connect_timeout = 50ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "connect_timeout");
    EXPECT_EQ(end.error, "") << "an application's own timer has no errno";
    EXPECT_GE(end.total, 50ms);
}

}  // namespace
}  // namespace etimedout
