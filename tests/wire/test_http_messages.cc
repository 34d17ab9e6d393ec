// Captures to HTTP messages: when each began and ended, what it was, and whether all of it came.
#include <gtest/gtest.h>

#include "tests/wire/wire_fixture.hh"

namespace etimedout {
namespace {

using namespace test;
using Lines = std::vector<std::string>;

// The lines about HTTP alone.
Lines http_story(const CaptureBuilder& capture) {
    Lines lines;
    for (const std::string& line : story(capture)) {
        if (line.find(" request ") != std::string::npos ||
            line.find(" response ") != std::string::npos) {
            lines.push_back(line);
        }
    }
    return lines;
}

class HttpMessages : public ::testing::Test {
protected:
    HttpMessages() { talk_.handshake(0s); }
    CaptureBuilder capture_{};
    Talk talk_{capture_};
};

TEST_F(HttpMessages, TwoRequestsOnOneConnectionAreNumbered) {
    // Keep-alive: each response belongs to the request before it, and carries its call.
    talk_.client_sends(1s, ack, "GET /a?x=1 HTTP/1.1\r\nHost: h\r\nX-Etimedout-Call: c1/1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
    talk_.server_sends(3s, ack, "dy");
    talk_.client_sends(4s, ack, "POST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    talk_.client_sends(5s, ack, "abc");
    talk_.server_sends(6s, ack, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 GET /a?x=1, 0 bytes, complete 1s",
                                           "2s #1 response 1 200, 4 bytes, complete 3s",
                                           "4s #1 request 2 POST /b, 3 bytes, complete 5s",
                                           "6s #1 response 2 503, 0 bytes, complete 6s"}));
    const auto all = messages(capture_);
    EXPECT_EQ(all[0].call, "c1/1");
    EXPECT_EQ(all[1].call, "c1/1");
    EXPECT_EQ(all[2].call, "");
}

TEST_F(HttpMessages, ChunksAreCountedWithoutTheirFraming) {
    // An event stream: chunks over seconds, cut anywhere, then the end marker.
    talk_.client_sends(1s, ack, "GET / HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    talk_.server_sends(3s, ack, "lo\r");
    talk_.server_sends(4s, ack, "\n3;x=y\r\nabc\r\n0\r");
    talk_.server_sends(5s, ack, "\n\r\n");
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 8 bytes, complete 5s");
}

TEST_F(HttpMessages, AStreamWithoutItsEndMarkerIsCut) {
    // The connection closes in good order, but the last chunk never came.
    talk_.client_sends(1s, ack, "GET / HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk_.server_sends(3s, ack, "5\r\nhello\r\n");
    talk_.server_sends(4s, fin | ack);
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 5 bytes, cut 3s");
}

TEST_F(HttpMessages, ABodyShorterThanAnnouncedIsCut) {
    // Half an answer, then a reset.
    talk_.client_sends(1s, ack, "GET / HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    talk_.server_sends(3s, rst);
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 4 bytes, cut 2s");
}

TEST_F(HttpMessages, ABodyWithoutALengthEndsWithTheConnection) {
    // HTTP/1.0: the FIN is the end marker; without one it is cut.
    talk_.client_sends(1s, ack, "GET / HTTP/1.0\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.0 200 OK\r\n\r\nall ");
    talk_.server_sends(3s, ack, "of it");
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 9 bytes, cut 3s");
    talk_.server_sends(4s, fin | ack);
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 9 bytes, complete 3s");
}

TEST_F(HttpMessages, SomeResponsesHaveNoBodyWhateverTheySay) {
    // HEAD, 204 and 304 (RFC 9112 section 6.3); an interim response is not the answer.
    talk_.client_sends(1s, ack, "HEAD /a HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    talk_.client_sends(3s, ack, "GET /b HTTP/1.1\r\n\r\n");
    talk_.server_sends(4s, ack, "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n");
    talk_.client_sends(5s, ack,
                       "PUT /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    talk_.server_sends(6s, ack, "HTTP/1.1 100 Continue\r\n\r\n");
    talk_.client_sends(7s, ack, "ok");
    talk_.server_sends(8s, ack, "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 HEAD /a, 0 bytes, complete 1s",
                                           "2s #1 response 1 200, 0 bytes, complete 2s",
                                           "3s #1 request 2 GET /b, 0 bytes, complete 3s",
                                           "4s #1 response 2 304, 0 bytes, complete 4s",
                                           "5s #1 request 3 PUT /c, 2 bytes, complete 7s",
                                           "8s #1 response 3 204, 0 bytes, complete 8s"}));
}

TEST_F(HttpMessages, PipelinedRequestsAreApart) {
    // Two requests and a half in one segment, the answers in order.
    talk_.client_sends(1s, ack, "HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n\r\nGET /c HT");
    talk_.server_sends(2s, ack,
                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 HEAD /a, 0 bytes, complete 1s",
                                           "1s #1 request 2 GET /b, 0 bytes, complete 1s",
                                           "1s #1 request 3 GET , 0 bytes, cut 1s",
                                           "2s #1 response 1 200, 0 bytes, complete 2s",
                                           "2s #1 response 2 200, 2 bytes, complete 2s"}));
}

TEST_F(HttpMessages, AnAnswerBeforeTheRequestIsDoneStillBelongsToIt) {
    // 413 while the body is on its way.
    talk_.client_sends(1s, ack,
                       "POST / HTTP/1.1\r\nX-Etimedout-Call: big\r\nContent-Length: 100\r\n\r\nx");
    talk_.server_sends(2s, ack, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 POST /, 1 bytes, cut 1s",
                                           "2s #1 response 1 413, 0 bytes, complete 2s"}));
    EXPECT_EQ(messages(capture_)[1].call, "big");
}

TEST_F(HttpMessages, BytesMayComeOneByOne) {
    // A slow writer: every byte a segment; the first one's time is the message's.
    Duration t = 1s;
    for (const char c : std::string_view{"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"}) {
        talk_.client_sends(t, ack, {&c, 1});
        t += 1s;
    }
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 GET /slow, 0 bytes, complete 31s"}));
}

TEST_F(HttpMessages, SegmentsOutOfOrderMakeTheSameMessage) {
    // The middle comes last, and the end comes twice.
    const std::string request = "GET /order HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::uint32_t begin = talk_.client_next();
    const auto send = [&](Duration t, std::size_t from, std::size_t size) {
        talk_.client_next() = begin + static_cast<std::uint32_t>(from);
        talk_.client_sends(t, ack, request.substr(from, size));
    };
    send(1s, 0, 10);
    send(2s, 20, std::string::npos);
    send(3s, 20, std::string::npos);
    send(4s, 10, 10);
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 GET /order, 0 bytes, complete 4s"}));
}

TEST_F(HttpMessages, AHoleThatTheReceiverAcknowledgedEndsTheReading) {
    // The capture missed a segment; what follows cannot be told apart any more.
    talk_.client_sends(1s, ack, "GET / HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789");
    talk_.server_next() += 10;
    talk_.server_sends(3s, ack, "0123456789");
    talk_.client_sends(4s, ack);
    talk_.server_sends(5s, ack, "HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(http_story(capture_)[1], "2s #1 response 1 200, 10 bytes, cut 2s");
    EXPECT_EQ(http_story(capture_).size(), 2U);
}

TEST_F(HttpMessages, AfterAnUpgradeItIsNoLongerHttp) {
    // 101 is the last response; frames of a WebSocket follow.
    talk_.client_sends(1s, ack, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi");
    talk_.client_sends(3s, ack, "\x81\x82....");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 GET /ws, 0 bytes, complete 1s",
                                           "2s #1 response 1 101, 0 bytes, complete 2s"}));
}

TEST_F(HttpMessages, ATunnelIsNoLongerHttp) {
    // CONNECT and 200, whatever its header says about a body (RFC 9110 section 9.3.6).
    talk_.client_sends(1s, ack, "CONNECT h:443 HTTP/1.1\r\n\r\n");
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    talk_.client_sends(3s, ack, "\x16\x03\x01");
    talk_.server_sends(4s, ack, "\x16\x03\x03");
    EXPECT_EQ(http_story(capture_), (Lines{"1s #1 request 1 CONNECT h:443, 0 bytes, complete 1s",
                                           "2s #1 response 1 200, 0 bytes, complete 2s"}));
}

TEST(HttpDetection, WhatIsNotHttpGivesNothing) {
    // TLS, HTTP/2, Redis, SMTP, and garbage.
    for (const std::string_view client :
         {"\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "*1\r\n$4\r\nPING\r\n",
          "GET key\r\n", "EHLO there\r\n", "\r\n\r\n", "get / http/1.1\r\n\r\n"}) {
        for (const std::string_view server :
             {"220 mail ready\r\n", "+PONG\r\n", "HTTP/2 200\r\n"}) {
            CaptureBuilder capture;
            Talk talk{capture};
            talk.handshake(0s);
            talk.server_sends(1s, ack, server);
            talk.client_sends(2s, ack, client);
            EXPECT_TRUE(messages(capture).empty()) << client << " / " << server;
        }
    }
}

TEST(HttpDetection, ARequestThatStallsInItsFirstLineIsOneThatWasCut) {
    // A slow loris: the method is there, the rest never comes.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.client_sends(1s, ack, "GET /never-en");
    EXPECT_EQ(http_story(capture), (Lines{"1s #1 request 1 GET , 0 bytes, cut 1s"}));
}

}  // namespace
}  // namespace etimedout
