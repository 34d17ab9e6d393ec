// Load balancers, proxies, APIs and streams; and what looks alike.
#include <gtest/gtest.h>

#include "tests/diagnose/story.hh"

namespace etimedout::testing {

namespace {

// A request through the gateway, which the upstream takes and never answers.
Story hung_upstream(Duration client_ends, CallEnd end) {
    Story story = Story::behind_gateway();
    story.call(0s, client_ends, std::move(end));
    story.handshake("front", 0s).request("front", 1ms);
    story.handshake("up", 2ms).request("up", 3ms);
    story.sockets("server", 1s, {{9000, 0, 511}}, 0);
    return story;
}

CallEnd stream_of(const std::string& outcome, const std::string& body) {
    CallEnd end = answered(200, {{"content-type", "text/event-stream"}});
    end.outcome = outcome;
    end.body = body;
    return end;
}

}  // namespace

TEST(DiagnoseGateways, AClientThatLeavesFirstHasTheLongerGatewayAsItsReason) {
    Story story = hung_upstream(3s, ended("first_byte_timeout"));
    story.fin("front", 3s).fin("up", 3s + 1ms);
    EXPECT_EQ(verdict_of(story.end(10s)),
              "load balancer or proxy, likely: the gateway waits longer for its upstream than its "
              "client does for it");
}

TEST(DiagnoseGateways, AGatewayThatGivesUpInTimeLeavesTheUpstreamAsTheReason) {
    Story story = hung_upstream(5s, answered(504));
    story.fin("up", 5s - 1ms).response("front", 5s - 500us, 504);
    EXPECT_EQ(verdict_of(story.end(10s)),
              "application bug, certain: the callee took the request and did not answer in time");
}

TEST(DiagnoseGateways, RetriesThatMultiplyAreTheGateways) {
    Story story = hung_upstream(6s, ended("total_timeout"));
    story.fin("up", 2s).handshake("up", 2s, 2).request("up", 2001ms, "/", 1, 2).fin("up", 4s, 2);
    story.handshake("up", 4s, 3).request("up", 4001ms, "/", 1, 3).fin("up", 6s, 3).fin("front", 6s);
    EXPECT_EQ(verdict_of(story.end(10s)),
              "load balancer or proxy, likely: retries of client and gateway multiply");
}

TEST(DiagnoseGateways, ADroppedUpstreamStaysAFirewallBehindAGateway) {
    Story story = Story::behind_gateway();
    story.call(0s, 5s, answered(504)).handshake("front", 0s).request("front", 1ms);
    for (int i = 0; i < 5; ++i) story.packet("up", "near", 2ms + 1s * i, "syn", "client", i);
    story.response("front", 5s - 1ms, 504);
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::firewall);
}

TEST(DiagnoseGateways, AnIdleConnectionThatEndsUnderARequestIsARace) {
    Story story = Story::direct();
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
    story.call(60s, 60s + 1ms, ended("closed_early"));
    story.down("api", 60s - 50us, "fin").request("api", 60s, "/", 2);
    EXPECT_EQ(verdict_of(story.end(65s)),
              "load balancer or proxy, certain: the callee ended an idle connection just when a "
              "request came");
}

TEST(DiagnoseGateways, AFreshConnectionThatEndsUnderARequestIsNone) {
    Story story = Story::direct();
    story.call(0s, 2ms, ended("closed_early"));
    story.handshake("api", 0s).request("api", 1ms).down("api", 2ms, "fin");
    EXPECT_EQ(only(story.end(5s)).cause, RootCause::application);
}

TEST(DiagnoseGateways, AFailedHealthCheckOfAServiceThatWorksIsTheBalancers) {
    Story story = Story::behind_gateway();
    HttpMessage probe{
        .number = 1, .what = "request", .method = "GET", .path = "/health", .complete = true};
    story.handshake("up", 0s).up("up", 1ms, "first_data").message("up", "near", 1ms, probe);
    story.response("up", 2ms, 500).fin("up", 3ms);
    story.call(10s, 10s + 2ms, answered(503));
    story.handshake("front", 10s).request("front", 10s + 1ms).response("front", 10s + 2ms, 503);
    EXPECT_EQ(verdict_of(story.end(12s)),
              "load balancer or proxy, likely: a health check took an upstream out that works");
}

TEST(DiagnoseGateways, RetryAfterIsAnApisWord) {
    for (const std::int64_t status : {429, 503, 529}) {
        Story story = Story::direct();
        story.call(0s, 2ms, answered(status, {{"retry-after", "7"}}));
        story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, status);
        EXPECT_EQ(only(story.end(5s)).cause, RootCause::api) << status;
    }
}

TEST(DiagnoseGateways, Status500IsAProgramsFailure) {
    Story story = Story::direct();
    story.call(0s, 2ms, answered(500));
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 500);
    EXPECT_EQ(verdict_of(story.end(5s)), "application bug, likely: the callee's program fails");
}

TEST(DiagnoseGateways, AStreamThatStallsIsTheApis) {
    Story story = Story::direct();
    story.call(0s, 20s, stream_of("idle_timeout", "data: one\n\n"));
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200, 1, 1, false);
    story.fin("api", 20s);
    EXPECT_EQ(verdict_of(story.end(25s)),
              "API and LLM gateway, likely: the stream stalled in the middle");
}

TEST(DiagnoseGateways, ADownloadThatStallsIsNot) {
    Story story = Story::direct();
    story.call(0s, 20s, ended("idle_timeout"));
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200, 1, 1, false);
    story.fin("api", 20s);
    EXPECT_EQ(only(story.end(25s)).cause, RootCause::application);
}

TEST(DiagnoseGateways, AnErrorEventIsTheApisThoughTheStatusIs200) {
    Story story = Story::direct();
    story.call(0s, 5ms, stream_of("response", "data: one\n\nevent: error\ndata: {}\n\n"));
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
    EXPECT_EQ(verdict_of(story.end(5s)),
              "API and LLM gateway, certain: an event of the stream is an error");
}

TEST(DiagnoseGateways, AStreamWithoutItsEndMarkerWasCut) {
    const std::string chunk = "data: {\"object\":\"chat.completion.chunk\"}\n\n";
    for (const bool whole : {false, true}) {
        Story story = Story::direct();
        story.call(0s, 5ms, stream_of("response", chunk + (whole ? "data: [DONE]\n\n" : "")));
        story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
        EXPECT_EQ(diagnose(story.end(5s)).size(), whole ? 0U : 1U);
    }
}

TEST(DiagnoseGateways, AModelThatIsSlowToBeginIsTheApis) {
    Story story = Story::direct();
    story.call(0s, 20s, ended("first_byte_timeout"));
    story.handshake("api", 0s).request("api", 1ms, "/v1/chat/completions").fin("api", 20s);
    EXPECT_EQ(verdict_of(story.end(25s)),
              "API and LLM gateway, likely: the first token did not come in time");
}

TEST(DiagnoseGateways, AHostThatHasForgottenItsConnectionsIsNoRace) {
    // Its kernel answers with a reset, alone; of what a program resets TcpEstabResets tells.
    for (const std::int64_t by_a_program : {0, 1}) {
        Story story = Story::direct();
        story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
        story.call(60s, 60s + 1ms, ended("reset")).request("api", 60s, "/", 2);
        story.down("api", 60s + one_way, "rst");
        story.counters("server", 0s, {{"TcpOutRsts", 0}, {"TcpEstabResets", 0}});
        story.counters("server", 61s, {{"TcpOutRsts", 1}, {"TcpEstabResets", by_a_program}});
        EXPECT_EQ(only(story.end(65s)).cause,
                  by_a_program == 0 ? RootCause::down : RootCause::proxy);
    }
}

TEST(DiagnoseGateways, AStreamOfWhichLessCameThanWentWasCut) {
    for (const std::int64_t came : {22, 73}) {
        Story story = Story::direct();
        CallEnd end = stream_of("response", "data: one\n\n");
        end.completeness = "silently_cut";
        story.call(0s, 5ms, std::move(end)).handshake("api", 0s).request("api", 1ms);
        HttpMessage answer{.number = 1, .what = "response", .status = 200, .complete = true};
        answer.body_bytes = 73;
        story.down("api", 2ms, "first_data").message("api", "far", 2ms, answer);
        answer.body_bytes = came;
        story.message("api", "near", 2ms + one_way, answer);
        const EventLog log = story.end(5s);
        const auto cases = diagnose(log);
        EXPECT_EQ(cases.size(), came < 73 ? 1U : 0U);
        for (const auto& one : cases) EXPECT_EQ(one.diagnosis.cause, RootCause::api);
    }
}

TEST(DiagnoseGateways, AGatewayThatAnswersAfterItsClientHasLeftWaitedTooLong) {
    Story story = hung_upstream(3s, ended("first_byte_timeout"));
    story.fin("front", 3s).fin("up", 8s).response("front", 8s + 1ms, 504);
    EXPECT_EQ(verdict_of(story.end(10s)),
              "load balancer or proxy, likely: the gateway waits longer for its upstream than its "
              "client does for it");
}

TEST(DiagnoseGateways, WhatAProgramDoesNotSayOfItsStreamWasOnTheWire) {
    for (const bool error : {true, false}) {
        Story story = Story::direct();
        CallEnd end = ended("failed");
        end.standard_output = "12 tokens";
        story.call(0s, 5ms, std::move(end), "exec").handshake("api", 0s);
        story.request("api", 1ms, "/v1/messages");
        HttpMessage answer{.number = 1, .what = "response", .status = 200, .complete = true};
        answer.stream = StreamSeen{.last_type = error ? "error" : "message_stop"};
        story.down("api", 2ms, "first_data").message("api", "far", 2ms, answer);
        story.message("api", "near", 2ms + one_way, answer);
        EXPECT_EQ(only(story.end(5s)).cause,
                  error ? RootCause::api : RootCause::not_enough_evidence);
    }
}

TEST(DiagnoseGateways, AnUpgradedConnectionThatItsGatewayEndsIsTheGateways) {
    for (const bool upstream_first : {false, true}) {
        Story story = Story::behind_gateway();
        story.call(0s, 60s, ended("failed"), "exec").handshake("front", 0s).request("front", 1ms);
        story.handshake("up", 2ms).request("up", 3ms).response("up", 4ms, 101);
        story.response("front", 5ms, 101);
        if (upstream_first) story.down("up", 59s, "fin");
        story.down("front", 60s, "fin");
        EXPECT_EQ(only(story.end(65s)).cause,
                  upstream_first ? RootCause::not_enough_evidence : RootCause::proxy);
    }
}

TEST(DiagnoseGateways, A503OfAGatewayIsNotAnApisWord) {
    // Varnish puts a Retry-After into the 503 by which it tells of its backend.
    Story story = hung_upstream(5s, answered(503, {{"retry-after", "5"}}));
    story.fin("up", 5s - 1ms).response("front", 5s - 500us, 503);
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::application);
}

TEST(DiagnoseGateways, ARequestThatWaitsInAGatewaysQueueIsOverload) {
    // Another call holds the slot. Where this one was passed on, its upstream is the reason.
    for (const bool passed_on : {false, true}) {
        Story story = Story::behind_gateway();
        story.call(0s, 3s, ended("first_byte_timeout")).handshake("front", 0s);
        story.handshake("up", 0s, 2).request("up", 1ms, Story::get("/", 1, "d/1"), 2);
        story.request("front", 1ms).sockets("gateway", 1s, {{8080, 0, 511}}, 0);
        if (passed_on) story.handshake("up", 2ms).request("up", 3ms).response("up", 5s, 200);
        story.fin("front", 3s);
        EXPECT_EQ(only(story.end(10s)).cause, passed_on ? RootCause::proxy : RootCause::overload);
    }
}

}  // namespace etimedout::testing
