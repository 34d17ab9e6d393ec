// The TCP stub over real sockets.
#include <gtest/gtest.h>

#include "simulator/stub/stub.hh"
#include "tests/stub/raw_client.hh"

namespace etimedout {
namespace {

StubSpec tcp_stub(StubRoute all = {}) {
    StubSpec spec;
    spec.kind = StubKind::tcp;
    spec.port = Port{0};
    spec.all = std::move(all);
    return spec;
}

class StubTcpTest : public testing::Test {
protected:
    WorldClock clock_;
};

TEST_F(StubTcpTest, ItEchoesWhatItReceives) {
    // 300 kB are more than one read of the stub takes.
    const Stub stub{"up", tcp_stub(), clock_};
    RawClient client{stub.port()};
    const std::string text(300'000, 'e');
    client.send(text);
    client.finish_sending();
    const Read echo = client.all();
    EXPECT_EQ(echo.text.size(), text.size());
    EXPECT_EQ(echo.end, End::closed);
}

TEST_F(StubTcpTest, WithABodyItSpeaksFirstAndThenOnlyListens) {
    // As a mail server does: the banner comes without being asked for, after first_byte.
    const Stub stub{"up", tcp_stub({.body = "220 hello\r\n", .first_byte = 20ms}), clock_};
    const Duration begin = clock_.now();
    RawClient client{stub.port()};
    EXPECT_EQ(client.until("\n").text, "220 hello\r\n");
    EXPECT_GE(clock_.now() - begin, 20ms);
    client.send("QUIT\r\n");
    client.finish_sending();
    EXPECT_EQ(client.all().text, "");
}

TEST_F(StubTcpTest, ItCanStopInTheMiddleAndReset) {
    // 5 of 11 bytes and then a RST.
    const StubRoute route{.body = "220 hello\r\n", .stop_after = Bytes{5}, .end = StubEnd::reset};
    const Stub stub{"up", tcp_stub(route), clock_};
    RawClient client{stub.port()};
    const Read all = client.all();
    EXPECT_LE(all.text.size(), 5U);
    EXPECT_EQ(all.end, End::reset);
}

TEST_F(StubTcpTest, AnEchoCanEndAfterSoManyBytes) {
    // stop_after counts what was sent, over all reads.
    const Stub stub{"up", tcp_stub({.stop_after = Bytes{4}, .end = StubEnd::close}), clock_};
    RawClient client{stub.port()};
    client.send("ab");
    EXPECT_EQ(client.bytes(2).text, "ab");
    client.send("cdef");
    const Read rest = client.all();
    EXPECT_EQ(rest.text, "cd");
    EXPECT_EQ(rest.end, End::closed);
}

TEST_F(StubTcpTest, ASilentOneReadsAndSaysNothing) {
    // 4 MB pass, which shows that it reads; nothing comes back.
    const Stub stub{"up", tcp_stub({.silent = true}), clock_};
    RawClient client{stub.port()};
    EXPECT_TRUE(client.send(std::string(4'000'000, 'x')));
    client.finish_sending();
    EXPECT_EQ(client.all().text, "");
}

}  // namespace
}  // namespace etimedout
