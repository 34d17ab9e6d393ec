// The three examples of the design, and what becomes of each.
#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

constexpr std::string_view nginx_example = R"yaml(scenario: 1
name: nginx answers 504 when the upstream is silent
about: proxy_read_timeout bounds the gap between two reads from the upstream.
tags: [gateway, nginx, slow-upstream]
nodes:
  client: {}
  gateway:
    run: nginx -g 'daemon off;' -c ${scenario.dir}/nginx.conf
    ready: {tcp: 8080}
  upstream: {stub: http, port: 9000}
links:
  front: client -> gateway:8080
  up: gateway -> upstream:9000
steps:
  - call: {id: warm, link: front, get: /}
  - fault: {id: silence, link: up, kind: silent}
  - call: {id: c1, link: front, get: /, deadline: 60s}
expect:
  - {at: warm, status: 200}
  - {at: c1, status: 504, total: 30s ±100ms}
  - {at: up, of: c1, requests: 1, closed: {by: gateway, after: 30s ±100ms, since: request}}
  - {at: gateway, log: {contains: "upstream timed out (110: Connection timed out)"}}
)yaml";

TEST(Example, TheTopologyOfTheGatewayIsAsWritten) {
    // Three nodes, two links; one node runs a program, one is a stub.
    const Scenario scenario = scenario_of(nginx_example, {.scenario_dir = "/work"});
    EXPECT_EQ(scenario.name, "nginx answers 504 when the upstream is silent");
    EXPECT_EQ(scenario.tags, (std::vector<std::string>{"gateway", "nginx", "slow-upstream"}));
    ASSERT_EQ(scenario.topology.nodes.size(), 3U);
    EXPECT_EQ(scenario.topology.nodes[0].spec, NodeSpec{});
    const NodeSpec* gateway = scenario.topology.node("gateway");
    ASSERT_TRUE(gateway != nullptr && gateway->process);
    EXPECT_EQ(gateway->process->run, "nginx -g 'daemon off;' -c /work/nginx.conf");
    ASSERT_TRUE(gateway->process->ready);
    EXPECT_EQ(gateway->process->ready->tcp, Port{8080});
    const NodeSpec* upstream = scenario.topology.node("upstream");
    ASSERT_TRUE(upstream != nullptr && upstream->stub);
    EXPECT_EQ(upstream->stub->port, Port{9000});
    EXPECT_EQ(upstream->stub->kind, StubKind::http);
    ASSERT_EQ(scenario.topology.links.size(), 2U);
    EXPECT_EQ(scenario.topology.links[1].name, "up");
    EXPECT_EQ(scenario.topology.links[1].spec.from, "gateway");
    EXPECT_EQ(scenario.topology.links[1].spec.to, "upstream");
    EXPECT_EQ(scenario.topology.links[1].spec.port, Port{9000});
}

TEST(Example, TheStepsOfTheGatewayAreAsWritten) {
    // A call, a fault, a call with a patience of a minute.
    const Scenario scenario = scenario_of(nginx_example);
    ASSERT_EQ(scenario.steps.size(), 3U);
    const auto& warm = std::get<CallStep>(scenario.steps[0].what);
    EXPECT_EQ(warm.id, "warm");
    EXPECT_EQ(warm.link, "front");
    EXPECT_EQ(warm.node, "client");
    EXPECT_EQ(warm.deadline, 10min);
    EXPECT_EQ(std::get<HttpCall>(warm.what).path, "/");
    const auto& silence = std::get<FaultStep>(scenario.steps[1].what);
    EXPECT_EQ(scenario.steps[1].id, "silence");
    EXPECT_EQ(silence.target, "up");
    EXPECT_EQ(silence.armed, (ArmedFault{"silence", Silent{}, {}}));
    EXPECT_EQ(std::get<CallStep>(scenario.steps[2].what).deadline, 60s);
    EXPECT_EQ(scenario.steps[2].where.line, 17U);
}

TEST(Example, TheExpectationsOfTheGatewayAreAsWritten) {
    // 30 s, give or take 100 ms.
    const Scenario scenario = scenario_of(nginx_example);
    ASSERT_EQ(scenario.expectations.size(), 4U);
    const Expectation& c1 = scenario.expectations[1];
    EXPECT_EQ(c1.at, "c1");
    EXPECT_EQ(c1.text, "{at: c1, status: 504, total: 30s ±100ms}");
    EXPECT_EQ(c1.status, (Bound<std::int64_t>{504, 504, "504"}));
    EXPECT_EQ(c1.phases.at("total"), (Bound<Duration>{29900ms, 30100ms, "30s ±100ms"}));
    const Expectation& up = scenario.expectations[2];
    EXPECT_EQ(up.of, "c1");
    EXPECT_EQ(up.counts.at("requests").at_most, 1);
    ASSERT_TRUE(up.closed);
    EXPECT_EQ(up.closed->by, "gateway");
    EXPECT_EQ(up.closed->since, "request");
    EXPECT_EQ(up.closed->after->at_least, 29900ms);
    ASSERT_TRUE(scenario.expectations[3].log);
    EXPECT_EQ(scenario.expectations[3].log->contains,
              "upstream timed out (110: Connection timed out)");
}

TEST(Example, TheBlackholedConnectIsAsWritten) {
    // Two retransmissions: 1 s + 2 s + 4 s.
    const Scenario scenario = scenario_of(R"(scenario: 1
name: connect to a blackholed port times out in the kernel
tags: [firewall]
nodes:
  client: {like: linux-6.1, sysctl: {net.ipv4.tcp_syn_retries: 2}}   # no linear SYN timeouts
  server: {stub: tcp, port: 80}
links: {api: client -> server:80}
steps:
  - fault: {link: api, kind: blackhole}
  - call: {id: c, link: api, tcp: connect, deadline: 60s}
expect:
  - {at: c, outcome: connect_timeout, errno: ETIMEDOUT, total: 7s -200ms/+600ms}
  - {at: api, of: c, attempts: 1, syns: 3, established: 0}
  - {at: client, counter: {name: TcpExtTCPSynRetrans, delta: 2}}
)");
    const NodeSpec& client = scenario.topology.nodes[0].spec;
    EXPECT_EQ(client.like, "linux-6.1");
    EXPECT_EQ(client.sysctl.at("net.ipv4.tcp_syn_retries"), "2");
    EXPECT_EQ(scenario.topology.nodes[1].spec.stub->kind, StubKind::tcp);
    EXPECT_EQ(std::get<FaultStep>(scenario.steps[0].what).armed,
              (ArmedFault{"fault-1", Blackhole{}, {}}));
    EXPECT_TRUE(std::holds_alternative<TcpCall>(std::get<CallStep>(scenario.steps[1].what).what));
    const Expectation& c = scenario.expectations[0];
    EXPECT_EQ(c.outcome, "connect_timeout");
    EXPECT_EQ(c.error, "ETIMEDOUT");
    EXPECT_EQ(c.phases.at("total").at_least, 6800ms);
    EXPECT_EQ(c.phases.at("total").at_most, 7600ms);
    EXPECT_EQ(scenario.expectations[1].counts.size(), 3U);
    EXPECT_EQ(scenario.expectations[2].counter->name, "TcpExtTCPSynRetrans");
    EXPECT_EQ(scenario.expectations[2].counter->delta.at_most, 2);
}

TEST(Example, TheRetriesExpandToOneScenarioForEachRefusal) {
    // The matrix has two values; each row has a name of its own.
    const auto rows = rows_of(R"(scenario: 1
name: client retries twice with back-off, then succeeds
matrix: {refusal: [reset, status_503]}
vars: {base: 100ms}
nodes: {client: {}, server: {stub: http, port: 80}}
links: {api: client -> server:80}
steps:
  - fault: {link: api, kind: "${refusal}", first: 2}
  - call: {id: c, in: client, exec: "./payclient ${links.api.url}/pay", deadline: 20s}
expect:
  - {at: c, outcome: ok, exit_code: 0}
  - {at: api, of: c, retries: {of: requests, count: 2, gaps: ["${base} -10%/+50%", 200ms -10%/+50%]}}
)");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].name, "client retries twice with back-off, then succeeds [refusal=reset]");
    EXPECT_EQ(rows[1].row, "refusal=status_503");
    EXPECT_EQ(rows[1].variables.at("refusal"), "status_503");
    EXPECT_EQ(rows[1].variables.at("base"), "100ms");
    EXPECT_EQ(kind_of(std::get<FaultStep>(rows[0].steps[0].what).armed.fault), "reset");
    const ArmedFault& status = std::get<FaultStep>(rows[1].steps[0].what).armed;
    EXPECT_EQ(status.fault, Fault{Status{}});
    EXPECT_EQ(status.selectors.first, (Count{2, std::nullopt}));
    const auto& call = std::get<CallStep>(rows[0].steps[1].what);
    EXPECT_EQ(std::get<ExecCall>(call.what).command, "./payclient http://server:80/pay");
    EXPECT_EQ(call.node, "client");
    ASSERT_TRUE(rows[0].expectations[1].retries);
    const RetriesBound& retries = *rows[0].expectations[1].retries;
    EXPECT_EQ(retries.of, CountedUnit::requests);
    EXPECT_EQ(retries.count->at_least, 2);
    ASSERT_EQ(retries.gaps.size(), 2U);
    EXPECT_EQ(retries.gaps[0], (Bound<Duration>{90ms, 150ms, "100ms -10%/+50%"}));
}

TEST(Example, TheTopLevelIsAsWritten) {
    // Every key of the top level that is not topology, steps or expectations.
    const Scenario scenario = scenario_of(R"(scenario: 1
name: a
about: |
  More words,
  on two lines.
seed: 18446744073709551615
time: real
start: "2030-06-01T12:00:00Z"
limit: {virtual: 10m, real: 20s, memory: 1gb}
needs: {nginx: ">=1.22", netem: true, curl: 8.0, npm: {undici: true, "@scope/name": ">=1.2.3"}}
nodes: {client: }
steps: [wait: 1s]
)");
    EXPECT_EQ(scenario.about, "More words,\non two lines.\n");
    EXPECT_EQ(scenario.seed, UINT64_MAX);
    EXPECT_EQ(scenario.time, TimeChoice::real_time);
    EXPECT_EQ(scenario.start, "2030-06-01T12:00:00Z");
    EXPECT_EQ(scenario.limit.virtual_time, 10min);
    EXPECT_EQ(scenario.limit.real, 20s);
    EXPECT_EQ(scenario.limit.memory, Bytes{1'000'000'000});
    ASSERT_EQ(scenario.needs.size(), 5U);
    EXPECT_EQ(scenario.needs[0].version, ">=1.22");
    EXPECT_EQ(scenario.needs[1].version, "");
    EXPECT_EQ(scenario.needs[2].version, "=8.0");
    EXPECT_EQ(scenario.needs[3].what, "npm:undici");
    EXPECT_EQ(scenario.needs[3].version, "");
    EXPECT_EQ(scenario.needs[4].what, "npm:@scope/name");
    EXPECT_EQ(scenario.needs[4].version, ">=1.2.3");
    EXPECT_TRUE(scenario.expectations.empty());
}

}  // namespace
}  // namespace etimedout
