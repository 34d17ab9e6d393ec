// HTTP requests out of bytes.
#include "simulator/stream/request.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

using State = RequestReader::State;

// Feeds a text in pieces of so many bytes; returns what was left of it.
std::string feed_in_pieces(RequestReader& reader, std::string_view text, std::size_t piece) {
    std::string waiting;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto next = text.substr(at, piece);
        at += next.size();
        waiting += next;
        while (!waiting.empty()) {
            const auto taken = reader.feed(waiting);
            if (taken == 0) break;
            waiting.erase(0, taken);
        }
    }
    return waiting;
}

constexpr std::string_view post =
    "POST /pay?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Key: v\r\n\r\nhello";

TEST(RequestReaderTest, ARequestIsTheSameInAnyPieces) {
    // TCP keeps the order of bytes, not their grouping.
    for (std::size_t piece = 1; piece <= post.size(); ++piece) {
        RequestReader reader;
        EXPECT_EQ(feed_in_pieces(reader, post, piece), "");
        ASSERT_EQ(reader.state(), State::complete) << "in pieces of " << piece;
        EXPECT_EQ(reader.head().method, "POST");
        EXPECT_EQ(reader.head().target, "/pay?x=1");
        EXPECT_EQ(reader.head().path(), "/pay");
        EXPECT_EQ(*reader.head().header("x-key"), "v");
        EXPECT_TRUE(reader.head().keep_alive);
    }
}

TEST(RequestReaderTest, TheNextRequestIsLeftForTheNextReader) {
    // Pipelined requests stand right behind each other.
    RequestReader reader;
    const std::string two = std::string{post} + "GET /next HTTP/1.1\r\n\r\n";
    const std::string rest = feed_in_pieces(reader, two, two.size());
    EXPECT_EQ(rest, "GET /next HTTP/1.1\r\n\r\n");
}

TEST(RequestReaderTest, ItStopsBetweenHeadAndBody) {
    // A client that expects 100 sends no body before it is told to.
    RequestReader reader;
    const std::string head =
        "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(reader.feed(head), head.size());
    EXPECT_EQ(reader.state(), State::body);
    EXPECT_TRUE(reader.head().expects_continue);
    EXPECT_EQ(feed_in_pieces(reader, "3\r\nabc\r\n0\r\n\r\n", 2), "");
    EXPECT_EQ(reader.state(), State::complete);
}

TEST(RequestReaderTest, HttpTenClosesUnlessAskedNotTo) {
    // RFC 9112, 9.3: persistence is the default of 1.1 only.
    RequestReader old;
    feed_in_pieces(old, "GET / HTTP/1.0\r\n\r\n", 100);
    EXPECT_FALSE(old.head().keep_alive);
    RequestReader asked;
    feed_in_pieces(asked, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 100);
    EXPECT_TRUE(asked.head().keep_alive);
}

TEST(RequestReaderTest, WhatIsNoRequestIsMalformed) {
    // The first bytes of a TLS handshake are the usual mistake.
    RequestReader reader;
    feed_in_pieces(reader, std::string_view{"\x16\x03\x01\x02\x00\x01\r\n\r\n", 10}, 10);
    EXPECT_EQ(reader.state(), State::malformed);
    EXPECT_NE(reader.complaint(), "");
}

TEST(RequestReaderTest, AHeadWithoutEndIsMalformedAfter64KiB) {
    // Every buffer has a limit.
    RequestReader reader;
    std::string endless = "GET / HTTP/1.1\r\nX: ";
    endless.append(200U << 10U, 'x');
    feed_in_pieces(reader, endless, 1000);
    EXPECT_EQ(reader.state(), State::malformed);
}

TEST(PathTest, APatternIsExactOrAPrefix) {
    // `*` means something only at the end.
    EXPECT_TRUE(path_matches("/a", "/a"));
    EXPECT_FALSE(path_matches("/a", "/ab"));
    EXPECT_TRUE(path_matches("/a*", "/ab"));
    EXPECT_TRUE(path_matches("*", "/"));
    EXPECT_EQ((RequestHead{.target = "http://host:1/p/q?x"}).path(), "/p/q");
    EXPECT_EQ((RequestHead{.target = "http://host"}).path(), "/");
}

}  // namespace
}  // namespace etimedout
