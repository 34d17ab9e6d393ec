// Steps as they are written: every form of a call, faults with selectors, wait and set.
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

TEST(Calls, ARequestHasAllItsKeys) {
    // `get: /x` is short for it.
    const auto http =
        std::get<HttpCall>(call_of("link: api, tls: true, request: {method: POST, path: /pay, "
                                   "headers: {A: b}, body: hello}")
                               .what);
    EXPECT_EQ(http.method, "POST");
    EXPECT_EQ(http.path, "/pay");
    EXPECT_EQ(http.headers.at("A"), "b");
    EXPECT_EQ(http.body, "hello");
    EXPECT_TRUE(http.tls);
    EXPECT_EQ(std::get<HttpCall>(call_of("link: api, get: /x").what).method, "GET");
}

TEST(Calls, AJsonBodyIsWrittenAsJson) {
    // Quotes make a text; without them numbers and truth values are what they look like.
    const auto http = std::get<HttpCall>(
        call_of("link: api, request: {method: POST, json: {n: 5, s: '5', t: true, l: [a, 0.5], "
                "z: null, x: 007}}")
            .what);
    EXPECT_EQ(http.body, R"({"n":5,"s":"5","t":true,"l":["a",0.5],"z":null,"x":"007"})");
    EXPECT_EQ(http.headers.at("Content-Type"), "application/json");
}

TEST(Calls, TcpConnectsOrTalks) {
    // A word, or a map.
    EXPECT_FALSE(std::get<TcpCall>(call_of("link: api, tcp: connect").what).send);
    const auto tcp =
        std::get<TcpCall>(call_of("link: api, tcp: {send: \"ping\\n\", expect_size: 4k}").what);
    EXPECT_EQ(tcp.send, "ping\n");
    EXPECT_EQ(tcp.expect_size, Bytes{4096});
}

TEST(Calls, DnsPingAndExecHaveShortForms) {
    // The node is the link's near end, or `in`.
    const CallStep dns = call_of("in: client, dns: {name: server, type: AAAA}");
    EXPECT_EQ(std::get<DnsCall>(dns.what).type, "AAAA");
    EXPECT_EQ(dns.node, "client");
    EXPECT_EQ(std::get<PingCall>(call_of("link: whole, ping: 3").what).count, 3);
    const auto ping =
        std::get<PingCall>(call_of("link: whole, ping: {count: 2, every: 100ms}").what);
    EXPECT_EQ(ping.every, 100ms);
    const CallStep exec = call_of("link: api, exec: date");
    EXPECT_EQ(std::get<ExecCall>(exec.what).command, "date");
    EXPECT_EQ(exec.node, "client");
    EXPECT_EQ(call_of("link: api, in: other, exec: date").node, "other");
}

TEST(Calls, LimitsAndLoadAreAsWritten) {
    // `timeout` is the client's, `deadline` the harness's.
    const CallStep call = call_of(
        "link: api, get: /, timeout: 5s, connect_timeout: 1s, deadline: 20s, rate: 50/s, for: 10s, "
        "background: true, steady: true, hold: open, connection: reuse");
    EXPECT_EQ(call.timeout, 5s);
    EXPECT_EQ(call.connect_timeout, 1s);
    EXPECT_EQ(call.deadline, 20s);
    EXPECT_EQ(call.rate, 50.0);
    EXPECT_EQ(call.lasting, 10s);
    EXPECT_TRUE(call.background && call.steady && call.hold_open);
    EXPECT_EQ(call.connection, ConnectionUse::reuse);
    EXPECT_EQ(call_of("link: api, get: /, rate: 30/m, times: 5").rate, 0.5);
    EXPECT_EQ(call_of("link: api, get: /, times: 10, concurrency: 5").concurrency, 5);
}

TEST(Steps, HaveIdsOfTheirOwnOrByNumber) {
    // Beside the step's word, in its map, or made from its number.
    const Scenario scenario =
        scenario_of(around("  - {id: outer, wait: 1s}\n"
                           "  - call: {link: api, get: /, background: true}\n"
                           "  - {id: cut, fault: {link: api, kind: blackhole}}\n"
                           "  - fault: {link: api, kind: latency, delay: 1s}\n"
                           "  - heal: fault-4\n"
                           "  - {wait: {until: {at: call-2}}}\n"));
    std::vector<std::string> ids;
    for (const Step& step : scenario.steps) ids.push_back(step.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"outer", "call-2", "cut", "fault-4", "", ""}));
    EXPECT_EQ(std::get<CallStep>(scenario.steps[1].what).id, "call-2");
    EXPECT_EQ(std::get<FaultStep>(scenario.steps[2].what).armed.id, "cut");
    EXPECT_EQ(std::get<HealStep>(scenario.steps[4].what).fault, "fault-4");
    EXPECT_EQ(std::get<WaitStep>(scenario.steps[5].what).until_call, "call-2");
}

TEST(Steps, SetChangesSysctlsAndPrograms) {
    // Changes that are no faults.
    const Scenario scenario =
        scenario_of(around("  - set: {node: client, sysctl: {net.ipv4.tcp_fin_timeout: 5}}\n"
                           "  - set: {node: other, process: restart}\n"));
    const auto& sysctl = std::get<SetStep>(scenario.steps[0].what);
    EXPECT_EQ(sysctl.sysctl.at("net.ipv4.tcp_fin_timeout"), "5");
    EXPECT_EQ(std::get<SetStep>(scenario.steps[1].what).process, "restart");
}

ArmedFault fault_of(std::string_view keys) {
    const Scenario scenario =
        scenario_of(around("  - fault: {id: f, " + std::string{keys} + "}\n"));
    if (scenario.steps.empty()) return {};
    return std::get<FaultStep>(scenario.steps.front().what).armed;
}

TEST(Faults, HaveTheirFieldsAndSelectors) {
    // Fields of the fault and selectors stand in one map.
    const ArmedFault fault = fault_of(
        "link: side, kind: latency, delay: 20ms, jitter: 5ms, distribution: pareto, "
        "correlation: 25%, direction: up, phase: established, port: 81, source: client, "
        "probability: 10% of connections, for: 10s");
    EXPECT_EQ(fault.fault, (Fault{Latency{20ms, 5ms, Distribution::pareto, Probability{0.25}}}));
    const Selectors& selectors = fault.selectors;
    EXPECT_EQ(selectors.direction, Direction::up);
    EXPECT_EQ(selectors.phase, Phase::established);
    EXPECT_EQ(selectors.port, Port{81});
    EXPECT_EQ(selectors.source, "client");
    EXPECT_EQ(selectors.probability, (Share{Probability{0.1}, CountedUnit::connections}));
    EXPECT_EQ(selectors.lasting, 10s);
}

TEST(Faults, SelectRequestsAtAStub) {
    // The keep-alive race: the second request of each connection.
    const ArmedFault fault = fault_of(
        "link: api, kind: reset, nth: 2 requests per connection, match: {method: POST, path: /a*}");
    EXPECT_EQ(fault.selectors.nth, (Count{2, CountedUnit::requests_per_connection}));
    EXPECT_EQ(fault.selectors.match, (RequestMatch{"POST", "/a*", std::nullopt}));
    EXPECT_EQ(fault_of("link: api, kind: blackhole, source: 10.0.0.0/8").selectors.source,
              "10.0.0.0/8");
}

TEST(Faults, AKindMayCarryItsValue) {
    // status_429 is `status` with code 429, and takes the other fields too.
    const ArmedFault fault =
        fault_of("link: api, kind: status_429, headers: {Retry-After: 5}, body: later");
    EXPECT_EQ(fault.fault, (Fault{Status{429, {{"Retry-After", "5"}}, "later"}}));
}

TEST(Faults, OfTheMessageLayerSayWhatPasses) {
    // Bytes or events before it acts; what is wrong with an answer; and how it ends.
    EXPECT_EQ(fault_of("link: api, kind: stall, after: 20 events").fault,
              (Fault{StallFault{{20, AmountUnit::events}}}));
    EXPECT_EQ(fault_of("link: api, kind: cut, after: 4kb, how: rst").fault,
              (Fault{CutFault{{4000, AmountUnit::bytes}, CutHow::rst}}));
    EXPECT_EQ(fault_of("link: api, kind: truncate, after: 10b").fault,
              (Fault{Truncate{Bytes{10}, CutHow::fin}}));
    EXPECT_EQ(fault_of("link: api, kind: malformed, what: chunk").fault,
              (Fault{Malformed{Malformation::chunk}}));
    EXPECT_EQ(fault_of("link: api, kind: error_event, after: 1 event, data: x, event: ''").fault,
              (Fault{ErrorEvent{{1}, "x", "", false}}));
    const ArmedFault fault =
        fault_of("link: api, kind: slow_events, first_event: 1s, between: 2s, first: 2");
    EXPECT_EQ(fault.fault, (Fault{SlowEvents{1s, 2s}}));
    EXPECT_EQ(fault.selectors.first, (Count{2, {}}));
}

}  // namespace
}  // namespace etimedout
