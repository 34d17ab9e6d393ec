// What the callee's kernel counted, its sockets held and its program did; and what looks alike.
#include <gtest/gtest.h>

#include "tests/diagnose/story.hh"

namespace etimedout::testing {

namespace {

// Five SYNs that come to the callee, and no answer.
Story unanswered_syns() {
    Story story = Story::direct();
    story.call(0s, 5s, ended("connect_timeout"));
    for (int i = 0; i < 5; ++i) story.up("api", 1s * i, "syn", i);
    return story;
}

// A request that is acknowledged and not answered for five seconds.
Story unanswered_request() {
    Story story = Story::direct();
    story.call(0s, 5s, ended("first_byte_timeout"));
    story.handshake("api", 0s).request("api", 1ms);
    return story;
}

Story& client_leaves(Story& story) { return story.fin("api", 5s); }

}  // namespace

TEST(DiagnoseCallees, OverflowsAndAFullQueueAreOverload) {
    Story story = unanswered_syns();
    story.counters("server", 0s, {{"TcpExtListenOverflows", 3}});
    story.sockets("server", 0s, {{80, 512, 511}});
    story.counters("server", 5s, {{"TcpExtListenOverflows", 8}, {"TcpInSegs", 5}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "server overload, certain: the callee's accept queue is full");
}

TEST(DiagnoseCallees, AShortQueueThatIsServedIsAKernelLimit) {
    // The same counter, but the queue holds two and is found empty in between.
    Story story = unanswered_syns();
    story.counters("server", 0s, {{"TcpExtListenOverflows", 3}});
    story.sockets("server", 0s, {{80, 2, 1}}).sockets("server", 2s, {{80, 0, 1}});
    story.counters("server", 5s, {{"TcpExtListenOverflows", 8}, {"TcpInSegs", 5}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "kernel limits, likely: the accept queue is too short for the bursts it gets");
}

TEST(DiagnoseCallees, AFullSynQueueHasACounterOfItsOwn) {
    Story story = unanswered_syns();
    story.counters("server", 0s, {{"TcpExtTCPReqQFullDrop", 0}});
    story.counters("server", 5s, {{"TcpExtTCPReqQFullDrop", 5}, {"TcpExtListenDrops", 5}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "server overload, certain: the callee's SYN queue is full");
}

TEST(DiagnoseCallees, SynsThatTcpNeverCountedFellToTheHostsOwnFilter) {
    Story story = unanswered_syns();
    story.counters("server", 0s, {{"TcpInSegs", 7}}).counters("server", 5s, {{"IpInReceives", 12}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "firewall, likely: the callee's own packet filter drops SYNs");
}

TEST(DiagnoseCallees, SynsThatTcpCountedWithoutAnyReasonAreNotEnough) {
    Story story = unanswered_syns();
    story.counters("server", 0s, {{"TcpInSegs", 7}}).counters("server", 5s, {{"TcpInSegs", 12}});
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::not_enough_evidence);
}

TEST(DiagnoseCallees, AResetOfTheCalleeWithoutAListenerIsADeadService) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("connect_refused", "ECONNREFUSED"));
    story.sockets("server", 0s, {});
    story.up("api", 0s, "syn").down("api", one_way, "rst");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "service down or misconfigured, certain: nobody listens there");
}

TEST(DiagnoseCallees, AListenerOnAnotherPortIsAWrongPort) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("connect_refused", "ECONNREFUSED"));
    story.sockets("server", 0s, {{8080, 0, 511}});
    story.up("api", 0s, "syn").down("api", one_way, "rst");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "service down or misconfigured, certain: nobody listens on this port");
}

TEST(DiagnoseCallees, AListenerOnThatPortIsBoundElsewhere) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("connect_refused", "ECONNREFUSED"));
    story.sockets("server", 0s, {{80, 0, 511}});
    story.up("api", 0s, "syn").down("api", one_way, "rst");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "service down or misconfigured, likely: the service does not listen at this address");
}

TEST(DiagnoseCallees, AResetOfAFirewallLeavesNoSynAtTheCallee) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("connect_refused", "ECONNREFUSED"));
    story.packet("api", "near", 0s, "syn", "client").packet("api", "near", 50us, "rst", "server");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "firewall, certain: something on the way refuses in the callee's name");
}

TEST(DiagnoseCallees, UnreadBytesAreAProgramThatDoesNotRun) {
    Story story = unanswered_request();
    story.sockets("server", 1s, {{80, 0, 511}}, 72);
    EXPECT_EQ(verdict_of(client_leaves(story).end(10s)),
              "server overload, likely: the callee's program gets no time to read: paused, starved "
              "or blocked");
}

TEST(DiagnoseCallees, ReadAndNotAnsweredIsTheProgramsFault) {
    Story story = unanswered_request();
    story.sockets("server", 1s, {{80, 0, 511}}, 0);
    EXPECT_EQ(verdict_of(client_leaves(story).end(10s)),
              "application bug, certain: the callee took the request and did not answer in time");
}

TEST(DiagnoseCallees, AConnectionThatWaitsForAcceptIsOverload) {
    Story story = unanswered_request();
    story.sockets("server", 1s, {{80, 1, 511}}, 0);
    EXPECT_EQ(only(client_leaves(story).end(10s)).cause, RootCause::overload);
}

TEST(DiagnoseCallees, TooManyOpenFilesInTheLogIsOverload) {
    Story story = unanswered_request();
    story.line("server", 1s, "accept4() failed (24: Too many open files)");
    EXPECT_EQ(verdict_of(client_leaves(story).end(10s)),
              "server overload, certain: the callee has no free file descriptor");
}

TEST(DiagnoseCallees, AProgramThatEndedInTheMiddleIsDown) {
    Story story = unanswered_request();
    story.put(0s, ProcessBegin{"server", "serve"});
    story.put(5s, ProcessEnd{"server", 137, true}).down("api", 5s, "fin");
    EXPECT_EQ(verdict_of(story.end(10s)),
              "service down or misconfigured, certain: the callee's program ended in the middle");
}

TEST(DiagnoseCallees, AProgramThatClosesAndRunsOnHasABug) {
    Story story = unanswered_request();
    story.put(0s, ProcessBegin{"server", "serve"}).down("api", 2s, "fin");
    story.put(11s, ProcessEnd{"server", 143, true});  // with the world
    EXPECT_EQ(verdict_of(story.end(12s)),
              "application bug, likely: the callee closed the connection without an answer");
}

TEST(DiagnoseCallees, ProbesOfAClosedWindowAreAFullBuffer) {
    Story story = unanswered_request();
    story.packet("api", "near", 1s, "window_probe", "client");
    story.packet("api", "near", 2s, "window_probe", "client");
    EXPECT_EQ(
        verdict_of(client_leaves(story).end(10s)),
        "kernel limits, likely: the callee's receive buffer is full, and it does not read on");
}

TEST(DiagnoseCallees, TheFinOfACallerWhoLeftIsNotUnread) {
    // It is one byte of Recv-Q for as long as the program keeps the connection.
    for (const std::int64_t bytes : {1, 73}) {
        Story story = unanswered_request();
        story.put(6s, Sockets{.node = "server",
                              .states = {{"CLOSE-WAIT", 1}},
                              .listeners = {{80, 0, 511}},
                              .receive_queue = bytes});
        story.put(7s, Sockets{.node = "server", .states = {}, .listeners = {{80, 0, 511}}});
        story.handshake("api", 5500ms, 2);
        story.call(5500ms, 9s, ended("first_byte_timeout"), "http", "d");
        story.request("api", 5600ms, Story::get("/", 1, "d/1"), 2).fin("api", 9s, 2);
        const auto cases = diagnose(client_leaves(story).end(12s));
        ASSERT_EQ(cases.size(), 2U);
        EXPECT_EQ(cases[1].diagnosis.cause,
                  bytes == 1 ? RootCause::application : RootCause::overload);
    }
}

TEST(DiagnoseCallees, AProgramThatEndsWithTheWorldHadNoPartInIt) {
    // Nobody closes the connection, so that all of the log is its time.
    Story story = unanswered_request();
    story.put(0s, ProcessBegin{"server", "serve"}).sockets("server", 1s, {{80, 0, 511}}, 0);
    story.put(9s, ProcessEnd{"server", 143, true});
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::application);
}

TEST(DiagnoseCallees, AnAnswerToSomebodyWhoHasLeftIsNone) {
    Story story = unanswered_request();
    story.sockets("server", 1s, {{80, 0, 511}}, 0).response("api", 8s, 200);
    EXPECT_EQ(verdict_of(client_leaves(story).end(10s)),
              "application bug, likely: the callee took the request and did not answer in time");
}

TEST(DiagnoseCallees, AnAnswerThatWaitedForOthersIsOverload) {
    Story story = unanswered_request();
    story.sockets("server", 1s, {{80, 0, 511}}, 0);
    for (const std::int64_t other : {2, 3}) {
        story.handshake("api", 0s, other);
        story.request("api", 500us, Story::get("/", 1, "other/1"), other);
        story.response("api", 2s * other - 2s, 200, 1, other);
    }
    story.response("api", 8s, 200);
    EXPECT_EQ(verdict_of(client_leaves(story).end(10s)),
              "server overload, likely: the callee's workers are busy with others");
}

TEST(DiagnoseCallees, AShortQueueMayBeSeenOnlyWhenTheBurstIsOver) {
    // One SYN of a burst; the first sample is that of the call's end.
    Story story = Story::direct();
    story.call(0s, 700ms, ended("connect_timeout")).up("api", 0s, "syn");
    story.counters("server", 0s, {{"TcpInSegs", 0}});
    story.counters("server", 701ms, {{"TcpExtListenOverflows", 8}, {"TcpInSegs", 30}});
    story.sockets("server", 701ms, {{80, 0, 1}});
    EXPECT_EQ(verdict_of(story.end(10s)),
              "kernel limits, likely: the accept queue is too short for the bursts it gets");
}

TEST(DiagnoseCallees, AServerThatWaitsForTheRestOfARequestIsNotCertainlyToBlame) {
    Story story = Story::direct();
    story.call(0s, 5s, ended("closed_early")).handshake("api", 0s);
    HttpMessage request = Story::get();
    request.complete = false;
    story.request("api", 1ms, request);
    story.put(0s, ProcessBegin{"server", "serve"}).down("api", 5s, "fin");
    EXPECT_EQ(verdict_of(story.end(10s)),
              "application bug, likely: the callee closed the connection without an answer");
}

TEST(DiagnoseCallees, ARestartAfterItsCallerHasLeftHadNoPartInIt) {
    Story story = unanswered_request();
    story.put(0s, ProcessBegin{"server", "serve"}).sockets("server", 1s, {{80, 0, 511}}, 0);
    story.put(5s + 1ms, ProcessEnd{"server", 143, true});
    EXPECT_EQ(only(client_leaves(story).end(10s)).cause, RootCause::application);
}

}  // namespace etimedout::testing
