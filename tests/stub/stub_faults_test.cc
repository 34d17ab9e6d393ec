// Faults armed at a running HTTP stub.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/stub/raw_client.hh"

namespace etimedout {
namespace {

class StubFaultsTest : public testing::Test {
protected:
    StubFaultsTest() {
        StubSpec spec;
        spec.port = Port{0};
        spec.routes["/two"].body = "two\n";
        stub_ = std::make_unique<Stub>("up", spec, clock_, 1);
    }
    void arm(Fault fault, Selectors selectors = {}) {
        stub_->arm({"f", std::move(fault), std::move(selectors)});
    }

    WorldClock clock_;
    std::unique_ptr<Stub> stub_;
};

TEST_F(StubFaultsTest, ASwallowedRequestStaysUnansweredAndLaterOnesAreAnsweredOnceHealed) {
    // Only /two is answered, since / was read while the fault was armed.
    arm(Silent{});
    RawClient client{stub_->port()};
    client.send(plain_get);
    // Silence cannot be waited for; the stub's own record says when the request was judged.
    while (stub_->record().requests < 1) clock_.sleep_until(clock_.now() + 1ms);
    stub_->heal("f");
    client.send("GET /two HTTP/1.1\r\nConnection: close\r\n\r\n");
    const Read answers = client.all();
    EXPECT_TRUE(answers.text.ends_with("two\n"));
    EXPECT_EQ(answers.text.find("ok\n"), std::string::npos);
    EXPECT_EQ(stub_->witness("f").matched, 1);
    EXPECT_EQ(stub_->witness("f").fired, 1);
}

TEST_F(StubFaultsTest, NoLaterAnswerFillsTheGapOfASwallowedRequest) {
    // A pipelining client takes answers in order: the second would be taken for the first's.
    arm(Silent{}, {.first = Count{1, CountedUnit::requests}});
    RawClient client{stub_->port()};
    client.send(std::string{plain_get} + "GET /two HTTP/1.1\r\n\r\n");
    client.finish_sending();
    const Read answers = client.all();
    EXPECT_EQ(answers.text, "");
    EXPECT_EQ(answers.end, End::closed);
    EXPECT_EQ(stub_->witness("f").matched, 2);
    EXPECT_EQ(stub_->witness("f").fired, 1);
}

TEST_F(StubFaultsTest, AResetComesWithTheFirstBytes) {
    // The request's head is not complete yet.
    arm(Reset{});
    RawClient client{stub_->port()};
    client.send("GET / HT");
    EXPECT_EQ(client.all().end, End::reset);
    EXPECT_EQ(stub_->witness("f").fired, 1);
}

TEST_F(StubFaultsTest, AResetForSomeRequestsWaitsForTheHead) {
    // What is matched stands in the head.
    Selectors selectors;
    selectors.match = RequestMatch{.path = "/two"};
    arm(Reset{}, selectors);
    RawClient client{stub_->port()};
    client.send(plain_get);
    EXPECT_EQ(client.until("ok\n").end, End::enough);
    client.send("GET /two HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.all().end, End::reset);
    EXPECT_EQ(stub_->witness("f").matched, 1);
}

TEST_F(StubFaultsTest, AHangUpIsAnOrderlyEndEvenInAnUpload) {
    // Bytes that arrive after the FIN are read, else the kernel would answer them with a RST.
    arm(HangUpFault{});
    RawClient client{stub_->port()};
    client.send("POST / HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n");
    const std::string body(4'000'000, 'x');
    EXPECT_TRUE(client.send(body));
    const Read answer = client.all();
    EXPECT_EQ(answer.text, "");
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_EQ(stub_->witness("f").fired, 1);
}

TEST_F(StubFaultsTest, AConnectionOpenAlreadyIsHitAtItsNextRequest) {
    // The keep-alive race: the second request on a connection is reset.
    RawClient client{stub_->port()};
    client.send(plain_get);
    EXPECT_EQ(client.until("ok\n").end, End::enough);
    arm(Reset{}, {.nth = Count{2, CountedUnit::requests_per_connection}});
    client.send(plain_get);
    EXPECT_EQ(client.all().end, End::reset);
    RawClient again{stub_->port()};
    again.send(plain_get);
    EXPECT_EQ(again.until("ok\n").end, End::enough);
}

TEST_F(StubFaultsTest, AStatusIsAnsweredWithItsHeadersAndTheConnectionGoesOn) {
    // 503 for the first request, the route's own answer for the second.
    Status status;
    status.headers = {{"Retry-After", "7"}};
    arm(status, {.first = Count{1, {}}});
    RawClient client{stub_->port()};
    client.send(plain_get);
    const Read refused = client.until("503 Service Unavailable\n");
    EXPECT_TRUE(refused.text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_NE(refused.text.find("Retry-After: 7\r\n"), std::string::npos);
    client.send(plain_get);
    EXPECT_EQ(client.until("ok\n").end, End::enough);
    EXPECT_EQ(stub_->witness("f").matched, 2);
    EXPECT_EQ(stub_->witness("f").fired, 1);
}

TEST_F(StubFaultsTest, ASlowAnswerTakesAtLeastItsWaits) {
    // 20 ms and then three bytes with 10 ms before the second and the third.
    arm(Slow{20ms, 10ms, 1});
    RawClient client{stub_->port()};
    const Duration begin = clock_.now();
    client.send(plain_get);
    EXPECT_EQ(client.until("ok\n").end, End::enough);
    EXPECT_GE(clock_.now() - begin, 40ms);
}

TEST_F(StubFaultsTest, ASilentServerDoesNotSay100) {
    // It answers nothing at all.
    arm(Silent{});
    RawClient client{stub_->port()};
    client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    client.finish_sending();
    EXPECT_EQ(client.all().text, "");
}

}  // namespace
}  // namespace etimedout
