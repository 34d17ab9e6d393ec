// What a stub answers, before a byte is sent.
#include "simulator/stub/answer.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

TEST(AnswerTest, TheLongestRouteWinsAndAnExactOneBeforeAPrefix) {
    // /a/b is nearer to /a/b than /a/b* is, and that nearer than /a*.
    StubSpec spec;
    spec.all.status = 404;
    spec.routes["/a*"].status = 201;
    spec.routes["/a/b*"].status = 202;
    spec.routes["/a/b"].status = 203;
    const auto status = [&](const std::string& target) {
        return route_for(spec, RequestHead{.target = target}).status;
    };
    EXPECT_EQ(status("/a/b?q"), 203);
    EXPECT_EQ(status("/a/bc"), 202);
    EXPECT_EQ(status("/a"), 201);
    EXPECT_EQ(status("/"), 404);
}

TEST(AnswerTest, EveryLineOfThePatternBeginsWithItsOffset) {
    // Any part of it can be made without the part before.
    const BodySource body{{}, 1000, true};
    const std::string whole = body.bytes(0, 1000);
    ASSERT_EQ(whole.size(), 1000U);
    EXPECT_EQ(whole.substr(128, 13), "000000000128 ");
    EXPECT_EQ(whole.at(63), '\n');
    EXPECT_EQ(body.bytes(77, 200), whole.substr(77, 200));
    EXPECT_EQ(body.bytes(990, 200), whole.substr(990));
}

TEST(AnswerTest, TheDefaultHeadIsTheSameAtTheSameTime) {
    // Nothing in it depends on the machine; the date is the world's.
    const WorldClock clock;
    const RenderedHead head = render_head(answer_of(StubRoute{}), RequestHead{}, clock);
    EXPECT_EQ(head.framing, Framing::length);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_TRUE(head.text.starts_with("HTTP/1.1 200 OK\r\nServer: etimedout\r\nDate: "));
    EXPECT_TRUE(
        head.text.ends_with(" GMT\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n"));
    EXPECT_EQ(http_date(1'767'225'600'000'000'000), "Thu, 01 Jan 2026 00:00:00 GMT");
}

TEST(AnswerTest, AHeaderOfTheScenarioReplacesTheStubsOwn) {
    // Names are compared without regard to case (RFC 9110, 5.1).
    const WorldClock clock;
    StubRoute route;
    route.headers = {{"content-type", "text/event-stream"}, {"Content-Length", ""}};
    const RenderedHead head = render_head(answer_of(route), RequestHead{}, clock);
    EXPECT_NE(head.text.find("Content-Type: text/event-stream\r\n"), std::string::npos);
    EXPECT_EQ(head.text.find("Content-Length"), std::string::npos);
    EXPECT_NE(head.text.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(head.framing, Framing::until_close);
    EXPECT_FALSE(head.keep_alive);
}

TEST(AnswerTest, AnOldClientGetsNoChunks) {
    // HTTP/1.0 does not know them (RFC 9112, 6.1): its body ends with the connection.
    const WorldClock clock;
    StubRoute route;
    route.chunked = true;
    RequestHead old;
    old.version = 10;
    EXPECT_EQ(render_head(answer_of(route), old, clock).framing, Framing::until_close);
    EXPECT_EQ(render_head(answer_of(route), RequestHead{}, clock).framing, Framing::chunked);
}

TEST(AnswerTest, AnswersWithoutBodyAnnounceTheirLengthOnlyToHead) {
    // RFC 9110, 9.3.2 and 15.3.5.
    const WorldClock clock;
    RequestHead head_request;
    head_request.method = "HEAD";
    const RenderedHead head = render_head(answer_of(StubRoute{}), head_request, clock);
    EXPECT_EQ(head.framing, Framing::none);
    EXPECT_NE(head.text.find("Content-Length: 3\r\n"), std::string::npos);
    StubRoute empty;
    empty.status = 204;
    const RenderedHead none = render_head(answer_of(empty), RequestHead{}, clock);
    EXPECT_EQ(none.framing, Framing::none);
    EXPECT_EQ(none.text.find("Content-Length"), std::string::npos);
}

}  // namespace
}  // namespace etimedout
