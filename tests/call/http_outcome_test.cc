// From what curl knows to one word, case by case.
#include "harness/call/http_outcome.hh"

#include <cerrno>

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

namespace etimedout {
namespace {

HttpRequest get() {
    HttpRequest request;
    request.url = "http://a/";
    request.method = "GET";
    return request;
}

HttpExchange failed(int code, int error_number = 0) {
    HttpExchange exchange;
    exchange.code = code;
    exchange.error_number = error_number;
    return exchange;
}

HttpExchange answered(int code, std::map<std::string, std::string> headers) {
    HttpExchange exchange = failed(code);
    exchange.request_begun = true;
    exchange.status = 200;
    exchange.headers = std::move(headers);
    exchange.flow.arrived(1s);
    return exchange;
}

std::string words(const HttpRequest& request, const HttpExchange& exchange) {
    const HttpOutcome seen = outcome_of(request, exchange);
    return seen.outcome + " " + seen.error + " " + seen.completeness;
}

TEST(HttpOutcomeTest, AnAnswerIsCompleteIfItsEndCanBeTold) {
    // Length and chunks tell; the end of the connection does not.
    EXPECT_EQ(words(get(), answered(CURLE_OK, {{"content-length", "3"}})), "response  complete");
    EXPECT_EQ(words(get(), answered(CURLE_OK, {{"transfer-encoding", "chunked"}})),
              "response  complete");
    EXPECT_EQ(words(get(), answered(CURLE_OK, {})), "response  silently_cut");
    HttpRequest head = get();
    head.method = "HEAD";
    EXPECT_EQ(words(head, answered(CURLE_OK, {})), "response  complete");
}

TEST(HttpOutcomeTest, OnlyTheKernelsTimeoutHasAnErrno) {
    // curl has one code for both.
    EXPECT_EQ(words(get(), failed(CURLE_OPERATION_TIMEDOUT, ETIMEDOUT)),
              "connect_timeout ETIMEDOUT ");
    EXPECT_EQ(words(get(), failed(CURLE_OPERATION_TIMEDOUT)), "connect_timeout  ");
    // The first of two addresses had refused.
    EXPECT_EQ(words(get(), failed(CURLE_OPERATION_TIMEDOUT, ECONNREFUSED)), "connect_timeout  ");
}

TEST(HttpOutcomeTest, AConnectThatFailsHasTheKernelsReason) {
    // FAULTS, section 2.
    EXPECT_EQ(words(get(), failed(CURLE_COULDNT_CONNECT, ECONNREFUSED)),
              "connect_refused ECONNREFUSED ");
    EXPECT_EQ(words(get(), failed(CURLE_COULDNT_CONNECT, EHOSTUNREACH)),
              "unreachable EHOSTUNREACH ");
    EXPECT_EQ(words(get(), failed(CURLE_COULDNT_CONNECT, EADDRNOTAVAIL)),
              "unreachable EADDRNOTAVAIL ");
}

TEST(HttpOutcomeTest, ATimeoutIsNamedAfterThePhaseItEnds) {
    // Connecting, TLS, sending, waiting, receiving.
    HttpRequest tls = get();
    tls.url = "https://a/";
    HttpExchange exchange = failed(CURLE_OPERATION_TIMEDOUT);
    exchange.connect = 1ms;
    EXPECT_EQ(words(tls, exchange), "tls_timeout  ");
    exchange.request_begun = true;
    EXPECT_EQ(words(get(), exchange), "first_byte_timeout  ");
    HttpRequest upload = get();
    upload.body_size = 10;
    exchange.sent = 9;
    EXPECT_EQ(words(upload, exchange), "write_timeout  ");
    exchange.status = 200;
    exchange.flow.arrived(1s);
    exchange.flow.arrived(2s);
    exchange.end = 3s;
    EXPECT_EQ(words(get(), exchange), "total_timeout  cut");
    exchange.end = 5s;
    EXPECT_EQ(words(get(), exchange), "idle_timeout  cut");
}

TEST(HttpOutcomeTest, AnAnswerThatEndsTooEarlyIsCut) {
    // A stream's reader calls that an abort, whatever ended it.
    EXPECT_EQ(words(get(), answered(CURLE_PARTIAL_FILE, {{"content-length", "9"}})),
              "closed_early  cut");
    EXPECT_EQ(words(get(), answered(CURLE_PARTIAL_FILE, {{"transfer-encoding", "chunked"}})),
              "stream_aborted  cut");
    HttpExchange events = answered(CURLE_RECV_ERROR, {{"content-type", "text/event-stream"}});
    events.error_number = ECONNRESET;
    EXPECT_EQ(words(get(), events), "stream_aborted ECONNRESET cut");
    HttpExchange reset = answered(CURLE_RECV_ERROR, {{"content-length", "9"}});
    reset.error_number = ECONNRESET;
    EXPECT_EQ(words(get(), reset), "reset ECONNRESET cut");
}

TEST(HttpOutcomeTest, NoAnswerIsAResetOrAnEarlyClose) {
    // A FIN and a RST differ.
    EXPECT_EQ(words(get(), failed(CURLE_GOT_NOTHING)), "closed_early  ");
    EXPECT_EQ(words(get(), failed(CURLE_RECV_ERROR, ECONNRESET)), "reset ECONNRESET ");
    EXPECT_EQ(words(get(), failed(CURLE_SEND_ERROR, EPIPE)), "reset EPIPE ");
    HttpExchange under_tls = failed(CURLE_RECV_ERROR);
    under_tls.tcp_state = TCP_CLOSE_WAIT;
    EXPECT_EQ(words(get(), under_tls), "closed_early  ");
    under_tls.tcp_state = TCP_CLOSE;
    EXPECT_EQ(words(get(), under_tls), "reset ECONNRESET ");
}

TEST(HttpOutcomeTest, AConnectionThatDiedIdleIsNotRetried) {
    // curl's second connect was refused to it; the first one's end is what counts.
    HttpExchange lost = failed(CURLE_COULDNT_CONNECT);
    lost.request_begun = lost.lost_reused = true;
    lost.tcp_state = TCP_CLOSE_WAIT;
    EXPECT_EQ(words(get(), lost), "closed_early  ");
    lost.tcp_state = TCP_CLOSE;
    EXPECT_EQ(words(get(), lost), "reset ECONNRESET ");
}

TEST(HttpOutcomeTest, TheKernelGivingUpOnAConnectionIsATimeout) {
    // tcp_retries2 or TCP_USER_TIMEOUT: no timer of the application.
    EXPECT_EQ(words(get(), failed(CURLE_RECV_ERROR, ETIMEDOUT)), "first_byte_timeout ETIMEDOUT ");
    EXPECT_EQ(words(get(), failed(CURLE_SEND_ERROR, ETIMEDOUT)), "write_timeout ETIMEDOUT ");
    HttpExchange later = answered(CURLE_RECV_ERROR, {{"content-length", "9"}});
    later.error_number = ETIMEDOUT;
    EXPECT_EQ(words(get(), later), "idle_timeout ETIMEDOUT cut");
}

TEST(HttpOutcomeTest, TheHarnesssPatienceComesBeforeAll) {
    // Nothing has ended.
    HttpExchange exchange = failed(CURLE_OK);
    exchange.gave_up = true;
    EXPECT_EQ(words(get(), exchange), "never_ended  ");
}

TEST(HttpOutcomeTest, WhatNoWordIsForHasFailed) {
    // Garbage with the connection still there.
    EXPECT_EQ(words(get(), failed(CURLE_WEIRD_SERVER_REPLY)), "failed  ");
    EXPECT_EQ(words(get(), failed(CURLE_RECV_ERROR)), "failed  ");
    EXPECT_EQ(words(get(), failed(CURLE_SSL_CONNECT_ERROR)), "tls_failure  ");
}

}  // namespace
}  // namespace etimedout
