// UDP proxies on real loopback sockets: datagrams stay what they are, and clients apart.
#include <algorithm>
#include <set>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "simulator/proxy/address.hh"
#include "tests/engine/loopback.hh"

namespace etimedout {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

// A socket on a free port of this address; what it waits for it waits ten seconds for.
Fd udp_socket(const std::string& address = "127.0.0.1") {
    const auto here = numeric_address({address, "0"}).value();
    Fd socket{checked("socket", ::socket(here.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0))};
    const timeval limit{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int room = 4 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    checked("bind", ::bind(socket.get(), here.get(), here.size));
    return socket;
}

std::string address_of(const Fd& socket) { return own_address_of(socket.get()).text(); }

// A client: it hears nobody but the address it talks to.
Fd client_of(const std::string& address, const std::string& from = "127.0.0.1") {
    Fd socket = udp_socket(from);
    const auto there = numeric_address(split_host_port(address).value()).value();
    checked("connect", ::connect(socket.get(), there.get(), there.size));
    return socket;
}

void say(const Fd& socket, std::string_view bytes) {
    checked("send", ::send(socket.get(), bytes.data(), bytes.size(), 0));
}

struct Heard {
    std::string bytes;
    SocketAddress from{};
};
Heard hear_from(const Fd& socket) {
    Heard heard;
    heard.bytes.resize(65'536);
    heard.from.size = sizeof heard.from.storage;
    const auto count =
        checked("recvfrom", ::recvfrom(socket.get(), heard.bytes.data(), heard.bytes.size(), 0,
                                       heard.from.get(), &heard.from.size));
    heard.bytes.resize(static_cast<std::size_t>(count));
    return heard;
}
std::string hear(const Fd& socket) { return hear_from(socket).bytes; }

void answer(const Fd& socket, const SocketAddress& to, std::string_view bytes) {
    checked("sendto", ::sendto(socket.get(), bytes.data(), bytes.size(), 0, to.get(), to.size));
}

bool is_silent(const Fd& socket) {
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

ProxyRule datagram_rule(std::string id, DatagramPlan plan, Way way = Way::up) {
    ProxyRule made;
    made.id = std::move(id);
    made.plan = plan;
    made.way = way;
    return made;
}

struct ThroughUdp : testing::Test {
    Witnessing witness;
    Engine engine{{.workers = 2, .seed = 1, .largest_queue = 1 << 20}, witness};
    Fd upstream = udp_socket();

    ProxyPlan plan(std::vector<ProxyRule> rules = {}) const {
        ProxyPlan made;
        made.name = "p";
        made.listen = "127.0.0.1:0";
        made.upstream = address_of(upstream);
        made.protocol = Protocol::udp;
        made.rules = std::move(rules);
        return made;
    }
    std::unique_ptr<RunningProxy> proxy = engine.open(plan());
};

TEST_F(ThroughUdp, DatagramsPassBothWaysAndKeepTheirBoundaries) {
    // Two small ones stay two; one of no length arrives, and the largest there is.
    const Fd client = client_of(proxy->listen());
    const std::string largest(65'507, 'x');
    for (const std::string& one : {"a"s, "bc"s, ""s, largest}) {
        say(client, one);
        const Heard heard = hear_from(upstream);
        EXPECT_TRUE(heard.bytes == one) << one.size();
        answer(upstream, heard.from, heard.bytes);
        EXPECT_TRUE(hear(client) == one) << one.size();
    }
    EXPECT_TRUE(eventually([&] { return proxy->counters().datagrams.down == 4; }));
    const ProxyCounters counters = proxy->counters();
    EXPECT_EQ(counters.datagrams.up, 4u);
    EXPECT_EQ(counters.received_up, 65'510u);
    EXPECT_EQ(counters.sent_down, 65'510u);
    EXPECT_EQ(counters.connections, 1u);
    EXPECT_EQ(counters.open, 1u);
}

TEST_F(ThroughUdp, EachClientHasASocketOfItsOwnTowardsTheUpstream) {
    const Fd first = client_of(proxy->listen());
    const Fd second = client_of(proxy->listen());
    say(first, "1");
    const Heard from_first = hear_from(upstream);
    say(second, "2");
    const Heard from_second = hear_from(upstream);
    EXPECT_NE(from_first.from.text(), from_second.from.text());
    answer(upstream, from_second.from, "to 2");
    answer(upstream, from_first.from, "to 1");
    EXPECT_EQ(hear(first), "to 1");
    EXPECT_EQ(hear(second), "to 2");
    const auto rows = engine.connections();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].client, address_of(second));
    EXPECT_EQ(rows[1].upstream, address_of(upstream));
    EXPECT_EQ(rows[1].number, 2);
}

TEST_F(ThroughUdp, AStrangerIsNotTheUpstream) {
    const Fd client = client_of(proxy->listen());
    say(client, "q");
    const Heard heard = hear_from(upstream);
    const Fd stranger = udp_socket();
    answer(stranger, heard.from, "forged");
    answer(upstream, heard.from, "a");
    EXPECT_EQ(hear(client), "a");
    EXPECT_TRUE(is_silent(client));
}

TEST_F(ThroughUdp, AnAnswerComesFromTheAddressThatWasAsked) {
    // Bound to every address it is asked at 127.0.0.2; from 127.0.0.1 the client would not take it.
    for (const char* listen : {":0", "0.0.0.0:0"}) {
        ProxyPlan everywhere = plan();
        everywhere.listen = listen;
        const auto wide = engine.open(everywhere);
        const std::string port = wide->listen().substr(wide->listen().rfind(':'));
        const Fd client = client_of("127.0.0.2" + port);
        say(client, "q");
        answer(upstream, hear_from(upstream).from, "a");
        EXPECT_EQ(hear(client), "a");
    }
}

TEST_F(ThroughUdp, AnUpstreamMayBeAName) {
    const std::string port = std::to_string(own_address_of(upstream.get()).port());
    ProxyPlan named = plan();
    named.upstream = "localhost:" + port;
    const auto there = engine.open(named);
    const Fd client = client_of(there->listen());
    say(client, "1");
    say(client, "2");
    EXPECT_EQ(hear(upstream), "1");
    EXPECT_EQ(hear(upstream), "2");
}

TEST_F(ThroughUdp, AnUpstreamThatDoesNotResolveEndsTheConnection) {
    ProxyPlan lost = plan();
    lost.name = "n";
    lost.upstream = "no-such-host.invalid:53";
    const auto there = engine.open(lost);
    const Fd client = client_of(there->listen());
    say(client, "q");
    EXPECT_TRUE(witness.waits_for("n failed 1: lookup no-such-host.invalid: no such host"));
    EXPECT_TRUE(witness.waits_for("n closed 1 by upstream: 0 up, 0 down"));
}

TEST_F(ThroughUdp, AnUpstreamThatIsNotThereIsCountedAndSaid) {
    // The kernel answers with ICMP; the proxy's socket sees ECONNREFUSED, and goes on.
    ProxyPlan dead = plan();
    dead.name = "d";
    {
        const Fd gone = udp_socket();
        dead.upstream = address_of(gone);
    }
    const auto there = engine.open(dead);
    const Fd client = client_of(there->listen());
    say(client, "q");
    EXPECT_TRUE(witness.waits_for("d 1 unreachable: Connection refused"));
    EXPECT_TRUE(eventually([&] { return there->counters().datagrams.unreachable >= 1; }));
    say(client, "q");
    EXPECT_TRUE(eventually([&] { return there->counters().datagrams.unreachable >= 2; }));
    const auto said = witness.said();
    EXPECT_EQ(std::count(said.begin(), said.end(), "d 1 unreachable: Connection refused"), 1);
    EXPECT_EQ(there->counters().open, 1u);
}

TEST_F(ThroughUdp, ADelayHoldsEachWayByItself) {
    // 30 ms up and 20 ms down: no answer can be here before 50 ms have passed.
    proxy->set_rules({datagram_rule("u", DatagramDelay{.delay = 30ms}),
                      datagram_rule("d", DatagramDelay{.delay = 20ms}, Way::down)});
    const Fd client = client_of(proxy->listen());
    const auto began = std::chrono::steady_clock::now();
    say(client, "q");
    const Heard heard = hear_from(upstream);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 30ms);
    answer(upstream, heard.from, "a");
    EXPECT_EQ(hear(client), "a");
    EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms);
    EXPECT_TRUE(witness.waits_for("p 1 meets u"));
    EXPECT_TRUE(witness.waits_for("p 1 meets d"));
    EXPECT_TRUE(eventually([&] { return proxy->counters().late_items == 2; }));
}

// The first datagrams of clients one after the other, those that arrive, at this seed.
std::vector<std::string> arrivals(std::uint64_t seed, const DatagramPlan& fault, int count) {
    Witnessing nobody;
    Engine engine{{.workers = 2, .seed = seed}, nobody};
    const Fd upstream = udp_socket();
    ProxyPlan plan;
    plan.name = "p";
    plan.listen = "127.0.0.1:0";
    plan.upstream = address_of(upstream);
    plan.protocol = Protocol::udp;
    plan.rules = {datagram_rule("f", fault)};
    const auto proxy = engine.open(plan);
    const Fd client = client_of(proxy->listen());
    for (int i = 0; i < count; ++i) say(client, std::to_string(i));
    EXPECT_TRUE(eventually([&] {
        const ProxyCounters c = proxy->counters();
        return c.datagrams.up + c.datagrams.lost ==
               static_cast<std::uint64_t>(count) + c.datagrams.duplicated;
    }));
    std::vector<std::string> got;
    while (got.size() < proxy->counters().datagrams.up) got.push_back(hear(upstream));
    EXPECT_TRUE(is_silent(upstream));
    return got;
}

TEST(Udp, TheSameSeedLosesTheSame) {
    const DatagramPlan loss = DatagramLoss{Probability{0.3}, {}};
    const auto first = arrivals(1, loss, 200);
    EXPECT_GT(first.size(), 110u);
    EXPECT_LT(first.size(), 170u);
    EXPECT_EQ(first, arrivals(1, loss, 200));
    EXPECT_NE(first, arrivals(2, loss, 200));
}

TEST(Udp, TheSameSeedDoublesAndReordersTheSame) {
    const DatagramPlan twice = DatagramDuplicate{Probability{0.3}};
    EXPECT_GT(arrivals(1, twice, 100).size(), 115u);
    EXPECT_EQ(arrivals(1, twice, 100), arrivals(1, twice, 100));
    const DatagramPlan reorder = DatagramReorder{Probability{0.3}, 2, 200ms};
    const auto first = arrivals(1, reorder, 100);
    EXPECT_EQ(first.size(), 100u);
    EXPECT_FALSE(std::is_sorted(first.begin(), first.end(), [](const auto& a, const auto& b) {
        return std::stoi(a) < std::stoi(b);
    }));
    EXPECT_EQ(first, arrivals(1, reorder, 100));
}

TEST_F(ThroughUdp, DamageIsSeenByWhoeverReceives) {
    // The checksum is right again: what the kernel would drop arrives.
    proxy->set_rules({datagram_rule("c", DatagramCorrupt{Probability{1}})});
    const Fd client = client_of(proxy->listen());
    say(client, std::string(100, '\0'));
    const std::string got = hear(upstream);
    ASSERT_EQ(got.size(), 100u);
    EXPECT_EQ(std::count(got.begin(), got.end(), '\0'), 0);
    EXPECT_TRUE(eventually([&] { return proxy->counters().datagrams.corrupted == 1; }));
}

TEST_F(ThroughUdp, HeldBackTheyAreLimitedAndPassOnWhenTheFaultGoes) {
    // 1 MiB of queue: of 40 datagrams of 60,000 bytes 17 find room.
    proxy->set_rules({datagram_rule("hold", DatagramThrottle{})});
    const Fd client = client_of(proxy->listen());
    for (int i = 0; i < 40; ++i) {
        say(client, std::string(60'000, static_cast<char>('A' + i)));
        EXPECT_TRUE(eventually([&] {
            const auto rows = engine.connections();
            return !rows.empty() && rows[0].held / 60'000 + proxy->counters().datagrams.dropped ==
                                        static_cast<std::uint64_t>(i) + 1;
        }));
    }
    EXPECT_EQ(engine.connections()[0].held, 17u * 60'000);
    EXPECT_EQ(proxy->counters().datagrams.dropped, 23u);
    EXPECT_TRUE(is_silent(upstream));
    proxy->set_rules({});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(hear(upstream)[0], 'A' + i);
}

TEST_F(ThroughUdp, WhatThrowsAllAwayCanEndTheConnection) {
    proxy->set_rules({datagram_rule("t", DatagramDiscard{.idle = 1ms})});
    const Fd client = client_of(proxy->listen());
    say(client, "q");
    EXPECT_TRUE(witness.waits_for("p closed 1 by rule: 0 up, 0 down"));
    EXPECT_EQ(proxy->counters().datagrams.lost, 1u);
    EXPECT_TRUE(is_silent(upstream));
}

TEST_F(ThroughUdp, AnIdleConnectionEndsAndTheNextDatagramBeginsAnother) {
    ProxyPlan short_lived = plan();
    short_lived.name = "s";
    short_lived.idle_timeout = 1ms;
    const auto there = engine.open(short_lived);
    const Fd client = client_of(there->listen());
    say(client, "q");
    EXPECT_EQ(hear(upstream), "q");
    EXPECT_TRUE(witness.waits_for("s closed 1 by idle: 1 up, 0 down"));
    EXPECT_TRUE(eventually([&] { return engine.connections().empty(); }));
    say(client, "again");
    EXPECT_EQ(hear(upstream), "again");
    EXPECT_TRUE(witness.waits_for("s closed 2 by idle: 5 up, 0 down"));
}

TEST_F(ThroughUdp, WhatIsUnderWayKeepsAConnectionAlive) {
    // It is idle for 100 times its limit, and the datagram still arrives.
    ProxyPlan short_lived = plan({datagram_rule("d", DatagramDelay{.delay = 100ms})});
    short_lived.name = "s";
    short_lived.idle_timeout = 1ms;
    const auto there = engine.open(short_lived);
    const Fd client = client_of(there->listen());
    say(client, "late");
    EXPECT_EQ(hear(upstream), "late");
    EXPECT_TRUE(witness.waits_for("s closed 1 by idle: 4 up, 0 down"));
}

TEST_F(ThroughUdp, KillEndsOneConnection) {
    const Fd first = client_of(proxy->listen());
    const Fd second = client_of(proxy->listen());
    say(first, "1");
    EXPECT_EQ(hear(upstream), "1");
    say(second, "2");
    EXPECT_EQ(hear(upstream), "2");
    const auto rows = engine.connections();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_TRUE(engine.kill(rows[0].id));
    EXPECT_TRUE(witness.waits_for("p closed 1 by api: 1 up, 0 down"));
    EXPECT_TRUE(eventually([&] { return !engine.kill(rows[0].id); }));
    say(second, "3");
    EXPECT_EQ(hear(upstream), "3");
}

TEST_F(ThroughUdp, SelectorsPickClients) {
    ProxyRule second_only = datagram_rule("n", DatagramDiscard{});
    second_only.selectors.nth = 2;
    proxy->set_rules({second_only});
    const Fd first = client_of(proxy->listen());
    const Fd second = client_of(proxy->listen());
    say(first, "1");
    EXPECT_EQ(hear(upstream), "1");
    say(second, "2");
    EXPECT_TRUE(witness.waits_for("p 2 meets n"));
    EXPECT_TRUE(eventually([&] { return proxy->counters().datagrams.lost == 1; }));
    const auto rows = engine.connections();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_THAT(rows[0].rules, testing::IsEmpty());
    EXPECT_THAT(rows[1].rules, ElementsAre("n"));
}

TEST_F(ThroughUdp, AWindowOpens) {
    const Fd client = client_of(proxy->listen());
    say(client, "before");
    EXPECT_EQ(hear(upstream), "before");
    ProxyRule soon = datagram_rule("w", DatagramDiscard{});
    soon.selectors.begins = 10ms;
    proxy->set_rules({soon});
    EXPECT_TRUE(witness.waits_for("p 1 meets w"));
    say(client, "lost");
    EXPECT_TRUE(eventually([&] { return proxy->counters().datagrams.lost == 1; }));
}

TEST_F(ThroughUdp, AWindowShuts) {
    const Fd client = client_of(proxy->listen());
    say(client, "before");
    EXPECT_EQ(hear(upstream), "before");
    ProxyRule brief = datagram_rule("w", DatagramDiscard{});
    brief.selectors.lasts = 10ms;
    const auto began = std::chrono::steady_clock::now();
    proxy->set_rules({brief});
    EXPECT_TRUE(eventually([&] {
        return std::chrono::steady_clock::now() - began > 10ms &&
               engine.connections()[0].rules.empty();
    }));
    say(client, "after");
    EXPECT_EQ(hear(upstream), "after");
}

TEST_F(ThroughUdp, StoppedItsPortIsFreeAtOnceAndItsSocketsAreGone) {
    // As an update does it: the same address again, at once, many times over.
    const auto open_files = [] {
        std::size_t count = 0;
        for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1u : 0u;
        return count;
    };
    engine.open(plan());  // on the other worker, whose loop takes its descriptors with the first
    const std::size_t before = open_files();
    const std::string address = proxy->listen();
    const Fd client = client_of(address);
    for (int i = 0; i < 200; ++i) {
        say(client, "x");
        EXPECT_EQ(hear(upstream), "x");
        proxy.reset();
        ProxyPlan again = plan();
        again.listen = address;
        proxy = engine.open(again);
    }
    EXPECT_TRUE(witness.waits_for("p closed 1 by stop: 1 up, 0 down"));
    EXPECT_TRUE(eventually([&] { return engine.connections().empty(); }));
    EXPECT_TRUE(eventually([&] { return open_files() <= before + 1; })) << open_files();
}

TEST_F(ThroughUdp, AnAddressInUseSaysSo) {
    ProxyPlan second = plan();
    second.listen = proxy->listen();
    try {
        engine.open(second);
        FAIL();
    } catch (const ListenError& error) {
        EXPECT_EQ(error.what(), "listen udp " + proxy->listen() + ": bind: address already in use");
    }
}

TEST_F(ThroughUdp, OutOfDescriptorsItSaysSoAndRecovers) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const Fd client = client_of(proxy->listen());
    const Fd other = client_of(proxy->listen());
    say(client, "1");
    EXPECT_EQ(hear(upstream), "1");
    std::vector<Fd> hoard;
    rlimit small = limit;
    small.rlim_cur = 256;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
    while (true) {
        Fd one{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        if (!one) break;
        hoard.push_back(std::move(one));
    }
    say(other, "lost");
    EXPECT_TRUE(witness.waits_for("p paused: too many open files"));
    say(client, "2");
    EXPECT_EQ(hear(upstream), "2");
    hoard.clear();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    say(other, "3");
    EXPECT_EQ(hear(upstream), "3");
    EXPECT_TRUE(witness.waits_for("p resumed"));
    EXPECT_EQ(proxy->counters().datagrams.dropped, 1u);
}

}  // namespace
}  // namespace etimedout
