// The http call against stubs and raw listeners.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/call/callee.hh"

namespace etimedout {
namespace {

class HttpCallTest : public testing::Test {
protected:
    std::unique_ptr<Stub> stub(StubRoute all = {}) {
        StubSpec spec;
        spec.port = Port{0};
        spec.all = std::move(all);
        return std::make_unique<Stub>("up", spec, clock_);
    }
    CallEnd get(std::uint16_t port) { return run_call(plan_to(port, HttpCall{}), clock_, state_); }

    WorldClock clock_;
    CallState state_;
};

TEST_F(HttpCallTest, TheFirstByteOfARequestWithABodyIsTheAnswers) {
    // 20 ms after a body that is sent at once.
    const auto up = stub({.body = "hello", .first_byte = 20ms});
    HttpCall call;
    call.method = "POST";
    call.body = "question";
    const CallEnd end = run_call(plan_to(up->port(), call), clock_, state_);
    EXPECT_EQ(end.outcome, "response");
    ASSERT_TRUE(end.first_byte.has_value());
    EXPECT_GE(*end.first_byte, 20ms);
}

TEST_F(HttpCallTest, AnAnswerHasItsPhasesInOrder) {
    // Connected, then the first byte (20 ms later at least), then the end.
    const auto up = stub({.body = "hello", .first_byte = 20ms});
    const CallEnd end = get(up->port());
    EXPECT_EQ(end.outcome, "response") << end.detail;
    EXPECT_EQ(end.status, 200);
    EXPECT_EQ(end.body, "hello");
    EXPECT_EQ(end.received, 5);
    EXPECT_EQ(end.headers.at("server"), "etimedout");
    EXPECT_EQ(end.completeness, "complete");
    EXPECT_EQ(end.error, "");
    ASSERT_TRUE(end.connect && end.first_byte);
    EXPECT_LE(*end.connect + 20ms, *end.first_byte);
    EXPECT_LE(*end.first_byte, end.total);
    EXPECT_FALSE(end.dns.has_value());
    EXPECT_FALSE(end.tls.has_value());
    EXPECT_TRUE(end.local_address.starts_with("127.0.0.1:"));
}

TEST_F(HttpCallTest, ANameIsLookedUpAndThatIsAPhase) {
    // localhost is in every hosts file; the stub listens on both families.
    const auto up = stub();
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.host = "localhost";
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "response") << end.detail;
    ASSERT_TRUE(end.dns && end.connect);
    EXPECT_LE(*end.dns, *end.connect);
}

TEST_F(HttpCallTest, AnErrorStatusIsAResponse) {
    // Outcomes are about the exchange, not about what the server thinks of it.
    const auto up = stub({.status = 503});
    const CallEnd end = get(up->port());
    EXPECT_EQ(end.outcome, "response");
    EXPECT_EQ(end.status, 503);
}

TEST_F(HttpCallTest, WhereNobodyListensIsRefused) {
    // The port is taken, so that nobody else can listen there.
    const LocalPort nobody;
    const CallEnd end = get(nobody.port());
    EXPECT_EQ(end.outcome, "connect_refused");
    EXPECT_EQ(end.error, "ECONNREFUSED");
    EXPECT_FALSE(end.connect.has_value());
}

TEST_F(HttpCallTest, AnUnknownNameIsADnsFailure) {
    // RFC 6761: .invalid names never exist.
    CallPlan plan = plan_to(80, HttpCall{});
    plan.host = "no.such.name.invalid";
    plan.step.timeout = 500ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_TRUE(end.outcome == "dns_failure" || end.outcome == "dns_timeout") << end.outcome;
    EXPECT_EQ(end.error, "");
}

TEST_F(HttpCallTest, ASilentServerMeetsTheClientsOwnTimeout) {
    // 50 ms at least, no errno since the kernel has nothing to do with it.
    const auto up = stub({.silent = true});
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.step.timeout = 50ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "first_byte_timeout") << end.detail;
    EXPECT_EQ(end.error, "");
    EXPECT_GE(end.total, 50ms);
    EXPECT_TRUE(end.connect.has_value());
    EXPECT_FALSE(end.first_byte.has_value());
}

TEST_F(HttpCallTest, ACallThatNeverEndsIsEndedByTheDeadline) {
    // The client has no timeout.
    const auto up = stub({.silent = true});
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.step.deadline = 30ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "never_ended");
    EXPECT_GE(end.total, 30ms);
}

TEST_F(HttpCallTest, ATimeoutAsLongAsTheDeadlineIsTheClients) {
    // Whoever sets both alike means the client's.
    const auto up = stub({.silent = true});
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.step.timeout = plan.step.deadline = 30ms;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "first_byte_timeout");
}

TEST_F(HttpCallTest, AStallAfterTheHeadIsIdleness) {
    // 200 and three bytes of six, then nothing until the timeout.
    const auto up = stub({.body = "abcdef", .stop_after = Bytes{3}});
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.step.timeout = 100ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "idle_timeout");
    EXPECT_EQ(end.status, 200);
    EXPECT_EQ(end.body, "abc");
    EXPECT_EQ(end.completeness, "cut");
}

TEST_F(HttpCallTest, AConnectionClosedWithoutAnswer) {
    // A FIN after the request.
    const OneShot callee{"\r\n\r\n", "", Close::fin};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "closed_early");
    EXPECT_EQ(end.error, "");
    EXPECT_EQ(end.completeness, "");
}

TEST_F(HttpCallTest, AConnectionResetWithoutAnswer) {
    // A RST after the request.
    const OneShot callee{"\r\n\r\n", "", Close::rst};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "reset");
    EXPECT_EQ(end.error, "ECONNRESET");
}

TEST_F(HttpCallTest, ABodyShorterThanItsLengthIsVisiblyCut) {
    // 4 of 9 bytes.
    const OneShot callee{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd",
                         Close::fin};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "closed_early");
    EXPECT_EQ(end.status, 200);
    EXPECT_EQ(end.completeness, "cut");
    EXPECT_EQ(end.body, "abcd");
}

TEST_F(HttpCallTest, AChunkedBodyWithoutItsLastChunkIsAnAbortedStream) {
    // The connection ends in an orderly way; the framing shows that the body did not.
    const OneShot callee{"\r\n\r\n",
                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                         Close::fin};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "stream_aborted");
    EXPECT_EQ(end.completeness, "cut");
    EXPECT_EQ(end.body, "abc");
}

TEST_F(HttpCallTest, ABodyThatEndsWithItsConnectionCannotBeToldFromACutOne) {
    // RFC 9112, 6.3, case 8.
    const OneShot callee{"\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nabc", Close::fin};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "response");
    EXPECT_EQ(end.completeness, "silently_cut");
}

TEST_F(HttpCallTest, AnEventStreamThatIsResetIsAborted) {
    // After the first event; the stub resets only when that was acknowledged.
    StubRoute route{
        .body = "data: 1\n\ndata: 2\n\n", .stop_after = Bytes{9}, .end = StubEnd::reset};
    route.headers = {{"Content-Type", "text/event-stream"}, {"Content-Length", ""}};
    const auto up = stub(route);
    const CallEnd end = get(up->port());
    EXPECT_EQ(end.outcome, "stream_aborted");
    EXPECT_EQ(end.error, "ECONNRESET");
    EXPECT_EQ(end.completeness, "cut");
}

TEST_F(HttpCallTest, WhatIsNotHttpHasFailed) {
    // An SSH server on the wrong port.
    const OneShot callee{"\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", Close::fin};
    const CallEnd end = get(callee.port());
    EXPECT_EQ(end.outcome, "failed") << end.detail;
    EXPECT_NE(end.detail, "");
}

TEST_F(HttpCallTest, ATlsClientAtAPlainServerFailsInTls) {
    // The server answers the handshake in plain text.
    const auto up = stub();
    HttpCall call;
    call.tls = true;
    const CallEnd end = run_call(plan_to(up->port(), call), clock_, state_);
    EXPECT_EQ(end.outcome, "tls_failure") << end.detail;
    EXPECT_TRUE(end.connect.has_value());
    EXPECT_FALSE(end.tls.has_value());
}

TEST_F(HttpCallTest, ASilentTlsServerMeetsTheTimeoutInTls) {
    // The connection is there; the handshake is not.
    StubSpec spec;
    spec.kind = StubKind::tcp;
    spec.port = Port{0};
    spec.all.silent = true;
    const Stub up{"up", spec, clock_};
    HttpCall call;
    call.tls = true;
    CallPlan plan = plan_to(up.port(), call);
    plan.step.timeout = 50ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "tls_timeout") << end.detail;
    EXPECT_EQ(end.error, "");
}

TEST_F(HttpCallTest, EveryRequestSaysWhichCallItIsOf) {
    // By the trace header, with the number of the repetition.
    const Echo up;
    CallPlan plan = plan_to(up.port(), HttpCall{});
    EXPECT_NE(run_call(plan, clock_, state_).body.find("X-Etimedout-Call: c/1\r\n"),
              std::string::npos);
    plan.index = 2;
    EXPECT_NE(run_call(plan, clock_, state_).body.find("X-Etimedout-Call: c/2\r\n"),
              std::string::npos);
}

TEST_F(HttpCallTest, ReuseKeepsTheConnectionAndNewDoesNot) {
    // Three calls over one connection, then two over two.
    const auto up = stub();
    CallPlan plan = plan_to(up->port(), HttpCall{});
    plan.step.connection = ConnectionUse::reuse;
    const CallEnd first = run_call(plan, clock_, state_);
    const CallEnd second = run_call(plan, clock_, state_);
    run_call(plan, clock_, state_);
    EXPECT_EQ(up->record().connections, 1);
    EXPECT_EQ(first.local_address, second.local_address);
    EXPECT_TRUE(first.connect.has_value());
    EXPECT_FALSE(second.connect.has_value());
    get(up->port());
    get(up->port());
    EXPECT_EQ(up->record().connections, 3);
}

TEST_F(HttpCallTest, AReusedConnectionThatIsResetIsNotRetriedBehindOurBack) {
    // The keep-alive race; libcurl alone would send the request again on a second connection.
    const Echo up{1, Close::rst};
    CallPlan plan = plan_to(up.port(), HttpCall{});
    plan.step.connection = ConnectionUse::reuse;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "response");
    const CallEnd raced = run_call(plan, clock_, state_);
    EXPECT_EQ(raced.outcome, "reset") << raced.detail;
    EXPECT_EQ(raced.error, "ECONNRESET");
    EXPECT_EQ(up.connections(), 1);
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "response");
    EXPECT_EQ(up.connections(), 2);
}

TEST_F(HttpCallTest, AReusedConnectionThatIsHungUpIsAnEarlyClose) {
    // The same with a FIN.
    const Echo up{1, Close::fin};
    CallPlan plan = plan_to(up.port(), HttpCall{});
    plan.step.connection = ConnectionUse::reuse;
    EXPECT_EQ(run_call(plan, clock_, state_).outcome, "response");
    const CallEnd raced = run_call(plan, clock_, state_);
    EXPECT_EQ(raced.outcome, "closed_early") << raced.detail;
    EXPECT_EQ(raced.error, "");
}

TEST_F(HttpCallTest, ABodyIsSentAndCounted) {
    // Text, or so many bytes; a POST without either says that it has none.
    const auto up = stub();
    HttpCall text{.method = "POST"};
    text.body = "a=1";
    EXPECT_EQ(run_call(plan_to(up->port(), text), clock_, state_).sent, 3);
    HttpCall large{.method = "PUT"};
    large.body_size = Bytes{3'000'000};
    const CallEnd end = run_call(plan_to(up->port(), large), clock_, state_);
    EXPECT_EQ(end.outcome, "response") << end.detail;
    EXPECT_EQ(end.sent, 3'000'000);
    const CallEnd empty = run_call(plan_to(up->port(), HttpCall{.method = "POST"}), clock_, state_);
    EXPECT_EQ(empty.outcome, "response") << empty.detail;
    EXPECT_EQ(empty.sent, 0);
}

TEST_F(HttpCallTest, AnUploadNobodyReadsMeetsTheTimeoutInWriting) {
    // 64 MB are more than all buffers on the way hold, and nobody ever accepts.
    LocalPort deaf;
    deaf.listen();
    HttpCall upload{.method = "POST"};
    upload.body_size = Bytes{64'000'000};
    CallPlan plan = plan_to(deaf.port(), upload);
    plan.step.timeout = 200ms;
    const CallEnd end = run_call(plan, clock_, state_);
    EXPECT_EQ(end.outcome, "write_timeout") << end.detail;
    EXPECT_LT(end.sent, 64'000'000);
}

TEST_F(HttpCallTest, ALargeAnswerIsCountedInFullAndKeptInPart) {
    // 64 KiB are kept.
    const auto up = stub({.body_size = Bytes{1'000'000}});
    const CallEnd end = get(up->port());
    EXPECT_EQ(end.received, 1'000'000);
    EXPECT_EQ(end.body.size(), 65'536U);
    EXPECT_EQ(end.completeness, "complete");
}

TEST_F(HttpCallTest, TheEnvironmentsProxyIsNotAsked) {
    // Nobody listens at the proxy.
    const LocalPort nobody;
    ::setenv("http_proxy", ("http://127.0.0.1:" + std::to_string(nobody.port())).c_str(), 1);
    const auto up = stub();
    const CallEnd end = get(up->port());
    ::unsetenv("http_proxy");
    EXPECT_EQ(end.outcome, "response") << end.detail;
}

TEST_F(HttpCallTest, HeadAndHeadersPassThrough) {
    // HEAD has no body; an empty header is sent as one.
    const Echo up;
    HttpCall call{.method = "HEAD", .path = "/x"};
    call.headers = {{"X-Empty", ""}};
    const CallEnd end = run_call(plan_to(up.port(), call), clock_, state_);
    EXPECT_EQ(end.outcome, "response") << end.detail;
    EXPECT_EQ(end.status, 204);
    EXPECT_EQ(end.headers.at("x-head"), "all");
}

}  // namespace
}  // namespace etimedout
