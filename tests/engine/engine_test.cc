// The data path on real loopback sockets: what goes in comes out, and ends are ends.
#include <cstring>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "simulator/base/rng.hh"
#include "tests/engine/loopback.hh"

namespace etimedout {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

struct ThroughProxy : testing::Test {
    Witnessing witness;
    Engine engine{{.workers = 2, .seed = 1}, witness};
    Listener upstream;
    std::unique_ptr<RunningProxy> proxy = open({});

    std::unique_ptr<RunningProxy> open(std::vector<ProxyRule> rules) {
        ProxyPlan plan;
        plan.name = "p";
        plan.listen = "127.0.0.1:0";
        plan.upstream = upstream.address();
        plan.rules = std::move(rules);
        return engine.open(std::move(plan));
    }
    struct Ends {
        Fd client;
        Fd server;
    };
    Ends connected() {
        Fd client = connect_to(proxy->listen());
        Fd server = upstream.accept();
        return {std::move(client), std::move(server)};
    }
};

ProxyRule rule(std::string id, ToxicPlan plan, Way way = Way::down) {
    ProxyRule made;
    made.id = std::move(id);
    made.plan = std::move(plan);
    made.way = way;
    return made;
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    Rng rng{42, "pattern"};
    for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t word = rng.next();
        std::memcpy(text.data() + at, &word, std::min<std::size_t>(8, size - at));
    }
    return text;
}

TEST_F(ThroughProxy, BytesPassBothWays) {
    auto [client, server] = connected();
    send_all(client, "question");
    EXPECT_EQ(receive(server, 8), "question");
    send_all(server, "answer");
    EXPECT_EQ(receive(client, 6), "answer");
    EXPECT_EQ(proxy->counters().open, 1u);
    EXPECT_TRUE(eventually([&] { return proxy->counters().sent_down == 6; }));
}

TEST_F(ThroughProxy, HalfCloseIsKept) {
    // The client has said all it has to say, and still gets its answer.
    auto [client, server] = connected();
    send_all(client, "question");
    say_fin(client);
    EXPECT_EQ(receive_rest(server).bytes, "question");
    send_all(server, "answer");
    say_fin(server);
    const Rest rest = receive_rest(client);
    EXPECT_EQ(rest.bytes, "answer");
    EXPECT_FALSE(rest.reset);
    EXPECT_TRUE(witness.waits_for("p closed 1 by upstream: 8 up, 6 down"));
}

TEST_F(ThroughProxy, AResetIsAReset) {
    auto [client, server] = connected();
    send_all(client, "q");
    EXPECT_EQ(receive(server, 1), "q");
    reset(std::move(client));
    EXPECT_TRUE(receive_rest(server).reset);
    auto [client2, server2] = connected();
    reset(std::move(server2));
    EXPECT_TRUE(receive_rest(client2).reset);
}

TEST_F(ThroughProxy, AnUpstreamThatRefusesBecomesAReset) {
    Fd closed_port;
    std::string nobody;
    {
        const Listener gone;
        nobody = gone.address();
    }
    ProxyPlan plan;
    plan.name = "r";
    plan.listen = "127.0.0.1:0";
    plan.upstream = nobody;
    const auto refused = engine.open(plan);
    const Fd client = connect_to(refused->listen());
    EXPECT_TRUE(receive_rest(client).reset);
    EXPECT_TRUE(witness.waits_for("r failed 1: Connection refused"));
}

TEST_F(ThroughProxy, AnUpstreamThatDoesNotResolveHurtsNobodyElse) {
    ProxyPlan plan;
    plan.name = "n";
    plan.listen = "127.0.0.1:0";
    plan.upstream = "no-such-host.invalid:80";
    const auto lost = engine.open(plan);
    const Fd client = connect_to(lost->listen());
    auto [good, server] = connected();
    send_all(good, "x");
    EXPECT_EQ(receive(server, 1), "x");
    EXPECT_TRUE(receive_rest(client).reset);
}

TEST_F(ThroughProxy, AHundredMegabytesArriveUnchangedWhileFaultsComeAndGo) {
    // From splice to queues and back, several hundred times.
    auto [client, server] = connected();
    const std::string block = pattern(1 << 20);
    constexpr int blocks = 100;
    std::thread sender{[&server = server, &block] {
        for (int i = 0; i < blocks; ++i) send_all(server, block);
        say_fin(server);
    }};
    std::atomic<bool> done{false};
    std::thread changer{[&] {
        for (int i = 0; !done; ++i) {
            std::vector<ProxyRule> rules;
            if (i % 2 == 0) {
                rules.push_back(rule("d" + std::to_string(i), FlowPlan{FlowDelay{.delay = 1ms}}));
            }
            if (i % 5 == 0) {
                rules.push_back(rule("s" + std::to_string(i),
                                     FlowPlan{FlowSlice{.average = 9000, .variation = 100}}));
            }
            proxy->set_rules(rules);
        }
        proxy->set_rules({});
    }};
    bool same = true;
    for (int i = 0; i < blocks; ++i) same = same && receive(client, block.size()) == block;
    EXPECT_TRUE(receive_rest(client).bytes.empty());
    done = true;
    sender.join();
    changer.join();
    EXPECT_TRUE(same);
}

TEST_F(ThroughProxy, ADelayHoldsEachWayByItself) {
    // 30 ms up and 20 ms down: no answer can be here before 50 ms have passed.
    proxy->set_rules({rule("u", FlowPlan{FlowDelay{.delay = 30ms}}, Way::up),
                      rule("d", FlowPlan{FlowDelay{.delay = 20ms}}, Way::down)});
    auto [client, server] = connected();
    const auto began = std::chrono::steady_clock::now();
    send_all(client, "q");
    EXPECT_EQ(receive(server, 1), "q");
    EXPECT_GE(std::chrono::steady_clock::now() - began, 30ms);
    send_all(server, "a");
    EXPECT_EQ(receive(client, 1), "a");
    EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms);
    EXPECT_TRUE(witness.waits_for("p 1 meets u"));
    EXPECT_TRUE(witness.waits_for("p 1 meets d"));
}

TEST_F(ThroughProxy, RateZeroKeepsTheDataUntilItIsGone) {
    proxy->set_rules({rule("cut", FlowPlan{FlowThrottle{}}, Way::up)});
    auto [client, server] = connected();
    send_all(client, "kept");
    EXPECT_TRUE(eventually([&] {
        const auto rows = engine.connections();
        return rows.size() == 1 && rows[0].held == 4;
    }));
    proxy->set_rules({});
    EXPECT_EQ(receive(server, 4), "kept");
}

TEST_F(ThroughProxy, AResetFaultOnAnOpenConnectionIsARst) {
    auto [client, server] = connected();
    send_all(client, "q");
    EXPECT_EQ(receive(server, 1), "q");
    proxy->set_rules({rule("r", FlowPlan{FlowReset{}})});
    EXPECT_TRUE(witness.waits_for("p 1 meets r"));
    send_all(server, "lost");
    EXPECT_TRUE(receive_rest(client).reset);
    EXPECT_TRUE(receive_rest(server).reset);
}

TEST_F(ThroughProxy, ACutEndsInOrderBehindItsBytes) {
    proxy->set_rules({rule("c", FlowPlan{FlowCut{5, CutHow::fin}})});
    auto [client, server] = connected();
    send_all(server, "0123456789");
    const Rest rest = receive_rest(client);
    EXPECT_EQ(rest.bytes, "01234");
    EXPECT_FALSE(rest.reset);
    client.reset();
    server.reset();
    EXPECT_TRUE(witness.waits_for("p closed 1 by rule: 0 up, 5 down"));
}

TEST_F(ThroughProxy, ABoundedQueuePushesBack) {
    // What is kept back is bounded: the sender cannot get rid of more than the queue and the
    // sockets' own buffers.
    Engine small{{.workers = 1, .seed = 1, .largest_queue = 100'000}, witness};
    ProxyPlan plan;
    plan.name = "b";
    plan.listen = "127.0.0.1:0";
    plan.upstream = upstream.address();
    plan.rules = {rule("cut", FlowPlan{FlowThrottle{}}, Way::up)};
    const auto bounded = small.open(plan);
    const Fd client = connect_to(bounded->listen());
    const Fd server = upstream.accept();
    std::thread sender{[&client] { send_all(client, pattern(20 << 20)); }};
    EXPECT_TRUE(eventually([&] { return small.connections()[0].held >= 100'000; }));
    EXPECT_LE(small.connections()[0].held, 100'000u + 32'768u);
    bounded->set_rules({});
    EXPECT_EQ(receive(server, 20 << 20), pattern(20 << 20));
    sender.join();
}

TEST_F(ThroughProxy, SixtyFiveThousandSmallWritesKeepTheirOrder) {
    // Two bytes each, while a delay comes and goes in a tight loop.
    auto [client, server] = connected();
    std::thread sender{[&client = client] {
        for (std::uint32_t i = 0; i < 65'535; ++i) {
            const char two[2] = {static_cast<char>(i >> 8U), static_cast<char>(i & 255U)};
            send_all(client, {two, 2});
        }
        say_fin(client);
    }};
    std::atomic<bool> done{false};
    std::thread changer{[&] {
        for (int i = 0; !done; ++i) {
            proxy->set_rules({rule("d" + std::to_string(i),
                                   FlowPlan{FlowDelay{.delay = 1ms, .jitter = 1ms}}, Way::up)});
            proxy->set_rules({});
        }
    }};
    const std::string got = receive(server, 131'070);
    done = true;
    sender.join();
    changer.join();
    ASSERT_EQ(got.size(), 131'070u);
    int wrong = 0;
    for (std::uint32_t i = 0; i < 65'535; ++i) {
        const bool right = got[2 * i] == static_cast<char>(i >> 8U) &&
                           got[2 * i + 1] == static_cast<char>(i & 255U);
        if (!right) ++wrong;
    }
    EXPECT_EQ(wrong, 0);
}

TEST_F(ThroughProxy, KillResetsOneConnection) {
    auto [first, first_server] = connected();
    auto [second, second_server] = connected();
    const auto rows = engine.connections();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_TRUE(engine.kill(rows[0].id));
    EXPECT_TRUE(receive_rest(first).reset);
    send_all(second, "x");
    EXPECT_EQ(receive(second_server, 1), "x");
    EXPECT_TRUE(eventually([&] { return !engine.kill(rows[0].id); }));
}

TEST_F(ThroughProxy, StoppedItSaysFinAndItsPortIsFree) {
    auto [client, server] = connected();
    const std::string where = proxy->listen();
    proxy.reset();
    ProxyPlan plan;
    plan.name = "again";
    plan.listen = where;
    plan.upstream = upstream.address();
    proxy = engine.open(plan);
    EXPECT_EQ(proxy->listen(), where);
    const Rest rest = receive_rest(client);
    EXPECT_FALSE(rest.reset);
}

TEST_F(ThroughProxy, ThousandsOfConnectionsLeaveNothing) {
    // Opened, idle, closed: every descriptor comes back.
    const auto open_files = [] {
        std::size_t count = 0;
        for (int fd = 0; fd < 20'000; ++fd) {
            if (::fcntl(fd, F_GETFD) != -1) ++count;
        }
        return count;
    };
    const std::size_t before = open_files();
    {
        std::vector<Ends> all;
        for (int i = 0; i < 200; ++i) all.push_back(connected());
        EXPECT_TRUE(eventually([&] { return proxy->counters().open == 200; }));
    }
    EXPECT_TRUE(eventually([&] { return proxy->counters().open == 0; }));
    EXPECT_TRUE(eventually([&] { return engine.connections().empty(); }));
    // A few pipes stay for the next bytes.
    EXPECT_TRUE(eventually([&] { return open_files() <= before + 8; })) << open_files();
}

TEST_F(ThroughProxy, OutOfDescriptorsItPausesAndRecovers) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    auto [client, server] = connected();
    Fd waiting = connect_to(proxy->listen());
    Fd waiting_server = upstream.accept();
    // No descriptor is left for the next one; our own sockets are open already.
    const Fd next{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    std::vector<Fd> hoard;
    rlimit small = limit;
    small.rlim_cur = 256;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
    while (true) {
        Fd one{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        if (!one) break;
        hoard.push_back(std::move(one));
    }
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(static_cast<std::uint16_t>(
        std::stoi(proxy->listen().substr(proxy->listen().rfind(':') + 1))));
    ASSERT_EQ(::connect(next.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
    EXPECT_TRUE(witness.waits_for("p paused: too many open files"));
    hoard.clear();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    const Fd late = upstream.accept();
    send_all(next, "x");
    EXPECT_EQ(receive(late, 1), "x");
    EXPECT_TRUE(witness.waits_for("p resumed"));
}

TEST_F(ThroughProxy, TheSameSeedDecidesTheSame) {
    // Half of the connections, the same half with the same seed.
    const auto affected = [&](std::uint64_t seed) {
        Witnessing seen;
        Engine own{{.workers = 2, .seed = seed}, seen};
        ProxyPlan plan;
        plan.name = "p";
        plan.listen = "127.0.0.1:0";
        plan.upstream = upstream.address();
        ProxyRule half = rule("half", FlowPlan{FlowLateEnd{}});
        half.toxicity = 0.5;
        plan.rules = {half};
        const auto there = own.open(plan);
        std::set<std::string> met;
        for (int i = 0; i < 40; ++i) {
            const Fd client = connect_to(there->listen());
            const Fd server = upstream.accept();
            send_all(client, "x");
            EXPECT_EQ(receive(server, 1), "x");
        }
        for (const std::string& line : seen.said()) {
            if (line.find(" meets ") != std::string::npos) met.insert(line);
        }
        return met;
    };
    const auto first = affected(1);
    EXPECT_GT(first.size(), 8u);
    EXPECT_LT(first.size(), 32u);
    EXPECT_EQ(first, affected(1));
    EXPECT_NE(first, affected(2));
}

}  // namespace
}  // namespace etimedout
