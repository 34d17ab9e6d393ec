// Facts at a node and at a fault, each once held and once missed.
#include <gtest/gtest.h>

#include "harness/expect/counter_names.hh"
#include "tests/expect/log_builder.hh"

namespace etimedout {
namespace {

using namespace testing;

Scenario call_in_silence() {
    Scenario scenario = gateway_scenario();
    scenario.steps = {fault_step("silence"), call_step("c1")};
    return scenario;
}

EventLog node_log() {
    LogBuilder builder;
    builder.counters("client", 0s, {{"TcpActiveOpens", 4}});
    builder.step(1, "silence", 1s, 1s).armed("silence", 1s);
    builder.counters("client", 1s, {{"TcpActiveOpens", 5}});
    builder.step(2, "c1", 2s, 9s).call("c1", 2s, 9s);
    builder.counters("client", 3s, {{"TcpExtTCPSynRetrans", 1}, {"TcpActiveOpens", 6}});
    builder.counters("client", 5s, {{"TcpExtTCPSynRetrans", 2}});
    builder.counters("client", 10s, {{"TcpExtTCPSynRetrans", 3}});
    builder.line("gateway", 1s, "ready");
    builder.line("gateway", 8s, "upstream timed out (110: Connection timed out)");
    builder.line("gateway", 9s, "upstream timed out (110: Connection timed out), client");
    builder.put(1s, Sockets{"gateway", {{"LISTEN", 1}, {"ESTAB", 1}}});
    builder.put(4s, Sockets{"gateway", {{"LISTEN", 1}, {"ESTAB", 5}}});
    builder.put(6s, Sockets{"gateway", {{"LISTEN", 1}, {"ESTAB", 2}, {"TIME-WAIT", 3}}});
    builder.put(1s, Usage{"gateway", 10, 4'000'000, 1});
    builder.put(4s, Usage{"gateway", 25, 9'000'000, 2});
    builder.put(9s, Usage{"gateway", 12, 8'000'000, 2});
    builder.put(10s, ProcessEnd{"gateway", 139, false});
    builder.witness("silence", 11s, 2, 1);
    return builder.end(12s);
}

Finding check_node(Expectation expectation) {
    return check_one(call_in_silence(), expectation, node_log());
}

Expectation counter(const std::string& name, std::int64_t delta) {
    return {.at = "client", .counter = CounterBound{name, count(delta)}};
}

TEST(NodeFacts, ACounterMovesFromTheLastSampleBeforeTheWindowToTheLastInIt) {
    // Three retransmissions in all, two of them while c1 ran.
    EXPECT_EQ(check_node(counter("TcpExtTCPSynRetrans", 3)).verdict, Verdict::pass);
    EXPECT_EQ(check_node(counter("TcpExtTCPSynRetrans", 2)).missed_by, "1 too many");
    Expectation during = counter("TcpExtTCPSynRetrans", 2);
    during.during = "c1";
    EXPECT_EQ(check_node(during).verdict, Verdict::pass);
    Expectation since = counter("TcpExtTCPSynRetrans", 1);
    since.since = "c1";
    EXPECT_EQ(check_node(since).verdict, Verdict::pass);
    // What the node did to become ready, before the first step, does not count.
    EXPECT_EQ(check_node(counter("TcpActiveOpens", 1)).verdict, Verdict::pass);
}

TEST(NodeFacts, TheSampleTakenWhenACallIsDoneBelongsToIt) {
    // On a real machine it is taken some microseconds after the call has ended.
    const EventLog log = LogBuilder{"real"}
                             .step(1, "c1", 1s, 2000300us)
                             .call("c1", 1s, 2s)
                             .counters("client", 2000200us, {{"TcpExtTCPSynRetrans", 2}})
                             .counters("client", 2040ms, {{"TcpExtTCPSynRetrans", 3}})
                             .end(5s);
    Expectation expectation = counter("TcpExtTCPSynRetrans", 2);
    expectation.during = "c1";
    EXPECT_EQ(check_one(call_in_silence(), expectation, log).verdict, Verdict::pass);
    expectation.during.reset();
    expectation.of = "c1";
    EXPECT_EQ(check_one(call_in_silence(), expectation, log).verdict, Verdict::pass);
}

TEST(NodeFacts, ACounterNobodySampledIsZeroIfTheKernelHasIt) {
    // A sample lists only what is not zero.
    EXPECT_EQ(check_node(counter("TcpExtListenOverflows", 0)).verdict, Verdict::pass);
    EXPECT_EQ(check_node(counter("TcpExtListenOverflows", 1)).verdict, Verdict::fail);
    const Finding typo = check_node(counter("TcpExtTCPSynRetrens", 0));
    EXPECT_EQ(typo.verdict, Verdict::error);
    EXPECT_EQ(typo.advice.find("did you mean `TcpExtTCPSynRetrans`?"), 0u) << typo.advice;
    Expectation upstream = counter("TcpExtListenOverflows", 0);
    upstream.at = "upstream";
    EXPECT_EQ(check_node(upstream).verdict, Verdict::error);
    upstream.at = "nobody";
    EXPECT_EQ(check_node(upstream).cause, ErrorCause::reference);
}

TEST(NodeFacts, EveryCounterOfTheFaultReferenceHasAName) {
    // The witnesses that the reference of faults names.
    for (const char* name :
         {"TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtTCPSynRetrans", "TcpExtTCPTimeouts",
          "TcpExtTCPAbortOnTimeout", "TcpRetransSegs", "TcpOutRsts", "TcpExtEmbryonicRsts",
          "TcpEstabResets", "TcpExtTCPReqQFullDrop", "TcpExtSyncookiesSent",
          "TcpExtTCPToZeroWindowAdv", "TcpExtTCPWinProbe", "TcpAttemptFails", "IpFragFails",
          "IcmpInMsgs", "IcmpMsgInType3", "Ip6InReceives"}) {
        EXPECT_TRUE(is_counter_name(name)) << name;
    }
    EXPECT_FALSE(is_counter_name("TcpSynRetrans"));
    EXPECT_FALSE(is_counter_name("IcmpMsgInType"));
}

TEST(NodeFacts, LogLinesAreFoundByTextOrExpressionAndCounted) {
    // Two lines say that the upstream timed out, in c1's time.
    const auto log = [&](const LogBound& bound) {
        return check_node({.at = "gateway", .log = bound});
    };
    EXPECT_EQ(log({.contains = "timed out (110"}).verdict, Verdict::pass);
    EXPECT_EQ(log({.matches = "\\(110: .*\\)$"}).verdict, Verdict::pass);
    EXPECT_EQ(log({.contains = "timed out", .count = count(2)}).verdict, Verdict::pass);
    EXPECT_EQ(log({.contains = "timed out", .count = count(1)}).missed_by, "1 too many");
    EXPECT_EQ(log({.contains = "panic", .count = count(0)}).verdict, Verdict::pass);
    EXPECT_EQ(log({.matches = "("}).verdict, Verdict::error);
    const Finding none = log({.contains = "refused"});
    EXPECT_EQ(none.verdict, Verdict::fail);
    EXPECT_EQ(none.observed, "none of 3 lines");
    EXPECT_EQ(none.evidence.size(), 3u);
    const Finding early =
        check_node({.at = "gateway", .since = "c1", .log = LogBound{.contains = "ready"}});
    EXPECT_EQ(early.verdict, Verdict::fail);
    EXPECT_EQ(check_node({.at = "upstream", .log = LogBound{.contains = "x"}}).observed,
              "`upstream` wrote nothing");
}

TEST(NodeFacts, SocketsDescriptorsAndMemoryArePeaks) {
    // Five established sockets, 25 descriptors and 9 MB at 4 s; c1 begins with one socket.
    const auto sockets = [&](const std::string& state, std::int64_t most) {
        return check_node({.at = "gateway", .sockets = {{state, at_most(most)}}});
    };
    EXPECT_EQ(sockets("ESTAB", 5).verdict, Verdict::pass);
    EXPECT_EQ(sockets("estab", 4).verdict, Verdict::fail);
    EXPECT_EQ(sockets("TIME_WAIT", 3).verdict, Verdict::pass);
    EXPECT_EQ(sockets("CLOSE-WAIT", 0).verdict, Verdict::pass);
    EXPECT_EQ(sockets("CLOSEWAITT", 0).cause, ErrorCause::reference);
    const auto fds = [&](std::int64_t most) {
        return check_node({.at = "gateway", .fds = at_most(most)});
    };
    EXPECT_EQ(fds(25).verdict, Verdict::pass);
    EXPECT_EQ(fds(24).verdict, Verdict::fail);
    EXPECT_EQ(fds(24).evidence.front(), "highest at 4.000s");
    const auto memory = [&](std::int64_t most) {
        return check_node({.at = "gateway", .memory = at_most(Bytes{most})});
    };
    EXPECT_EQ(memory(9'000'000).verdict, Verdict::pass);
    EXPECT_EQ(memory(8'000'000).verdict, Verdict::fail);
    // After c1, only the last sample holds; before it, what was written down last.
    EXPECT_EQ(
        check_node({.at = "gateway", .since = "c1", .fds = at_most<std::int64_t>(12)}).verdict,
        Verdict::pass);
    EXPECT_EQ(check_node({.at = "upstream", .fds = at_most<std::int64_t>(12)}).verdict,
              Verdict::error);
}

TEST(NodeFacts, AProgramsExitCode) {
    // The gateway died of signal 11; the upstream still runs.
    EXPECT_EQ(check_node({.at = "gateway", .exit_code = count(139)}).verdict, Verdict::pass);
    EXPECT_EQ(check_node({.at = "gateway", .exit_code = count(0)}).verdict, Verdict::fail);
    EXPECT_EQ(check_node({.at = "upstream", .exit_code = count(0)}).observed,
              "its program has not ended");
}

TEST(FaultFacts, MatchedAndFiredComeFromTheWitness) {
    // It met two requests and took effect on one.
    EXPECT_EQ(check_node({.at = "silence", .matched = count(2)}).verdict, Verdict::pass);
    EXPECT_EQ(check_node({.at = "silence", .matched = count(1)}).verdict, Verdict::fail);
    EXPECT_EQ(check_node({.at = "silence", .fired = count(1)}).verdict, Verdict::pass);
    EXPECT_EQ(check_node({.at = "silence", .fired = count(2)}).missed_by, "1 too few");
    EXPECT_EQ(check_node({.at = "noise", .fired = count(2)}).cause, ErrorCause::reference);
}

}  // namespace
}  // namespace etimedout
