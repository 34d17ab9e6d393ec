// The HTTP stub over real sockets: what it answers by itself.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/stub/raw_client.hh"

namespace etimedout {
namespace {

StubSpec http_stub(StubRoute all = {}) {
    StubSpec spec;
    spec.port = Port{0};
    spec.all = std::move(all);
    return spec;
}

std::string body_of(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == std::string::npos ? "?" : response.substr(end + 4);
}

class StubHttpTest : public testing::Test {
protected:
    WorldClock clock_;
};

TEST_F(StubHttpTest, TheDefaultAnswerIsOk) {
    // A stub without routes answers every path.
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    client.send(plain_get);
    const Read answer = client.until("ok\n");
    EXPECT_EQ(answer.end, End::enough);
    EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 200 OK\r\nServer: etimedout\r\n"));
    EXPECT_EQ(body_of(answer.text), "ok\n");
}

TEST_F(StubHttpTest, PipelinedRequestsAreAnsweredInOrder) {
    // RFC 9112, 9.3.2; the first answer is the slowest.
    StubSpec spec = http_stub();
    spec.routes["/a"].body = "first\n";
    spec.routes["/a"].first_byte = 30ms;
    spec.routes["/b"].body = "second\n";
    const Stub stub{"up", spec, clock_, 1};
    RawClient client{stub.port()};
    client.send(
        "GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz"
        "GET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
    const Read answers = client.all();
    EXPECT_EQ(answers.end, End::closed);
    const auto first = answers.text.find("first\n");
    const auto second = answers.text.find("second\n");
    const auto third = answers.text.find("ok\n");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos);
    EXPECT_EQ(stub.record().requests, 3);
    EXPECT_EQ(stub.record().connections, 1);
}

TEST_F(StubHttpTest, HeadHasALengthAndNoBody) {
    // The next answer follows the head at once.
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    client.send("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    const Read answers = client.all();
    EXPECT_NE(answers.text.find("Content-Length: 3\r\n\r\nHTTP/1.1 200"), std::string::npos);
}

TEST_F(StubHttpTest, AnOldClientsConnectionIsClosedAfterTheAnswer) {
    // HTTP/1.0 without keep-alive.
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    client.send("GET / HTTP/1.0\r\n\r\n");
    const Read answer = client.all();
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_EQ(body_of(answer.text), "ok\n");
}

TEST_F(StubHttpTest, AClientThatExpects100IsToldToGoOn) {
    // RFC 9110, 10.1.1: the body is sent only after that.
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.until("\r\n\r\n").text, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_EQ(client.until("ok\n").end, End::enough);
}

TEST_F(StubHttpTest, ALargeRequestBodyIsReadAndThrownAway) {
    // 8 MB is more than all buffers on the way hold.
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    const std::string body(8'000'000, 'x');
    client.send("POST / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n");
    EXPECT_TRUE(client.send(body));
    EXPECT_EQ(client.until("ok\n").end, End::enough);
}

TEST_F(StubHttpTest, ALargeAnswerIsTheWholePattern) {
    // The last line of 1,000,000 bytes begins at 999,936.
    const Stub stub{"up", http_stub({.body_size = Bytes{1'000'000}}), clock_, 1};
    RawClient client{stub.port()};
    client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string body = body_of(client.all().text);
    ASSERT_EQ(body.size(), 1'000'000U);
    EXPECT_EQ(body.substr(999'936),
              "000000999936 abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN\n");
}

TEST_F(StubHttpTest, APacedAnswerTakesAtLeastItsWaits) {
    // 20 ms, then 6 bytes in pieces of 2 with 10 ms before the second and the third.
    StubRoute route{.body = "abcdef", .first_byte = 20ms, .between = 10ms, .piece = Bytes{2}};
    route.chunked = true;
    const Stub stub{"up", http_stub(route), clock_, 1};
    RawClient client{stub.port()};
    const Duration begin = clock_.now();
    client.send(plain_get);
    const Read answer = client.until("0\r\n\r\n");
    EXPECT_GE(clock_.now() - begin, 40ms);
    EXPECT_EQ(body_of(answer.text), "2\r\nab\r\n2\r\ncd\r\n2\r\nef\r\n0\r\n\r\n");
}

TEST_F(StubHttpTest, AnAnswerCanBeCutByAClose) {
    // The length says 1000, 400 come, and then the end of the stream.
    const StubRoute route{
        .body_size = Bytes{1000}, .stop_after = Bytes{400}, .end = StubEnd::close};
    const Stub stub{"up", http_stub(route), clock_, 1};
    RawClient client{stub.port()};
    client.send(plain_get);
    const Read answer = client.all();
    EXPECT_EQ(answer.end, End::closed);
    EXPECT_NE(answer.text.find("Content-Length: 1000\r\n"), std::string::npos);
    EXPECT_EQ(body_of(answer.text).size(), 400U);
}

TEST_F(StubHttpTest, AnAnswerCanBeCutByAReset) {
    // The reset comes after the bytes that were sent, not instead of them.
    const StubRoute route{
        .body_size = Bytes{100000}, .stop_after = Bytes{4000}, .end = StubEnd::reset};
    const Stub stub{"up", http_stub(route), clock_, 1};
    RawClient client{stub.port()};
    client.send(plain_get);
    const Read head = client.until("\r\n\r\n");
    EXPECT_EQ(head.end, End::enough);
    EXPECT_EQ(client.all().end, End::reset);
}

TEST_F(StubHttpTest, AChunkedAnswerCutByAResetLacksItsLastChunk) {
    // What tells a receiver of chunks that the body is whole is the chunk of size 0.
    StubRoute route{.body = "abcdef", .stop_after = Bytes{3}, .end = StubEnd::close};
    route.chunked = true;
    const Stub stub{"up", http_stub(route), clock_, 1};
    RawClient client{stub.port()};
    client.send(plain_get);
    EXPECT_EQ(body_of(client.all().text), "3\r\nabc\r\n");
}

TEST_F(StubHttpTest, AnAnswerThatStallsIsEndedByTheClientOnly) {
    // The stub reads the client's end of file and closes; nothing more of the body comes.
    const Stub stub{"up", http_stub({.body = "abcdef", .stop_after = Bytes{2}}), clock_, 1};
    RawClient client{stub.port()};
    client.send(plain_get);
    EXPECT_TRUE(client.until("ab").text.ends_with("\r\n\r\nab"));
    client.finish_sending();
    const Read rest = client.all();
    EXPECT_EQ(rest.text, "");
    EXPECT_EQ(rest.end, End::closed);
}

TEST_F(StubHttpTest, ASilentRouteLeavesOtherConnectionsAlone) {
    // The one who asked waits; the one who comes after gets an answer first.
    StubSpec spec = http_stub();
    spec.routes["/hang"].silent = true;
    const Stub stub{"up", spec, clock_, 1};
    RawClient waiting{stub.port()};
    waiting.send("GET /hang HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    RawClient other{stub.port()};
    other.send(plain_get);
    EXPECT_EQ(other.until("ok\n").end, End::enough);
    waiting.finish_sending();
    EXPECT_EQ(waiting.all().text, "");
}

TEST_F(StubHttpTest, GarbageIsAnswered400AndClosed) {
    // As servers do (RFC 9112, 2.2).
    const Stub stub{"up", http_stub(), clock_, 1};
    RawClient client{stub.port()};
    client.send("what is this\r\n\r\n");
    const Read answer = client.all();
    EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_EQ(answer.end, End::closed);
}

TEST_F(StubHttpTest, AcceptDelayKeepsConnectionsInTheQueue) {
    // Each accept waits 20 ms, one after the other: the third answer comes after 60 ms.
    StubSpec spec = http_stub();
    spec.accept_delay = 20ms;
    const Stub stub{"up", spec, clock_, 1};
    const Duration begin = clock_.now();
    RawClient a{stub.port()};
    RawClient b{stub.port()};
    RawClient c{stub.port()};
    c.send(plain_get);
    EXPECT_EQ(c.until("ok\n").end, End::enough);
    EXPECT_GE(clock_.now() - begin, 60ms);
}

TEST_F(StubHttpTest, ItIsAlsoThereOnIpv6) {
    // Two listening sockets on one port, one per family.
    const Stub stub{"up", http_stub(), clock_, 1};
    const Fd fd{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) GTEST_SKIP() << "no IPv6 here";
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(stub.port());
    address.sin6_addr = in6addr_loopback;
    const int result =
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (result != 0 && errno == EADDRNOTAVAIL) GTEST_SKIP() << "no ::1 here";
    EXPECT_EQ(result, 0);
}

TEST_F(StubHttpTest, APortThatIsTakenIsNamed) {
    // The message says who wanted what.
    const Stub first{"one", http_stub(), clock_, 1};
    StubSpec spec;
    spec.port = Port{first.port()};
    try {
        const Stub second{"two", spec, clock_, 1};
        FAIL() << "two listeners on one port";
    } catch (const Error& error) {
        EXPECT_NE(std::string{error.what()}.find("stub `two`: listen on port "), std::string::npos);
        EXPECT_NE(std::string{error.what()}.find("in use"), std::string::npos);
    }
}

TEST_F(StubHttpTest, AStubEndsWithConnectionsInEveryState) {
    // Waiting for a request, within one, within an answer, stalled, and hung up.
    StubSpec spec = http_stub();
    spec.routes["/late"].first_byte = 1h;
    spec.routes["/stall"].stop_after = Bytes{1};
    spec.routes["/close"].end = StubEnd::close;
    auto stub = std::make_unique<Stub>("up", spec, clock_, 1);
    RawClient idle{stub->port()};
    RawClient within{stub->port()};
    within.send("GET / HT");
    RawClient late{stub->port()};
    late.send("GET /late HTTP/1.1\r\n\r\n");
    RawClient stalled{stub->port()};
    stalled.send("GET /stall HTTP/1.1\r\n\r\n");
    stalled.until("\r\n\r\no");
    RawClient closed{stub->port()};
    closed.send("GET /close HTTP/1.1\r\n\r\n");
    EXPECT_EQ(closed.all().end, End::closed);
    EXPECT_EQ(stub->record().trouble, "");
    stub.reset();
    EXPECT_NE(idle.all().end, End::silence);
    EXPECT_NE(late.all().end, End::silence);
}

}  // namespace
}  // namespace etimedout
