// What became of packets: dropped, lost, late, rejected, damaged; and what looks alike.
#include <gtest/gtest.h>

#include "tests/diagnose/story.hh"

namespace etimedout::testing {

namespace {

// SYNs at 0, 1, 2, 3 and 4 s, of which the far end sees those in `came`.
Story& syns(Story& story, const std::vector<int>& came) {
    for (int i = 0; i < 5; ++i) {
        story.packet("api", "near", 1s * i, "syn", "client", i);
        if (std::find(came.begin(), came.end(), i) != came.end()) {
            story.packet("api", "far", 1s * i + one_way, "syn", "client", 0);
        }
    }
    return story;
}

// Of a connection that another program has open, one segment each second crosses the link.
Story& other_traffic(Story& story, Duration from, Duration to) {
    story.handshake("api", from, 9);
    for (Duration t = from + 500ms; t < to; t += 1s) story.up("api", t, "retransmission", 1, 9);
    return story;
}

}  // namespace

TEST(DiagnoseLinks, FiveSynsOfWhichNoneComesOutWhileOthersDoAreAFirewalls) {
    Story story = Story::direct();
    story.call(0s, 5s, ended("connect_timeout"));
    other_traffic(syns(story, {}), 10ms, 5s);  // established, so not this call's
    EXPECT_EQ(verdict_of(story.end(10s)),
              "firewall, certain: packets to the callee are dropped without a word");
}

TEST(DiagnoseLinks, WhereNothingElseTriesAFirewallIsOnlyLikely) {
    // A link without carrier would look the same.
    Story story = Story::direct();
    story.call(0s, 5s, ended("connect_timeout"));
    syns(story, {});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "firewall, likely: packets to the callee are dropped without a word");
}

TEST(DiagnoseLinks, LossesBetweenArrivalsAreALossyLinks) {
    Story story = Story::direct();
    story.call(0s, 5s, ended("connect_timeout"));
    syns(story, {1, 3});
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::network);
}

TEST(DiagnoseLinks, OneLostSynIsNotEnough) {
    // The client gave up before the first retransmission, so nobody knows about the second.
    Story story = Story::direct();
    story.call(0s, 900ms, ended("connect_timeout"));
    story.packet("api", "near", 0s, "syn", "client");
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::not_enough_evidence);
}

TEST(DiagnoseLinks, LateIsNotLost) {
    // Three seconds each way: all SYNs arrive, behind the client's patience.
    Story story = Story::direct();
    story.call(0s, 2s, ended("connect_timeout"));
    for (int i = 0; i < 2; ++i) {
        story.packet("api", "near", 1s * i, "syn", "client", i);
        story.packet("api", "far", 1s * i + 3s, "syn", "client", i);
    }
    EXPECT_EQ(verdict_of(story.end(20s)),
              "latency and congestion, certain: the link is slow: packets arrive, but late");
}

TEST(DiagnoseLinks, DroppedSynAcksAreTheFirewallOfTheWayBack) {
    Story story = Story::direct();
    story.call(0s, 6s, ended("connect_timeout"));
    for (int i = 0; i < 5; ++i) {
        story.up("api", 1s * i, "syn", i);
        story.packet("api", "far", 1s * i + one_way, "syn_ack", "server", i);
    }
    EXPECT_EQ(verdict_of(story.end(10s)),
              "firewall, likely: the callee's answers are dropped without a word");
}

TEST(DiagnoseLinks, ARequestOnAnIdleConnectionThatVanishesWasForgotten) {
    Story story = Story::direct();
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
    story.call(600s, 610s, ended("first_byte_timeout"));
    story.request_near("api", 600s, 2);
    for (int i = 0; i < 5; ++i) {
        story.packet("api", "near", 600s + 200ms * (1 << i), "retransmission", "client", i + 1);
    }
    story.packet("api", "near", 610s, "fin", "client");
    EXPECT_EQ(verdict_of(story.end(620s)),
              "firewall, likely: something on the way has forgotten an idle connection");
}

TEST(DiagnoseLinks, LargeSegmentsThatVanishWhileTheFinPassesAreAnMtuBlackHole) {
    Story story = Story::direct();
    story.call(0s, 10s, ended("first_byte_timeout"));
    story.handshake("api", 0s).request_near("api", 1ms);
    for (int i = 0; i < 5; ++i) {
        story.packet("api", "near", 200ms * (1 << i), "retransmission", "client", i + 1);
    }
    story.fin("api", 10s);
    EXPECT_EQ(verdict_of(story.end(20s)),
              "latency and congestion, likely: large packets vanish, small ones pass: an MTU black "
              "hole");
}

TEST(DiagnoseLinks, AnIcmpErrorForASynThatNeverArrivedComesFromTheWay) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("unreachable", "EHOSTUNREACH"));
    story.packet("api", "near", 0s, "syn", "client");
    story.packet("api", "near", 50us, "icmp_error", "client");
    story.put(50us,
              Datagram{"api", "near", "unreachable/admin_prohibited", "10.1.1.1", "10.1.1.2", 40});
    EXPECT_EQ(verdict_of(story.end(2s)),
              "firewall, certain: something on the way rejects this connection");
}

TEST(DiagnoseLinks, HostUnreachableAfterThreeSecondsIsADeadHost) {
    // So long a router asks for the neighbour (FAULTS.md: 3.06 s).
    Story story = Story::direct();
    story.call(0s, 3060ms, ended("unreachable", "EHOSTUNREACH"));
    story.packet("api", "near", 0s, "syn", "client");
    story.packet("api", "near", 3060ms, "icmp_error", "client");
    story.put(3060ms, Datagram{"api", "near", "unreachable/host", "10.1.1.1", "10.1.1.2", 40});
    EXPECT_EQ(verdict_of(story.end(5s)),
              "service down or misconfigured, likely: the callee's host is not there");
}

TEST(DiagnoseLinks, DamagedPacketsAreCountedByWhoeverGetsThem) {
    Story story = Story::direct();
    story.call(0s, 5s, ended("connect_timeout"));
    syns(story, {}).counters("server", 0s, {{"TcpInCsumErrors", 0}});
    story.counters("server", 5s, {{"TcpInCsumErrors", 4}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "latency and congestion, certain: the link damages packets");
}

TEST(DiagnoseLinks, WhatIsSentAgainAndNotSeenHadNoCarrier) {
    Story story = Story::direct();
    story.call(0s, 9s, ended("first_byte_timeout"));
    story.handshake("api", 0s).request("api", 1ms);
    story.counters("server", 0s, {{"TcpRetransSegs", 0}});
    story.counters("server", 9s, {{"TcpRetransSegs", 5}});
    story.packet("api", "near", 9s, "fin", "client");
    EXPECT_EQ(verdict_of(story.end(10s)), "latency and congestion, likely: the link is down");
}

TEST(DiagnoseLinks, WhatIsSentAgainAndSeenHadOne) {
    // The same count, on the wire: the answers were dropped behind it.
    Story story = Story::direct();
    story.call(0s, 9s, ended("first_byte_timeout"));
    story.handshake("api", 0s).request("api", 1ms);
    story.packet("api", "far", 2ms, "first_data", "server");
    for (int i = 0; i < 5; ++i) {
        story.packet("api", "far", 200ms * (1 << i), "retransmission", "server", i + 1);
    }
    story.counters("server", 0s, {{"TcpRetransSegs", 0}});
    story.counters("server", 9s, {{"TcpRetransSegs", 5}});
    story.packet("api", "near", 9s, "fin", "client");
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::firewall);
}

TEST(DiagnoseLinks, AResetThatTheCalleeNeverSentWasPutThere) {
    Story story = Story::direct();
    story.call(0s, 2ms, ended("reset", "ECONNRESET"));
    story.handshake("api", 0s).request_near("api", 1ms);
    story.packet("api", "near", 2ms, "rst", "server");
    EXPECT_EQ(verdict_of(story.end(5s)),
              "firewall, certain: a reset was put into the connection on its way");
}

TEST(DiagnoseLinks, LossesInOneRowOfManyCallersAreAnOutage) {
    // Each gives up after its first SYN. Where one in between comes through, the link is lossy.
    for (const bool one_came : {false, true}) {
        Story story = Story::direct();
        for (int i = 0; i < 6; ++i) {
            story.packet("api", "near", 1s * i, "syn", "client", 0, i + 1);
            if (one_came && i == 3) {
                story.packet("api", "far", 1s * i + one_way, "syn", "client", 0, i + 1);
            }
        }
        story.call(0s, 500ms, ended("connect_timeout"));
        EXPECT_EQ(only(story.end(40s)).cause, one_came ? RootCause::network : RootCause::firewall);
    }
}

TEST(DiagnoseLinks, KeepAliveProbesInVainAreAForgottenConnection) {
    Story story = Story::direct();
    story.handshake("api", 0s).request("api", 1ms).response("api", 2ms, 200);
    story.call(0s, 25s, ended("failed", "ETIMEDOUT"));
    for (const Duration t : {10s, 15s, 20s}) {
        story.packet("api", "near", t, "keep_alive", "client");
    }
    story.packet("api", "near", 25s, "rst", "client");
    EXPECT_EQ(verdict_of(story.end(30s)),
              "firewall, likely: something on the way has forgotten an idle connection");
}

TEST(DiagnoseLinks, WhatTheCalleeHasSentAndNobodyGotIsHeldByTheLink) {
    Story story = Story::direct();
    story.call(0s, 20s, ended("idle_timeout")).handshake("api", 0s).request("api", 1ms);
    story.response("api", 2ms, 200, 1, 1, false).fin("api", 20s);
    for (const char* end : {"near", "far"}) {
        ConnectionSummary summary = story.summary("api", end);
        summary.closed = 20s;
        summary.closed_by = "client";
        summary.closed_how = "fin";
        summary.last_byte = 3ms;
        summary.bytes_down = std::string_view{end} == "near" ? 100 : 5000;
        story.put(21s, summary);
    }
    EXPECT_EQ(verdict_of(story.end(25s)),
              "latency and congestion, likely: the link holds back what the callee has sent");
}

TEST(DiagnoseLinks, ARequestsHeadThatPassesAndABodyThatDoesNotAreAnMtuBlackHole) {
    // Where most of it had passed before, something dropped the rest.
    for (const std::int64_t passed : {98, 14'000}) {
        Story story = Story::direct();
        story.call(0s, 20s, ended("write_timeout")).handshake("api", 0s);
        HttpMessage request = Story::get();
        request.complete = false;
        story.request("api", 1ms, request);
        for (int i = 0; i < 5; ++i) {
            story.packet("api", "near", 200ms + 1s * i, "retransmission", "client", i + 1);
        }
        for (const char* end : {"near", "far"}) {
            ConnectionSummary summary = story.summary("api", end);
            summary.bytes_up = std::string_view{end} == "near" ? 16'026 : passed;
            story.put(21s, summary);
        }
        EXPECT_EQ(only(story.end(25s)).cause,
                  passed == 98 ? RootCause::network : RootCause::firewall);
    }
}

TEST(DiagnoseLinks, AnotherConnectionThatRecoversMeanwhileMakesItTheLink) {
    // Its FIN is lost, sent again and passes, or passes at once.
    for (const bool was_lost : {true, false}) {
        Story story = Story::direct();
        story.handshake("api", 0s, 9);
        story.call(0s, 5s, ended("connect_timeout"));
        syns(story, {});
        if (was_lost) story.packet("api", "near", 500ms, "fin", "client", 0, 9);
        story.packet("api", "near", 1500ms, "fin", "client", was_lost ? 1 : 0, 9);
        story.packet("api", "far", 1500ms + one_way, "fin", "client", 0, 9);
        EXPECT_EQ(only(story.end(40s)).cause, was_lost ? RootCause::network : RootCause::firewall);
    }
}

TEST(DiagnoseLinks, AnAcknowledgedAnswerThatNeverComesOutWasKeptOnTheWay) {
    // Sent again it was not acknowledged, and something drops it.
    for (const bool sent_again : {false, true}) {
        Story story = Story::direct();
        story.call(0s, 5s, ended("first_byte_timeout")).handshake("api", 0s).request("api", 1ms);
        story.packet("api", "far", 2ms, "first_data", "server");
        story.message("api", "far", 2ms,
                      {.number = 1, .what = "response", .status = 200, .complete = true});
        for (int i = 0; sent_again && i < 4; ++i) {
            story.packet("api", "far", 1s + 1s * i, "retransmission", "server", i + 1);
        }
        EXPECT_EQ(only(story.fin("api", 5s).end(40s)).cause,
                  sent_again ? RootCause::firewall : RootCause::network);
    }
}

}  // namespace etimedout::testing
