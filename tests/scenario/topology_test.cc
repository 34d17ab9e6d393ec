// Nodes and links as they are written, and what follows: addresses, host names, order of start.
#include <gmock/gmock.h>

#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

Topology topology_of(std::string_view nodes_and_links) {
    return scenario_of("scenario: 1\nname: a\n" + std::string{nodes_and_links} +
                       "steps: [wait: 1s]\n")
        .topology;
}

TEST(Nodes, AProgramHasAllItsKeys) {
    // One of each.
    const Topology topology = topology_of(R"(
nodes:
  db: {}
  app:
    run: ./app --port 80
    after: [db]
    user: nobody
    env: {MODE: test, N: 5}
    cwd: /tmp
    files: {/etc/app.conf: "a = b\n"}
    logs: [/var/log/app.log]
    ready: {http: /up, within: 5s}
    stop: {signal: INT, within: 2s}
    limits: {fds: 64, memory: 100mb}
  client: {}
links: {api: client -> app:80}
)");
    const NodeSpec& app = *topology.node("app");
    EXPECT_EQ(app.after, std::vector<std::string>{"db"});
    const ProcessSpec& process = app.process.value();
    EXPECT_EQ(process.run, "./app --port 80");
    EXPECT_EQ(process.user, "nobody");
    EXPECT_EQ(process.env.at("N"), "5");
    EXPECT_EQ(process.cwd, "/tmp");
    EXPECT_EQ(process.files.at("/etc/app.conf"), "a = b\n");
    EXPECT_EQ(process.logs, std::vector<std::string>{"/var/log/app.log"});
    EXPECT_EQ(process.ready->http, "/up");
    EXPECT_EQ(process.ready->within, 5s);
    EXPECT_EQ(process.stop, (StopSpec{"INT", 2s}));
    EXPECT_EQ(process.limits, (LimitSpec{64, Bytes{100'000'000}}));
}

TEST(Nodes, AStubTakesItsPortFromItsLinks) {
    // Both links lead to 8080, and the stub says nothing.
    const Topology topology = topology_of(
        "nodes: {a: {}, b: {}, s: {stub: tcp, first_byte: 5ms, accept_delay: 1s, backlog: 2}}\n"
        "links: {one: a -> s:8080, two: b -> s:8080}\n");
    const StubSpec& stub = topology.node("s")->stub.value();
    EXPECT_EQ(stub.kind, StubKind::tcp);
    EXPECT_EQ(stub.port, Port{8080});
    EXPECT_EQ(stub.all.first_byte, 5ms);
    EXPECT_EQ(stub.accept_delay, 1s);
    EXPECT_EQ(stub.backlog, 2);
}

TEST(Nodes, RoutesAndTheRestOfAStub) {
    // A route answers for its path, the node's own keys for all others.
    const Topology topology = topology_of(R"(
nodes:
  c: {}
  s:
    stub: http
    status: 404
    headers: {X: y}
    routes:
      /slow: {first_byte: 2s, between: 10ms, piece: 4k, body_size: 64k, chunked: true}
      /cut*: {stop_after: 100 bytes, end: reset, body: hello}
      /hang: {silent: true}
links: {api: c -> s:80}
)");
    const StubSpec& stub = topology.node("s")->stub.value();
    EXPECT_EQ(stub.all.status, 404);
    EXPECT_EQ(stub.all.headers.at("X"), "y");
    EXPECT_EQ(stub.routes.at("/slow").piece, Bytes{4096});
    EXPECT_EQ(stub.routes.at("/slow").body_size, Bytes{65536});
    EXPECT_TRUE(stub.routes.at("/slow").chunked);
    EXPECT_EQ(stub.routes.at("/cut*").stop_after, Bytes{100});
    EXPECT_EQ(stub.routes.at("/cut*").end, StubEnd::reset);
    EXPECT_TRUE(stub.routes.at("/hang").silent);
}

TEST(Nodes, AnswersInOrderAreTheTurnsBeforeTheLast) {
    // Two of the first, one of the second, and the third for all others.
    const Topology topology = topology_of(R"(
nodes:
  c: {}
  s:
    stub: http
    routes:
      /a: [{status: 503, times: 2, headers: {Retry-After: "7"}}, {silent: true}, {body: there}]
      /b: {continue: refuse, continue_after: 3s, until_close: true}
links: {api: c -> s:80}
)");
    const StubRoute& route = topology.node("s")->stub->routes.at("/a");
    EXPECT_EQ(route.body, "there");
    ASSERT_EQ(route.earlier.size(), 3U);
    EXPECT_EQ(route.earlier[0], route.earlier[1]);
    EXPECT_EQ(route.earlier[0].status, 503);
    EXPECT_EQ(route.earlier[0].headers.at("Retry-After"), "7");
    EXPECT_TRUE(route.earlier[2].silent);
    const StubRoute& other = topology.node("s")->stub->routes.at("/b");
    EXPECT_EQ(other.on_expect, StubContinue::refuse);
    EXPECT_EQ(other.continue_after, 3s);
    EXPECT_TRUE(other.until_close);
}

TEST(Nodes, AStubHasConnectionsWorkersAndCertificates) {
    // What is left out keeps its default.
    const Topology topology = topology_of(R"(
nodes:
  c: {}
  s:
    stub: http
    keep_alive: {idle: 5s, requests: 100, race: 2, end: reset}
    tls: {certificate: wrong_host, stall: after_client_hello, version: tls1.2, delay: 1s}
    workers: 4
    queue: 16
    queue_full: refuse
  plain: {stub: tcp, port: 81, tls: {}}
links: {api: c -> s:443}
)");
    const StubSpec& stub = topology.node("s")->stub.value();
    EXPECT_EQ(stub.keep_alive, (StubKeepAlive{5s, 100, 2, StubClose::reset}));
    EXPECT_EQ(stub.tls, (StubTls{StubCertificate::wrong_host, TlsStall::after_client_hello,
                                 TlsVersion::tls1_2, 1s}));
    EXPECT_EQ(stub.workers, 4);
    EXPECT_EQ(stub.queue, 16);
    EXPECT_EQ(stub.queue_full, StubOverflow::refuse);
    EXPECT_EQ(topology.node("plain")->stub->tls, StubTls{});
}

TEST(Nodes, AModelSaysWhenItsTokensCome) {
    // Also those it turns away.
    const Topology topology = topology_of(R"(
nodes:
  c: {}
  m:
    stub: llm
    llm:
      model: large
      tokens: 40
      head: 1s
      first_token: 2s
      between: 50ms
      jitter: 10ms
      stop_after: 20
      end: error
      error: api_error
      comments: 15s
      refuse: {first: 2, status: 529, retry_after: 1500ms}
links: {api: c -> m:80}
)");
    const StubSpec& stub = topology.node("m")->stub.value();
    EXPECT_EQ(stub.kind, StubKind::llm);
    const StubLlm wanted{"large",
                         40,
                         1s,
                         2s,
                         50ms,
                         10ms,
                         20,
                         LlmEnd::error,
                         "api_error",
                         Duration{15s},
                         LlmRefusal{2, 529, 1500ms}};
    EXPECT_EQ(stub.llm, wanted);
}

TEST(Links, HavePhysicsOfTheirOwn) {
    // 100 us and 1 Gbit/s each way unless it says otherwise.
    const Topology topology = topology_of(
        "nodes: {a: {}, b: {external: \"localhost:9\"}}\n"
        "links:\n  plain: a -> b\n"
        "  full: {path: \"a -> b:443\", ip: both, latency: 5ms, rate: 10mbit, mtu: 1400}\n");
    EXPECT_EQ(topology.links[0].spec, (LinkSpec{.from = "a", .to = "b"}));
    EXPECT_EQ(topology.links[1].spec,
              (LinkSpec{"a", "b", Port{443}, IpVersion::both, 5ms, Rate{10'000'000}, 1400}));
    EXPECT_EQ(topology.node("b")->external, "localhost:9");
}

Topology three_nodes() {
    return topology_of(
        "nodes: {client: {}, gateway: {}, db: {}}\n"
        "links:\n"
        "  front: client -> gateway:80\n"
        "  second: client -> gateway:81\n"
        "  back: gateway -> db:5432\n"
        "  six: {path: \"client -> db:1\", ip: v6}\n"
        "  callback: db -> client:99\n");
}

TEST(Hosts, ALinkIsKnownByItsCalleeUnlessAnEarlierOneHasThatName) {
    // Two links lead from the client to the gateway.
    const Topology topology = three_nodes();
    EXPECT_EQ(topology.host_of("front"), "gateway");
    EXPECT_EQ(topology.host_of("second"), "second");
    EXPECT_EQ(topology.host_of("back"), "db");
    EXPECT_THROW(topology.host_of("none"), std::out_of_range);
    EXPECT_EQ(topology.node("none"), nullptr);
    EXPECT_EQ(topology.link("none"), nullptr);
}

TEST(Hosts, TheFileNamesItselfItsCalleesItsLinksAndItsCallers) {
    // The address a node is called at is its own; where both call each other the callee's wins.
    const Topology topology = three_nodes();
    EXPECT_EQ(topology.hosts_file("gateway"),
              "127.0.0.1 localhost\n::1 localhost\n"
              "10.1.2.2 gateway\n"
              "10.3.2.2 db\n10.3.2.2 back\n"
              "10.1.1.2 client\n");
    EXPECT_EQ(topology.hosts_file("client"),
              "127.0.0.1 localhost\n::1 localhost\n"
              "10.5.2.2 client\nfd00:4:1::2 client\n"
              "10.1.2.2 gateway\n10.1.2.2 front\n"
              "10.2.2.2 second\n"
              "fd00:4:2::2 db\nfd00:4:2::2 six\n"
              "10.5.1.2 db\n");
    EXPECT_EQ(topology_of("nodes: {alone: {}}\n").hosts_file("alone"),
              "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 alone\n");
}

TEST(Hosts, ASystemOutsideIsFoundByItsOwnNameToo) {
    // Unless that is an address, or a name that means something else in every node.
    const Topology topology = topology_of(
        "nodes: {client: {}, pay: {external: \"api.example.com:443\"}, "
        "db: {external: \"[::1]:5432\"}, dev: {external: \"localhost:8080\"}}\n"
        "links: {a: client -> pay:443, b: client -> db:5432, c: client -> dev:8080}\n");
    EXPECT_EQ(topology.hosts_file("client"),
              "127.0.0.1 localhost\n::1 localhost\n"
              "10.1.1.2 client\n"
              "10.1.2.2 pay\n10.1.2.2 a\n"
              "10.2.2.2 db\n10.2.2.2 b\n"
              "10.3.2.2 dev\n10.3.2.2 c\n"
              "10.1.2.2 api.example.com\n");
    EXPECT_EQ(external_host("[::1]:5432"), "::1");
    EXPECT_EQ(external_port("[::1]:5432"), 5432);
}

TEST(Order, CalleesAndThoseWaitedForComeFirst) {
    // client calls gateway calls db; metrics waits for client.
    const Topology topology = topology_of(
        "nodes: {metrics: {after: [client]}, client: {}, gateway: {}, db: {}}\n"
        "links: {a: client -> gateway:1, b: gateway -> db:2}\n");
    EXPECT_EQ(topology.start_order(),
              (std::vector<std::string>{"db", "gateway", "client", "metrics"}));
}

TEST(Order, ACycleIsCutAtTheNodeDeclaredFirst) {
    // They call each other: the one declared first starts last.
    const Topology topology = topology_of(
        "nodes: {one: {}, two: {}}\nlinks: {there: one -> two:1, back: two -> one:2}\n");
    EXPECT_EQ(topology.start_order(), (std::vector<std::string>{"two", "one"}));
}

}  // namespace
}  // namespace etimedout
