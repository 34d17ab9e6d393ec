// Expectations as they are written: every key of the model at its place.
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

TEST(Expectations, OfACall) {
    // What the caller saw.
    const Expectation it = expectation_of(
        "at: c, outcome: response, errno: ECONNRESET, status: {between: [500, 599]}, "
        "headers: {Retry-After: '5', Server: {contains: nginx}}, body: {matches: \"^o.$\"}, "
        "completeness: cut, dns: {at_most: 1ms}, connect: 2ms, tls: {at_least: 1ms}, "
        "first_byte: 1s ±10%, received: {at_least: 4k}");
    EXPECT_EQ(it.outcome, "response");
    EXPECT_EQ(it.error, "ECONNRESET");
    EXPECT_EQ(it.status, (Bound<std::int64_t>{500, 599, "between 500 and 599"}));
    EXPECT_EQ(it.headers.at("retry-after").equals, "5");
    EXPECT_EQ(it.headers.at("server").contains, "nginx");
    EXPECT_EQ(it.body->matches, "^o.$");
    EXPECT_EQ(it.completeness, "cut");
    EXPECT_EQ(it.phases.size(), 4U);
    EXPECT_EQ(it.phases.at("dns"), (Bound<Duration>{std::nullopt, 1ms, "at most 1ms"}));
    EXPECT_EQ(it.phases.at("connect").at_most, 52ms);
    EXPECT_EQ(it.phases.at("first_byte"), (Bound<Duration>{900ms, 1100ms, "1s ±10%"}));
    EXPECT_EQ(it.received->at_least, Bytes{4096});
}

TEST(Expectations, OfManyCallsAndPrograms) {
    // Shares are percentages.
    const Expectation it = expectation_of(
        "at: d, outcomes: {ok: 2, connect_timeout: {at_least: 1}}, p50: 5ms, p99: {at_most: 1s}, "
        "max: {at_most: 2s}, success_ratio: {at_least: 99%}, exit_code: 0, stdout: ok, "
        "stderr: {contains: timeout}");
    EXPECT_EQ(it.outcomes.at("ok").at_most, 2);
    EXPECT_EQ(it.outcomes.at("connect_timeout").at_least, 1);
    EXPECT_EQ(it.percentiles.size(), 3U);
    EXPECT_DOUBLE_EQ(it.success_ratio->at_least.value(), 0.99);
    EXPECT_EQ(it.exit_code->at_most, 0);
    EXPECT_EQ(it.standard_output->equals, "ok");
    EXPECT_EQ(it.standard_error->contains, "timeout");
}

TEST(Expectations, OfALink) {
    // Facts of the wire.
    const Expectation it = expectation_of(
        "at: api, of: c, during: d, since: cut, settle: 5s, ignore: {path: [/up, /health], "
        "source: other}, attempts: 1, syns: 3, established: 0, requests: 2, responses: 1, "
        "in_flight: {at_most: 5}, retransmissions: 0, open: {at_most: 5}, reused: 1, datagrams: 0, "
        "bytes: {at_most: 1M}, closed: {by: server, how: rst, after: 2s, since: pause}, "
        "retries: {of: connections, count: 2, gaps: [1s, 2s], same: true}, "
        "in_any: {window: 1s, at_most: 5}");
    EXPECT_EQ(it.of, "c");
    EXPECT_EQ(it.during, "d");
    EXPECT_EQ(it.since, "cut");
    EXPECT_EQ(it.settle, 5s);
    EXPECT_EQ(it.ignore_paths, (std::vector<std::string>{"/up", "/health"}));
    EXPECT_EQ(it.ignore_sources, std::vector<std::string>{"other"});
    EXPECT_EQ(it.counts.size(), 10U);
    EXPECT_EQ(it.bytes->at_most, Bytes{1 << 20});
    EXPECT_EQ(it.closed->how, "rst");
    EXPECT_EQ(it.closed->since, "pause");
    EXPECT_EQ(it.retries->same, (std::vector<std::string>{"method", "path"}));
    EXPECT_EQ(it.retries->gaps.size(), 2U);
    EXPECT_EQ(it.in_any->window, 1s);
    EXPECT_EQ(it.in_any->count.at_most, 5);
    EXPECT_EQ(expectation_of("at: api, in_any: {window: 1s, count: 4}").in_any->count.at_least, 4);
    // The bound may stand at what is counted; it is then that of the peak alone.
    const Expectation peak = expectation_of("at: api, requests: {at_most: 5}, in_any: 1s");
    EXPECT_EQ(peak.in_any->window, 1s);
    EXPECT_EQ(peak.in_any->count.at_most, 5);
    EXPECT_EQ(peak.in_any->of, CountedUnit::requests);
    EXPECT_TRUE(peak.counts.empty());
    EXPECT_EQ(expectation_of("at: api, attempts: 2, in_any: 1s").in_any->of,
              CountedUnit::connections);
}

TEST(Expectations, OfANodeAndOfAFault) {
    // What the kernel counted, what the program wrote, and that the fault took effect.
    const Expectation node = expectation_of(
        "at: client, counter: {name: TcpExtTCPTimeouts, delta: {at_least: 1}}, "
        "log: {matches: \"timed? out\", count: 2}, sockets: {TIME-WAIT: {at_most: 5}}, "
        "fds: {at_most: 64}, memory: {at_most: 100mb}, exit_code: 0");
    EXPECT_EQ(node.counter->delta.at_least, 1);
    EXPECT_EQ(node.log->matches, "timed? out");
    EXPECT_EQ(node.log->count->at_most, 2);
    EXPECT_EQ(node.sockets.at("TIME-WAIT").at_most, 5);
    EXPECT_EQ(node.fds->at_most, 64);
    EXPECT_EQ(node.memory->at_most, Bytes{100'000'000});
    const Expectation fault = expectation_of("at: cut, fired: 3, matched: {at_least: 3}");
    EXPECT_EQ(fault.fired->at_least, 3);
    EXPECT_EQ(fault.matched->at_least, 3);
}

TEST(Expectations, OfOrder) {
    // Events of the log, by their fields; `since` and `within` may stand inside.
    const Expectation sequence = expectation_of(
        "sequence: [{event: fault_armed, fault: cut}, {event: call_end, call: d, outcome: reset}]");
    ASSERT_EQ(sequence.sequence.size(), 2U);
    EXPECT_EQ(sequence.sequence[1].fields.at("outcome"), "reset");
    EXPECT_EQ(sequence.sequence[1].fields.at("event"), "call_end");
    const Expectation never = expectation_of("never: {event: tcp, what: rst, since: cut}");
    EXPECT_EQ(never.never->fields.count("since"), 0U);
    EXPECT_EQ(never.since, "cut");
    const Expectation eventually =
        expectation_of("eventually: {event: process_ready, node: other, within: 5s, since: pause}");
    EXPECT_EQ(eventually.within, 5s);
    EXPECT_EQ(eventually.since, "pause");
    EXPECT_EQ(eventually.eventually->fields.at("node"), "other");
}

TEST(Expectations, AlternativesLookWhereTheWholeLooks) {
    // Unless they say otherwise.
    const Expectation it = expectation_of(
        "at: c, of: d, any_of: [{status: 502}, {status: 504}, {all_of: [{at: api, requests: 1}]}]");
    ASSERT_EQ(it.any_of.size(), 3U);
    EXPECT_EQ(it.any_of[0].at, "c");
    EXPECT_EQ(it.any_of[1].status->at_least, 504);
    EXPECT_EQ(it.any_of[2].all_of[0].at, "api");
}

TEST(Expectations, KeepTheirPlaceAndTheirText) {
    // For the report: the line, and what was written, on one line.
    const Expectation it = expectation_of("at: c, status: 200, because: \"it: must\"");
    EXPECT_EQ(it.where.line, 11U);
    EXPECT_EQ(it.text, "{at: c, status: 200, because: \"it: must\"}");
    EXPECT_EQ(it.because, "it: must");
}

}  // namespace
}  // namespace etimedout
