// Facts at a link, each once held and once missed, and what cannot be seen there.
#include <gtest/gtest.h>

#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

Scenario two_calls() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {call_step("warm"), fault_step("silence"), call_step("c1")};
    return scenario;
}

// `warm` is answered over connection 1; then the upstream is silent: c1 asks over connection 1
// again, which the gateway closes after 30 s; it tries once more over connection 2 for 10 s.
LogBuilder silent_upstream(bool traced = true) {
    LogBuilder builder;
    builder.step(1, "warm", 1s, 1100ms).call("warm", 1s, 1100ms);
    builder.step(2, "silence", 1200ms, 1200ms).armed("silence", 1200ms);
    CallEnd end;
    end.outcome = "response";
    end.status = 504;
    builder.step(3, "c1", 2s, 42s).call("c1", 2s, 42s, end);
    builder.connection({.number = 1,
                        .began = 1s,
                        .established = 1001ms,
                        .closed = 32s,
                        .bytes = 500,
                        .last_byte = 2s});
    builder.connection({.number = 2,
                        .began = 32s,
                        .established = 32001ms,
                        .closed = 42s,
                        .retransmissions = 1,
                        .bytes = 300,
                        .last_byte = 32002ms});
    builder.request({.sent = 1002ms, .answered = 1050ms, .call = traced ? "warm/1" : ""});
    builder.request({.number = 2, .sent = 2s, .call = traced ? "c1/1" : ""});
    builder.request({.connection = 2, .sent = 32002ms, .call = traced ? "c1/1" : ""});
    return builder;
}

Finding at_up(Expectation expectation, const EventLog& log) {
    expectation.at = "up";
    return check_one(two_calls(), std::move(expectation), log);
}

TEST(LinkFacts, CountsAreOfTheWholeLinkWithoutACall) {
    // Two connections, three requests, one answer; the second request reuses its connection.
    const EventLog log = silent_upstream().end(45s);
    const auto counted = [&](const std::string& name) {
        return at_up({.counts = {{name, at_least<std::int64_t>(0)}}}, log).observed;
    };
    EXPECT_EQ(counted("attempts"), "2");
    EXPECT_EQ(counted("syns"), "2");
    EXPECT_EQ(counted("established"), "2");
    EXPECT_EQ(counted("requests"), "3");
    EXPECT_EQ(counted("responses"), "1");
    EXPECT_EQ(counted("in_flight"), "1");
    EXPECT_EQ(counted("retransmissions"), "1");
    EXPECT_EQ(counted("open"), "1");
    EXPECT_EQ(counted("reused"), "1");
    EXPECT_EQ(counted("datagrams"), "0");
    EXPECT_EQ(at_up({.bytes = exactly(Bytes{800})}, log).verdict, Verdict::pass);
    EXPECT_EQ(at_up({.bytes = at_most(Bytes{700})}, log).missed_by, "100 B too many");
}

TEST(LinkFacts, EachCountIsMissedByTooFewOrTooMany) {
    // One more and one less than there is of each.
    const EventLog log = silent_upstream().end(45s);
    for (const std::string name : {"attempts", "syns", "established", "requests", "responses",
                                   "in_flight", "retransmissions", "open", "reused", "datagrams"}) {
        const auto value =
            std::stoll(at_up({.counts = {{name, at_least<std::int64_t>(0)}}}, log).observed);
        const Finding same = at_up({.counts = {{name, count(value)}}}, log);
        EXPECT_EQ(same.verdict, Verdict::pass) << name << ": " << same.observed;
        const Finding few = at_up({.counts = {{name, count(value + 1)}}}, log);
        EXPECT_EQ(few.verdict, Verdict::fail) << name;
        EXPECT_EQ(few.missed_by, "1 too few");
        if (value == 0) continue;
        const Finding many = at_up({.counts = {{name, count(value - 1)}}}, log);
        EXPECT_EQ(many.verdict, Verdict::fail) << name;
        EXPECT_EQ(many.missed_by, "1 too many");
    }
}

TEST(LinkFacts, OfACallTakesItsTracedRequestsAndTheirConnections) {
    // c1 sent two requests, one of them on a connection that was already open.
    const EventLog log = silent_upstream().end(45s);
    const auto counted = [&](const std::string& name) {
        return at_up({.of = "c1", .counts = {{name, at_least<std::int64_t>(0)}}}, log).observed;
    };
    EXPECT_EQ(counted("requests"), "2");
    EXPECT_EQ(counted("attempts"), "1");
    EXPECT_EQ(counted("reused"), "1");
    EXPECT_EQ(counted("responses"), "0");
    EXPECT_EQ(at_up({.of = "c9", .counts = {{"requests", count(0)}}}, log).verdict, Verdict::error);
}

TEST(LinkFacts, OfACallGoesByTimeWhereNothingIsTraced) {
    // A health check passes while c1 runs; it is c1's unless it is ignored.
    LogBuilder builder = silent_upstream(false);
    builder.connection({.number = 3,
                        .began = 5s,
                        .established = 5s,
                        .closed = 6s,
                        .bytes = 100,
                        .client = "10.0.9.9:1234"});
    builder.request({.connection = 3, .sent = 5s, .answered = 5100ms, .path = "/health?deep=1"});
    const EventLog log = builder.end(45s);
    const auto requests = [&](Expectation expectation) {
        expectation.of = "c1";
        expectation.counts = {{"requests", at_least<std::int64_t>(0)}};
        return at_up(std::move(expectation), log).observed;
    };
    EXPECT_EQ(requests({}), "3");
    EXPECT_EQ(requests({.ignore_paths = {"/health"}}), "2");
    EXPECT_EQ(requests({.ignore_paths = {"/hea*"}}), "2");
    EXPECT_EQ(requests({.ignore_sources = {"10.0.9.9"}}), "2");
    const Finding attempts =
        at_up({.of = "c1", .ignore_paths = {"/health"}, .counts = {{"attempts", count(1)}}}, log);
    EXPECT_EQ(attempts.verdict, Verdict::pass) << attempts.observed;
}

TEST(LinkFacts, DuringAndSinceNarrowTheTime) {
    // Connection 1 began in `warm`, connection 2 after the fault.
    const EventLog log = silent_upstream().end(45s);
    EXPECT_EQ(at_up({.during = "warm", .counts = {{"attempts", count(1)}}}, log).verdict,
              Verdict::pass);
    EXPECT_EQ(at_up({.during = "c1", .counts = {{"requests", count(2)}}}, log).verdict,
              Verdict::pass);
    EXPECT_EQ(at_up({.since = "silence", .counts = {{"syns", count(1)}}}, log).verdict,
              Verdict::pass);
    EXPECT_EQ(at_up({.since = "nowhere", .counts = {{"syns", count(1)}}}, log).cause,
              ErrorCause::reference);
}

TEST(LinkFacts, RepeatedSynsAreOneAttempt) {
    // A blackholed connect: 3 SYNs of one 4-tuple, nothing comes back.
    Scenario scenario = gateway_scenario();
    scenario.steps = {call_step("c", "up")};
    CallEnd end;
    end.outcome = "connect_timeout";
    end.error = "ETIMEDOUT";
    const EventLog log = LogBuilder{}
                             .step(1, "c", 1s, 8s)
                             .call("c", 1s, 8s, end)
                             .connection({.began = 1s, .syn_times = {2s, 4s}})
                             .end(10s);
    const auto verdict = [&](const std::string& name, std::int64_t value) {
        return check_one(scenario, {.at = "up", .of = "c", .counts = {{name, count(value)}}}, log)
            .verdict;
    };
    EXPECT_EQ(verdict("attempts", 1), Verdict::pass);
    EXPECT_EQ(verdict("syns", 3), Verdict::pass);
    EXPECT_EQ(verdict("syns", 4), Verdict::fail);
    EXPECT_EQ(verdict("established", 0), Verdict::pass);
    EXPECT_EQ(verdict("requests", 0), Verdict::pass);
}

Finding closed(const ClosedBound& bound, const EventLog& log, const std::string& of = "c1") {
    return at_up({.of = of, .closed = bound}, log);
}

TEST(LinkFacts, WhoClosedHowAndWhen) {
    // The gateway closed connection 1 with FIN 30 s after the request, connection 2 after 10 s.
    const EventLog log = silent_upstream().end(45s);
    EXPECT_EQ(closed({.by = "gateway"}, log).verdict, Verdict::pass);
    EXPECT_EQ(closed({.by = "upstream"}, log).verdict, Verdict::fail);
    EXPECT_EQ(closed({.how = "fin"}, log).verdict, Verdict::pass);
    EXPECT_EQ(closed({.how = "rst"}, log).verdict, Verdict::fail);
    const auto after = [&](const std::string& text, const std::string& since,
                           const std::string& of) {
        return closed({.by = "gateway", .after = around(text), .since = since}, log, of);
    };
    // warm's connection only: 30.95 s after warm's own request.
    EXPECT_EQ(after("31s ±100ms", "request", "warm").verdict, Verdict::pass);
    EXPECT_EQ(after("31s ±100ms", "connect", "warm").verdict, Verdict::pass);
    EXPECT_EQ(after("30s ±100ms", "last_byte", "warm").verdict, Verdict::pass);
    EXPECT_EQ(after("30.8s ±100ms", "silence", "warm").verdict, Verdict::pass);
    EXPECT_EQ(after("30s ±100ms", "nowhere", "warm").cause, ErrorCause::reference);
    // Both of c1's must satisfy; the worst is reported.
    const Finding worst = after("30s ±100ms", "request", "c1");
    EXPECT_EQ(worst.verdict, Verdict::fail);
    EXPECT_EQ(worst.missed_by, "early by 19.90s");
    EXPECT_EQ(worst.evidence.front(), "1 of 2 connections missed it; this is the worst");
    EXPECT_EQ(worst.expected, "closed by gateway, 30s ±100ms after the request");
}

TEST(LinkFacts, AConnectionThatStaysOpenIsMissedOnceItWasWatchedLongEnough) {
    // Open from 1 s on: with 10 s watched, 5 s is missed, and of 60 s nothing can be said.
    const auto log = [] {
        return LogBuilder{}
            .call("c1", 1s, 2s)
            .connection({.began = 1s, .established = 1s})
            .end(11s);
    };
    const auto verdict = [&](const std::string& text) {
        return closed({.after = around(text)}, log());
    };
    EXPECT_EQ(verdict("5s").verdict, Verdict::fail);
    EXPECT_EQ(verdict("60s").verdict, Verdict::error);
    EXPECT_EQ(verdict("60s").cause, ErrorCause::unwatched);
    EXPECT_EQ(closed({.by = "gateway"}, LogBuilder{}.call("c1", 1s, 2s).end(5s)).observed,
              "there was no connection");
}

// Three requests of one call, answered 503 at once, 100 ms and 200 ms apart.
EventLog back_off(Duration watched = 3s) {
    LogBuilder builder;
    builder.step(1, "c1", 1s, 1330ms).call("c1", 1s, 1330ms);
    const std::vector<Duration> begins{1s, 1110ms, 1320ms};
    std::int64_t number = 0;
    for (const Duration begin : begins) {
        ++number;
        builder.connection({.number = number,
                            .began = begin,
                            .established = begin,
                            .closed = begin + 10ms,
                            .bytes = 100});
        builder.request({.connection = number,
                         .sent = begin,
                         .answered = begin + 10ms,
                         .status = 503,
                         .call = "c1/1",
                         .path = number == 3 ? "/c" : "/"});
    }
    return builder.end(1330ms + watched);
}

TEST(LinkFacts, RetriesAreCountedBeyondTheFirstWithGapsFromEndToBegin) {
    // Answered after 10 ms each; the next comes 100 ms, then 200 ms after that.
    const auto retries = [&](RetriesBound bound) {
        return at_up({.of = "c1", .retries = std::move(bound)}, back_off());
    };
    const std::vector<Bound<Duration>> gaps{around("100ms ±5%"), around("200ms ±5%")};
    for (const auto unit : {CountedUnit::requests, CountedUnit::connections}) {
        const Finding good = retries({.of = unit, .count = count(2), .gaps = gaps});
        EXPECT_EQ(good.verdict, Verdict::pass) << good.observed << good.missed_by;
        EXPECT_EQ(good.observed, "2, gaps 100.0ms, 200.0ms");
    }
    EXPECT_EQ(retries({.of = CountedUnit::requests, .count = count(3)}).missed_by, "1 too few");
    const Finding gap =
        retries({.of = CountedUnit::requests, .gaps = {around("100ms ±5%"), around("400ms ±5%")}});
    EXPECT_EQ(gap.missed_by, "gap 2 early by 180.0ms");
    EXPECT_EQ(retries({.of = CountedUnit::requests, .gaps = {gaps[0], gaps[1], gaps[1]}}).verdict,
              Verdict::fail);
    const Finding same = retries({.of = CountedUnit::requests, .same = {"method", "path"}});
    EXPECT_EQ(same.verdict, Verdict::fail);
    EXPECT_EQ(same.missed_by, "not the same: GET /; GET /c");
    const Finding none = at_up({.of = "c1", .retries = RetriesBound{.count = count(0)}},
                               LogBuilder{}.call("c1", 1s, 2s).end(5s));
    EXPECT_EQ(none.observed, "there was no first attempt");
}

TEST(LinkFacts, AnUpperBoundNeedsTheLogToGoOn) {
    // The last gap was 200 ms, so that 1 s is to be watched, or what `settle` says.
    const auto requests = [&](Duration watched, std::optional<Duration> settle) {
        return at_up({.of = "c1", .settle = settle, .counts = {{"requests", count(3)}}},
                     back_off(watched));
    };
    EXPECT_EQ(requests(1s, {}).verdict, Verdict::pass);
    EXPECT_EQ(requests(900ms, {}).verdict, Verdict::error);
    EXPECT_EQ(requests(900ms, {}).cause, ErrorCause::unwatched);
    EXPECT_EQ(requests(900ms, {}).advice, "write `settle: 1s`");
    EXPECT_EQ(requests(900ms, 500ms).verdict, Verdict::pass);
    EXPECT_EQ(requests(3s, 5s).verdict, Verdict::error);
    // A lower bound needs nothing of the kind.
    EXPECT_EQ(at_up({.of = "c1", .counts = {{"requests", at_least<std::int64_t>(3)}}}, back_off(0s))
                  .verdict,
              Verdict::pass);
}

TEST(LinkFacts, InAnyIsThePeakOfASlidingWindow) {
    // At 1000, 1110 and 1320 ms: two in any 250 ms, three in any 321 ms.
    const auto peak = [&](Duration window, std::int64_t most) {
        return at_up({.in_any = InAnyBound{window, at_most(most)}}, back_off());
    };
    EXPECT_EQ(peak(250ms, 2).verdict, Verdict::pass);
    EXPECT_EQ(peak(321ms, 2).verdict, Verdict::fail);
    EXPECT_EQ(peak(321ms, 2).observed, "3");
    EXPECT_EQ(peak(320ms, 2).verdict, Verdict::pass);
}

TEST(LinkFacts, InAnyCountsWhatItIsToldTo) {
    // Two requests over one connection.
    const EventLog log = LogBuilder{}
                             .connection({.began = 1s, .established = 1s, .bytes = 10})
                             .request({.sent = 1100ms, .answered = 1150ms, .path = "/a"})
                             .request({.sent = 1200ms, .answered = 1250ms, .path = "/b"})
                             .end(9s);
    const auto peak_of = [&](CountedUnit unit) {
        return at_up({.in_any = InAnyBound{1s, at_most(std::int64_t{5}), unit}}, log).observed;
    };
    EXPECT_EQ(peak_of(CountedUnit::requests), "2");
    EXPECT_EQ(peak_of(CountedUnit::connections), "1");
}

TEST(LinkFacts, RequestsThatCannotBeSeenAreAnErrorAndNeverAPass) {
    // 4 kB of TLS: no request is recognised, so that zero requests is not a fact.
    const EventLog log = LogBuilder{}
                             .call("c1", 1s, 2s)
                             .connection({.began = 1s, .established = 1s, .bytes = 4000})
                             .end(9s);
    for (const char* name : {"requests", "responses", "in_flight", "reused"}) {
        const Finding finding = at_up({.of = "c1", .counts = {{name, count(0)}}}, log);
        EXPECT_EQ(finding.verdict, Verdict::error) << name;
        EXPECT_EQ(finding.cause, ErrorCause::unseen);
    }
    EXPECT_EQ(at_up({.counts = {{"attempts", count(1)}}}, log).verdict, Verdict::pass);
    EXPECT_EQ(at_up({.retries = RetriesBound{.of = CountedUnit::requests, .count = count(0)}}, log)
                  .verdict,
              Verdict::error);
    EXPECT_EQ(closed({.after = around("5s"), .since = "request"}, log).verdict, Verdict::error);
}

TEST(LinkFacts, ACaptureThatLostPacketsOrIsMissingSaysNothing) {
    // A lost packet may have been the one that is counted.
    const EventLog lossy = LogBuilder{}.call("c1", 1s, 2s).end(9s, "ok", 3);
    EXPECT_EQ(at_up({.counts = {{"attempts", count(0)}}}, lossy).verdict, Verdict::error);
    const EventLog none;
    EXPECT_EQ(at_up({.counts = {{"attempts", count(0)}}}, none).verdict, Verdict::error);
    EXPECT_EQ(
        check_one(two_calls(), {.at = "nowhere", .counts = {{"syns", count(0)}}}, lossy).cause,
        ErrorCause::reference);
}

TEST(LinkFacts, DatagramsOfACallAreThoseInItsTime) {
    // One lookup in the call, one after it.
    LogBuilder builder;
    builder.call("c1", 1s, 2s);
    for (const Duration t : {1500ms, 2500ms}) {
        builder.put(t, Datagram{"up", "near", "udp", "10.0.1.1:5000", "10.0.1.2:53", 40});
        builder.put(t, Datagram{"up", "far", "udp", "10.0.1.1:5000", "10.0.1.2:53", 40});
    }
    const EventLog log = builder.end(9s);
    EXPECT_EQ(at_up({.of = "c1", .counts = {{"datagrams", count(1)}}}, log).verdict, Verdict::pass);
    EXPECT_EQ(at_up({.counts = {{"datagrams", count(2)}}}, log).verdict, Verdict::pass);
}

TEST(LinkFacts, InFlightAndOpenArePeaks) {
    // Three requests overlap in pairs; connections 1 and 2 are open together.
    LogBuilder builder;
    builder.call("c1", 1s, 9s);
    const std::vector<std::pair<Duration, Duration>> times{{1s, 3s}, {2s, 4s}, {3s, 5s}};
    std::int64_t number = 0;
    for (const auto& [from, to] : times) {
        ++number;
        builder.connection(
            {.number = number, .began = from, .established = from, .closed = to, .bytes = 10});
        builder.request({.connection = number, .sent = from, .answered = to});
    }
    const EventLog log = builder.end(12s);
    EXPECT_EQ(at_up({.counts = {{"in_flight", count(2)}}}, log).verdict, Verdict::pass);
    EXPECT_EQ(at_up({.counts = {{"open", count(2)}}}, log).verdict, Verdict::pass);
}

TEST(LinkFacts, WhatTheServerSentAgainIsCountedWhereItLeftTheServer) {
    // Two segments of a download are lost on the link and sent again. The near end sees each once;
    // the far end sees 3 and the client's own 1 is seen at both.
    LogBuilder log;
    const auto again = [&](Duration t, const char* end, const char* by, std::int64_t connection) {
        log.put(t, TcpEvent{.link = "up",
                            .end = end,
                            .connection = connection,
                            .what = "retransmission",
                            .by = by,
                            .retransmission = 1});
    };
    log.connection({.began = 1s, .established = 1s, .closed = 9s, .retransmissions = 2});
    log.put(1s, TcpEvent{.link = "up",
                         .end = "far",
                         .connection = 7,
                         .what = "syn",
                         .by = "client",
                         .client = "10.0.1.1:40000"});
    again(2s, "near", "client", 1);
    again(2s, "far", "client", 7);
    for (const Duration t : {3s, 4s, 5s}) again(t, "far", "server", 7);
    again(5s, "near", "server", 1);  // this one was not lost: its acknowledgement was
    log.call("c1", 900ms, 4500ms);
    const EventLog events = log.end(11s);
    const auto counted = [&](std::optional<std::string> during) {
        Expectation expectation{.at = "up", .counts = {{"retransmissions", count(4)}}};
        expectation.during = std::move(during);
        return check_one(gateway_scenario(), expectation, events).observed;
    };
    EXPECT_EQ(counted(std::nullopt), "4");
    EXPECT_EQ(counted("c1"), "3");
}

TEST(LinkFacts, GapsInTimeDoNotForgiveRequestsThatAreNotTheSame) {
    // The gap is 50 ms too long, and the machine stalled for 1 s; but another path was asked for.
    const auto verdict = [](const std::string& second) {
        LogBuilder log{"real"};
        log.connection({.began = 1s, .established = 1s, .closed = 9s});
        log.request({.sent = 2s, .answered = 3s, .path = "/a"});
        log.request({.number = 2, .sent = 4050ms, .answered = 5s, .path = second});
        log.put(3500ms, Stall{1s});
        Expectation expectation{.at = "up"};
        expectation.retries = RetriesBound{.of = CountedUnit::requests,
                                           .gaps = {at_most<Duration>(1s)},
                                           .same = {"method", "path"}};
        return check_one(gateway_scenario(), expectation, log.end(11s)).verdict;
    };
    EXPECT_EQ(verdict("/a"), Verdict::inconclusive);
    EXPECT_EQ(verdict("/b"), Verdict::fail);
}

}  // namespace
}  // namespace etimedout
