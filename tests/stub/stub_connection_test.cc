// The HTTP stub over real sockets: how it treats connections, expectations and queues of requests.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/stub/raw_client.hh"

namespace etimedout {
namespace {

constexpr std::string_view expectant =
    "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

class StubConnectionTest : public testing::Test {
protected:
    std::unique_ptr<Stub> stub(StubSpec spec) {
        spec.port = Port{0};
        return std::make_unique<Stub>("up", std::move(spec), clock_);
    }
    std::unique_ptr<Stub> stub(StubRoute all) { return stub(StubSpec{.all = std::move(all)}); }
    // Until the stub has counted so many; nothing else says that a request waits.
    void until_waiting(const Stub& up, std::int64_t count) const {
        while (up.record().waiting < count) clock_.sleep_until(clock_.now() + 100us);
    }
    WorldClock clock_;
};

TEST_F(StubConnectionTest, AnIdleConnectionIsClosed) {
    // 20 ms after the answer, and not before the answer is whole: it takes 60 ms itself.
    StubSpec spec;
    spec.keep_alive.idle = 20ms;
    spec.all = {.body = "abcd", .between = 20ms};
    const auto up = stub(spec);
    RawClient client{up->port()};
    const Duration begin = clock_.now();
    client.send(plain_get);
    const Read answer = client.all();
    EXPECT_TRUE(answer.text.ends_with("\r\n\r\nabcd"));
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_GE(clock_.now() - begin, 80ms);
    spec.keep_alive.end = StubClose::reset;
    const auto rude = stub(spec);
    RawClient other{rude->port()};
    EXPECT_EQ(other.all().end, End::reset);
}

TEST_F(StubConnectionTest, TheLastOfSoManyRequestsIsToldSo) {
    // The second answer has Connection: close, and the third request on it none.
    StubSpec spec;
    spec.keep_alive.requests = 2;
    const auto up = stub(spec);
    RawClient client{up->port()};
    client.send(plain_get);
    EXPECT_EQ(client.until("ok\n").text.find("Connection: close"), std::string::npos);
    client.send(plain_get);
    const Read second = client.all();
    EXPECT_NE(second.text.find("Connection: close"), std::string::npos);
    EXPECT_EQ(second.end, End::closed);
}

TEST_F(StubConnectionTest, TheKeepAliveRaceLeavesARequestUnanswered) {
    // The second of each connection, by FIN or by RST; the first of the next one is answered.
    for (const StubClose how : {StubClose::close, StubClose::reset}) {
        StubSpec spec;
        spec.keep_alive.race = 2;
        spec.keep_alive.end = how;
        const auto up = stub(spec);
        RawClient client{up->port()};
        client.send(plain_get);
        EXPECT_EQ(client.until("ok\n").end, End::enough);
        client.send(plain_get);
        const Read rest = client.all();
        EXPECT_EQ(rest.text, "");
        EXPECT_EQ(rest.end, how == StubClose::close ? End::closed : End::reset);
        EXPECT_EQ(up->record().requests, 2);
        RawClient next{up->port()};
        next.send(plain_get);
        EXPECT_EQ(next.until("ok\n").end, End::enough);
    }
}

TEST_F(StubConnectionTest, ABodyWithoutALengthEndsWithTheConnection) {
    // RFC 9112, 6.3, the last of its cases.
    const auto up = stub(StubRoute{.body = "abc", .until_close = true});
    RawClient client{up->port()};
    client.send(plain_get);
    const Read answer = client.all();
    EXPECT_TRUE(answer.text.ends_with("\r\n\r\nabc"));
    EXPECT_EQ(answer.text.find("Content-Length"), std::string::npos);
    EXPECT_EQ(answer.end, End::closed);
}

TEST_F(StubConnectionTest, AnswersComeInTheirOrder) {
    // Two requests are turned away, on whatever connection; all others are not. Other routes have
    // turns of their own.
    StubSpec spec;
    spec.routes["/a"].earlier = {StubRoute{.status = 503}, StubRoute{.status = 502}};
    const auto up = stub(spec);
    for (const auto* status : {"503", "502", "200", "200"}) {
        RawClient client{up->port()};
        client.send("GET /b HTTP/1.1\r\n\r\n");
        EXPECT_EQ(client.until("ok\n").text.substr(9, 3), "200");
        client.send("GET /a HTTP/1.1\r\n\r\n");
        EXPECT_EQ(client.until("ok\n").text.substr(9, 3), status);
    }
}

TEST_F(StubConnectionTest, A100CanBeLateOrNotComeAtAll) {
    // RFC 9110, 10.1.1: a client does not wait for ever. The late one takes 20 ms.
    const auto never = stub(StubRoute{.on_expect = StubContinue::never});
    RawClient client{never->port()};
    client.send(expectant);
    client.send("hello");
    EXPECT_TRUE(client.until("ok\n").text.starts_with("HTTP/1.1 200 OK"));
    const auto late = stub(StubRoute{.continue_after = 20ms});
    RawClient patient{late->port()};
    const Duration begin = clock_.now();
    patient.send(expectant);
    EXPECT_EQ(patient.until("\r\n\r\n").text, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_GE(clock_.now() - begin, 20ms);
}

TEST_F(StubConnectionTest, AnExpectationCanBeRefusedOrAnsweredAtOnce) {
    // Both end the connection, since a client may send the body all the same.
    const auto refusing = stub(StubRoute{.on_expect = StubContinue::refuse});
    RawClient refused{refusing->port()};
    refused.send(expectant);
    const Read answer = refused.all();
    EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 417 Expectation Failed"));
    EXPECT_EQ(answer.end, End::closed);
    RawClient plain{refusing->port()};
    plain.send("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(plain.until("ok\n").text.starts_with("HTTP/1.1 200"));
    const auto curt = stub(StubRoute{.status = 413, .on_expect = StubContinue::answer});
    RawClient large{curt->port()};
    large.send(expectant);
    EXPECT_TRUE(large.all().text.starts_with("HTTP/1.1 413"));
}

TEST_F(StubConnectionTest, RequestsBeyondTheWorkersWaitForThem) {
    // Two workers, each busy for 30 ms: the third answer comes after 60 ms.
    StubSpec spec;
    spec.workers = 2;
    spec.all.first_byte = 30ms;
    const auto up = stub(spec);
    const Duration begin = clock_.now();
    RawClient a{up->port()};
    RawClient b{up->port()};
    RawClient c{up->port()};
    for (RawClient* client : {&a, &b, &c}) client->send(plain_get);
    for (RawClient* client : {&a, &b, &c}) EXPECT_EQ(client->until("ok\n").end, End::enough);
    EXPECT_GE(clock_.now() - begin, 60ms);
    const StubRecord record = up->record();
    EXPECT_EQ(record.waited, 1);
    EXPECT_EQ(record.waiting, 0);
    EXPECT_GT(record.longest_wait, 0ms);
}

TEST_F(StubConnectionTest, OccupiedWorkersKeepRequestsWaitingUntilTheyAreReleased) {
    // Also those of a stub that has any number. The request is read: it counts.
    for (const std::optional<std::int64_t> workers : {std::optional<std::int64_t>{}, {3}}) {
        StubSpec spec;
        spec.workers = workers;
        const auto up = stub(spec);
        up->occupy_workers();
        RawClient client{up->port()};
        client.send(plain_get);
        until_waiting(*up, 1);
        EXPECT_EQ(up->record().requests, 1);
        up->release_workers();
        EXPECT_EQ(client.until("ok\n").end, End::enough);
        EXPECT_EQ(up->record().waited, 1);
        up->occupy_workers(2);
        client.send(plain_get);
        EXPECT_EQ(client.until("ok\n").end, End::enough);
    }
}

TEST_F(StubConnectionTest, AFullQueueIsRefusedWith503) {
    // One waits; the one after is told at once, and its connection ends.
    StubSpec spec;
    spec.workers = 1;
    spec.queue = 1;
    spec.queue_full = StubOverflow::refuse;
    const auto up = stub(spec);
    up->occupy_workers();
    RawClient waiting{up->port()};
    waiting.send(plain_get);
    until_waiting(*up, 1);
    RawClient refused{up->port()};
    refused.send(plain_get);
    const Read answer = refused.all();
    EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 503 Service Unavailable"));
    EXPECT_EQ(answer.end, End::closed);
    up->release_workers();
    EXPECT_EQ(waiting.until("ok\n").end, End::enough);
    EXPECT_EQ(up->record().refused, 1);
}

TEST_F(StubConnectionTest, AFullQueueCanLeaveConnectionsToTheKernel) {
    // The second connection is not taken before the first one's request has a worker.
    StubSpec spec;
    spec.workers = 1;
    spec.queue = 1;
    const auto up = stub(spec);
    up->occupy_workers();
    RawClient waiting{up->port()};
    waiting.send(plain_get);
    until_waiting(*up, 1);
    RawClient outside{up->port()};
    outside.send(plain_get);
    EXPECT_EQ(up->record().connections, 1);
    up->release_workers();
    EXPECT_EQ(outside.until("ok\n").end, End::enough);
    EXPECT_EQ(waiting.until("ok\n").end, End::enough);
    EXPECT_EQ(up->record().connections, 2);
}

TEST_F(StubConnectionTest, ASilentRequestKeepsItsWorkerForEver) {
    // As one that waits for a lock: also when its client has gone.
    StubSpec spec;
    spec.workers = 1;
    spec.routes["/hang"].silent = true;
    const auto up = stub(spec);
    {
        RawClient gone{up->port()};
        gone.send("GET /hang HTTP/1.1\r\n\r\n");
        gone.finish_sending();
        EXPECT_EQ(gone.all().text, "");
    }
    RawClient next{up->port()};
    next.send(plain_get);
    until_waiting(*up, 1);
    next.finish_sending();
}

TEST_F(StubConnectionTest, AWorkerOfATcpStubServesOneConnection) {
    // The second is served when the first has ended.
    StubSpec spec;
    spec.kind = StubKind::tcp;
    spec.workers = 1;
    const auto up = stub(spec);
    RawClient second_to_come{up->port()};
    second_to_come.send("b");
    EXPECT_EQ(second_to_come.bytes(1).text, "b");
    RawClient waiting{up->port()};
    waiting.send("c");
    until_waiting(*up, 1);
    second_to_come.finish_sending();
    EXPECT_EQ(waiting.bytes(1).text, "c");
}

class StubLlmTest : public StubConnectionTest {
protected:
    static std::string ask(std::string_view version = "1.1") {
        const std::string body = R"({"model":"m","stream":true,"messages":[{"role":"user"}]})";
        return "POST /v1/chat/completions HTTP/" + std::string{version} +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    std::unique_ptr<Stub> model(StubLlm llm) {
        StubSpec spec;
        spec.kind = StubKind::llm;
        spec.llm = std::move(llm);
        return stub(spec);
    }
};

TEST_F(StubLlmTest, EveryTokenIsAChunkWhenItIsDue) {
    // 20 ms and two gaps of 10 ms; the connection can be used again.
    const auto up = model({.tokens = 3, .first_token = 20ms, .between = 10ms});
    RawClient client{up->port()};
    const Duration begin = clock_.now();
    client.send(ask());
    const Read answer = client.until("\r\n0\r\n\r\n");
    EXPECT_GE(clock_.now() - begin, 40ms);
    EXPECT_NE(answer.text.find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_NE(answer.text.find("data: [DONE]\n\n"), std::string::npos);
    client.send("GET /v1/models HTTP/1.1\r\n\r\n");
    EXPECT_NE(client.until("}").text.find("\"object\":\"list\""), std::string::npos);
}

TEST_F(StubLlmTest, AStreamToAnOldClientEndsWithTheConnection) {
    // HTTP/1.0 knows no chunks.
    const auto up = model({.tokens = 1, .first_token = 0s});
    RawClient client{up->port()};
    client.send(ask("1.0"));
    const Read answer = client.all();
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_TRUE(answer.text.ends_with("data: [DONE]\n\n"));
}

TEST_F(StubLlmTest, AStreamCanBeCutOrLeftHanging) {
    // No end marker, no last chunk. One that hangs with comments is still alive.
    StubLlm llm{.tokens = 3, .first_token = 0s, .between = 0s, .stop_after = 2};
    llm.end = LlmEnd::close;
    const auto closing = model(llm);
    RawClient cut{closing->port()};
    cut.send(ask());
    const Read answer = cut.all();
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_TRUE(answer.text.ends_with("\n\n\r\n"));
    EXPECT_EQ(answer.text.find("[DONE]"), std::string::npos);
    llm.end = LlmEnd::hang;
    llm.comments = 5ms;
    const auto hanging = model(llm);
    RawClient waiting{hanging->port()};
    waiting.send(ask());
    const Read comments = waiting.until("e\r\n: keep-alive\n\n\r\ne\r\n: keep-alive\n\n\r\n");
    EXPECT_EQ(comments.end, End::enough);
}

TEST_F(StubLlmTest, TheFirstRequestIsTurnedAwayOnce) {
    // Requests are counted over all connections.
    StubLlm llm{.tokens = 1, .first_token = 0s};
    llm.refuse = LlmRefusal{.status = 529, .retry_after = 3s};
    const auto up = model(llm);
    RawClient first{up->port()};
    first.send(ask());
    const Read refused = first.until("}}");
    EXPECT_TRUE(refused.text.starts_with("HTTP/1.1 529 Overloaded\r\n"));
    EXPECT_NE(refused.text.find("Retry-After: 3\r\n"), std::string::npos);
    RawClient second{up->port()};
    second.send(ask());
    EXPECT_EQ(second.until("[DONE]").end, End::enough);
}

}  // namespace
}  // namespace etimedout
