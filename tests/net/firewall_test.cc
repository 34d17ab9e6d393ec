// Firewall faults on a real kernel, the same tests for both back ends.
#include <algorithm>
#include <array>

#include <gtest/gtest.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

constexpr std::uint16_t server_port = 80;
constexpr std::uint16_t other_port = 81;

class FirewallTest : public ::testing::TestWithParam<FirewallBackend> {
protected:
    void SetUp() override {
        if (std::ranges::count(usable_backends(), GetParam()) == 0) {
            GTEST_SKIP() << word_of(GetParam()) << " does not work here";
        }
        build(IpVersion::v4);
    }
    void build(IpVersion version) {
        // On a link without delay an ICMP error can find the socket still inside connect(), and
        // then takes effect with the next SYN, a second later.
        LinkSpec spec = TwoNodes::bare(version);
        spec.latency = 100us;
        nodes_ = std::make_unique<TwoNodes>(spec, GetParam());
        const bool v6 = version == IpVersion::v6;
        to_ = v6 ? link().addresses().far6 : link().addresses().far;
        server_ = listening(nodes_->far.get(), to_, server_port);
        other_server_ = listening(nodes_->far.get(), to_, other_port);
    }
    Link& link() { return *nodes_->link; }
    Attempt attempt(std::uint16_t to_port = server_port) {
        return Attempt{nodes_->near.get(), to_, to_port};
    }
    void arm(const std::string& id, const Fault& fault, const Selectors& selectors = {}) {
        link().arm({.id = id, .fault = fault, .selectors = selectors});
    }
    std::int64_t fired(const std::string& id) { return link().witness(id).fired; }
    std::int64_t matched(const std::string& id) { return link().witness(id).matched; }
    void expect_refused_once(const std::string& id) {
        if (link().shortfall().empty()) {
            EXPECT_EQ(fired(id), 1);
        } else {
            EXPECT_GE(fired(id), 1) << "a link without delay may need a second SYN";
        }
    }
    void expect_lost(Attempt& lost, const std::string& id) {
        EXPECT_TRUE(eventually([&] { return fired(id) >= 1; })) << id;
        EXPECT_EQ(lost.state(), EINPROGRESS);
    }
    // Sends one byte; whether it arrives at the server's end.
    static bool passes(const Attempt& from, const Fd& to) {
        if (::send(from.fd(), "x", 1, MSG_NOSIGNAL) != 1) return false;
        pollfd readable{.fd = to.get(), .events = POLLIN, .revents = 0};
        return ::poll(&readable, 1, 50) == 1;
    }

    std::unique_ptr<TwoNodes> nodes_;
    std::string to_;
    Fd server_;
    Fd other_server_;
};

struct RefusalCase {
    Refusal refusal;
    int error;
    int error6;  // RFC 4443 has fewer codes
};

constexpr std::array refusals{RefusalCase{Refusal::tcp_reset, ECONNREFUSED, ECONNREFUSED},
                              RefusalCase{Refusal::net_unreachable, ENETUNREACH, ENETUNREACH},
                              RefusalCase{Refusal::host_unreachable, EHOSTUNREACH, EHOSTUNREACH},
                              RefusalCase{Refusal::protocol_unreachable, ENOPROTOOPT, ECONNREFUSED},
                              RefusalCase{Refusal::port_unreachable, ECONNREFUSED, ECONNREFUSED},
                              RefusalCase{Refusal::net_prohibited, ENETUNREACH, EACCES},
                              RefusalCase{Refusal::host_prohibited, EHOSTUNREACH, EACCES},
                              RefusalCase{Refusal::admin_prohibited, EHOSTUNREACH, EACCES}};

TEST_P(FirewallTest, EachRefusalIsItsErrno) {
    // The kernel turns the router's answer into an errno of connect (tcp_v4_err).
    for (const auto& [refusal, error, error6] : refusals) {
        arm("refuse", Reject{refusal});
        EXPECT_EQ(attempt().result(), error) << word_of(refusal);
        expect_refused_once("refuse");
        link().heal("refuse");
    }
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, EachRefusalIsItsErrnoOverIpv6) {
    // The nearest code of RFC 4443, through tcp_v6_err.
    build(IpVersion::v6);
    for (const auto& [refusal, error, error6] : refusals) {
        arm("refuse", Reject{refusal});
        EXPECT_EQ(attempt().result(), error6) << word_of(refusal);
        expect_refused_once("refuse");
        link().heal("refuse");
    }
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, ABlackholeIsSilence) {
    // The SYN is dropped and nothing is sent in its place.
    arm("hole", Blackhole{});
    Attempt lost = attempt();
    expect_lost(lost, "hole");
    EXPECT_EQ(matched("hole"), fired("hole"));
}

TEST_P(FirewallTest, ABlackholedConnectEndsInEtimedout) {
    // Two SYNs, 1 and 2 seconds apart, then the kernel gives up: 3 s, timers up to 5 % late.
    if (!in_virtual_time()) GTEST_SKIP() << "takes three seconds where time is real";
    {
        const NamespaceGuard inside{nodes_->near.get()};
        write_sysctl("net.ipv4.tcp_syn_retries", "1");
        pin_habits_of("linux-6.1");
    }
    arm("hole", Blackhole{});
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(attempt().result(10s), ETIMEDOUT);
    const Duration taken = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(taken, 3s);
    EXPECT_LE(taken, 3200ms);
    EXPECT_EQ(fired("hole"), 2);
}

TEST_P(FirewallTest, WithoutPhaseOpenConnectionsSuffer) {
    // A dropped segment of an open connection does not arrive.
    Attempt open = attempt();
    ASSERT_EQ(open.result(), 0);
    const Fd accepted{::accept(server_.get(), nullptr, nullptr)};
    ASSERT_TRUE(passes(open, accepted));
    arm("hole", Blackhole{});
    EXPECT_TRUE(eventually([&] { return open.state() == 0; }));
    char byte = 0;
    ASSERT_EQ(::recv(accepted.get(), &byte, 1, 0), 1);
    EXPECT_FALSE(passes(open, accepted));
    EXPECT_GE(fired("hole"), 1);
}

TEST_P(FirewallTest, PhaseSynLosesTheFirstPacketAlone) {
    // New connections fail, open ones go on.
    Attempt open = attempt();
    ASSERT_EQ(open.result(), 0);
    const Fd accepted{::accept(server_.get(), nullptr, nullptr)};
    arm("hole", Blackhole{}, {.phase = Phase::syn});
    EXPECT_TRUE(passes(open, accepted));
    EXPECT_EQ(matched("hole"), 0);
    Attempt lost = attempt();
    expect_lost(lost, "hole");
}

TEST_P(FirewallTest, PhaseSynAckLosesTheAnswer) {
    // The server answers, the answer is lost: SYN and SYN-ACK at the far end, SYN alone at the
    // near one.
    arm("hole", Blackhole{}, {.phase = Phase::syn_ack});
    PacketWatch far{link().router_namespace(), link().far_interface()};
    PacketWatch near{link().router_namespace(), link().near_interface()};
    Attempt lost = attempt();
    expect_lost(lost, "hole");
    EXPECT_EQ(far.count(), 2);
    EXPECT_EQ(near.count(), 1);
}

TEST_P(FirewallTest, PhaseEstablishedLetsTheHandshakeThrough) {
    // SYN and SYN-ACK pass, so the caller is connected; its last ACK and its data are lost.
    arm("hole", Blackhole{}, {.phase = Phase::established});
    Attempt connected = attempt();
    EXPECT_EQ(connected.result(), 0);
    EXPECT_TRUE(eventually([&] { return fired("hole") >= 1; }));
    const auto before = fired("hole");
    EXPECT_EQ(::send(connected.fd(), "x", 1, MSG_NOSIGNAL), 1);
    EXPECT_TRUE(eventually([&] { return fired("hole") > before; }));
}

TEST_P(FirewallTest, ResetInMidStreamIsEconnreset) {
    // A data segment is answered with a reset that fits the connection.
    Attempt open = attempt();
    ASSERT_EQ(open.result(), 0);
    arm("cut", Reject{Refusal::tcp_reset}, {.phase = Phase::established});
    ASSERT_EQ(::send(open.fd(), "x", 1, MSG_NOSIGNAL), 1);
    pollfd readable{.fd = open.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&readable, 1, 5000), 1);
    char byte = 0;
    EXPECT_EQ(::recv(open.fd(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(FirewallTest, DirectionUpStopsItBeforeTheFarEnd) {
    // What is dropped going up never reaches the far cable.
    arm("hole", Blackhole{}, {.direction = Direction::up});
    PacketWatch far{link().router_namespace(), link().far_interface()};
    Attempt lost = attempt();
    expect_lost(lost, "hole");
    EXPECT_EQ(far.count(), 0);
}

TEST_P(FirewallTest, DirectionDownLetsTheSynThrough) {
    // The SYN arrives, its answer is dropped in the router.
    arm("hole", Blackhole{}, {.direction = Direction::down});
    PacketWatch far{link().router_namespace(), link().far_interface()};
    Attempt lost = attempt();
    expect_lost(lost, "hole");
    EXPECT_EQ(far.count(), 2);
}

TEST_P(FirewallTest, PortSelectsTheCalleesPort) {
    // Both ways: the destination going up, the source going down; a neighbour is left alone.
    for (const Direction direction : {Direction::up, Direction::down}) {
        arm("hole", Blackhole{}, {.direction = direction, .port = Port{server_port}});
        EXPECT_EQ(attempt(other_port).result(), 0);
        EXPECT_EQ(matched("hole"), 0);
        Attempt lost = attempt();
        expect_lost(lost, "hole");
        link().heal("hole");
    }
}

TEST_P(FirewallTest, SourceSelectsWhoBegan) {
    // An address or a network; traffic of another caller is none of its business.
    for (const Direction direction : {Direction::up, Direction::down}) {
        for (const char* source : {"10.1.1.2", "10.1.1.0/24"}) {
            arm("hole", Blackhole{}, {.direction = direction, .source = source});
            Attempt lost = attempt();
            expect_lost(lost, "hole");
            link().heal("hole");
        }
        arm("other", Blackhole{}, {.direction = direction, .source = "10.1.1.3"});
        EXPECT_EQ(attempt().result(), 0);
        EXPECT_EQ(matched("other"), 0);
        link().heal("other");
    }
}

TEST_P(FirewallTest, FirstTwoConnections) {
    // Two are refused, the third and fourth are not; all are matched.
    arm("first", Reject{Refusal::tcp_reset}, {.first = Count{2, {}}});
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    EXPECT_EQ(fired("first"), 2);
    const auto before = matched("first");
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(fired("first"), 2);
    EXPECT_GT(matched("first"), before);
}

TEST_P(FirewallTest, ARetransmittedSynIsTheSameConnection) {
    // The first connection's second SYN, a second later, is dropped as the first was, and uses up
    // no other connection's turn.
    arm("first", Blackhole{}, {.first = Count{1, {}}});
    Attempt lost = attempt();
    EXPECT_TRUE(eventually([&] { return fired("first") >= 2; }));
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(lost.state(), EINPROGRESS);
}

TEST_P(FirewallTest, TheSecondConnection) {
    // The first and the third get through.
    arm("nth", Reject{Refusal::tcp_reset}, {.nth = Count{2, {}}});
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(fired("nth"), 1);
}

TEST_P(FirewallTest, AShareOfConnections) {
    // 40 throws of a coin: 8 to 32 heads, but for one run in ten thousand.
    arm("some", Reject{Refusal::tcp_reset}, {.probability = Share{Probability{0.5}, {}}});
    int refused = 0;
    for (int i = 0; i < 40; ++i) refused += attempt().result() == ECONNREFUSED ? 1 : 0;
    EXPECT_GE(refused, 8);
    EXPECT_LE(refused, 32);
    EXPECT_EQ(fired("some"), refused);
    EXPECT_GE(matched("some"), 40);
}

TEST_P(FirewallTest, AShareIsDecidedOncePerConnection) {
    // With 80 % of connections lost, a lost one's retransmissions are lost too: were each packet
    // decided by itself, some of twenty would get through with their second SYN.
    arm("some", Blackhole{}, {.probability = Share{Probability{0.8}, {}}});
    std::vector<Attempt> attempts;
    for (int i = 0; i < 20; ++i) attempts.push_back(attempt());
    const auto pending = [&] {
        return std::ranges::count_if(attempts, [](Attempt& a) { return a.state() == EINPROGRESS; });
    };
    std::int64_t first_losses = 0;
    ASSERT_TRUE(eventually([&] {
        first_losses = pending();
        return fired("some") >= first_losses && matched("some") >= 20;
    }));
    EXPECT_TRUE(eventually([&] { return fired("some") >= 2 * first_losses; }));
    EXPECT_EQ(pending(), first_losses);
}

TEST_P(FirewallTest, AllOrNoneOfConnections) {
    // The ends of the scale are certain.
    arm("all", Reject{Refusal::tcp_reset}, {.probability = Share{Probability{1.0}, {}}});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt().result(), ECONNREFUSED);
    link().heal("all");
    arm("none", Reject{Refusal::tcp_reset}, {.probability = Share{Probability{0.0}, {}}});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt().result(), 0);
    EXPECT_GT(matched("none"), 0);
    EXPECT_EQ(fired("none"), 0);
}

TEST_P(FirewallTest, CountedConnectionsAreNewOnes) {
    // A connection that was open before is never among the first.
    Attempt open = attempt();
    ASSERT_EQ(open.result(), 0);
    const Fd accepted{::accept(server_.get(), nullptr, nullptr)};
    arm("first", Blackhole{}, {.first = Count{1, {}}});
    EXPECT_TRUE(passes(open, accepted));
    EXPECT_EQ(fired("first"), 0);
}

TEST_P(FirewallTest, ACountedConnectionIsFollowedInEachPhaseAndDirection) {
    // Chosen by its SYN, hit in its SYN-ACK; the second connection is not.
    arm("first", Blackhole{},
        {.direction = Direction::down, .phase = Phase::syn_ack, .first = Count{1, {}}});
    Attempt lost = attempt();
    expect_lost(lost, "first");
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, CountsBelongToThePort) {
    // Connections to another port are not counted.
    arm("first", Reject{Refusal::tcp_reset}, {.port = Port{server_port}, .first = Count{1, {}}});
    EXPECT_EQ(attempt(other_port).result(), 0);
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, BothIpVersionsOnOneLink) {
    // One rule serves both; nftables counts connections of both together.
    build(IpVersion::both);
    const Fd server6 = listening(nodes_->far.get(), link().addresses().far6, server_port);
    arm("refuse", Reject{Refusal::admin_prohibited});
    EXPECT_EQ(attempt().result(), EHOSTUNREACH);
    EXPECT_EQ(Attempt(nodes_->near.get(), link().addresses().far6, server_port).result(), EACCES);
    if (link().shortfall().empty()) {
        EXPECT_EQ(fired("refuse"), 2);
    }
    link().heal("refuse");
    arm("first", Reject{Refusal::tcp_reset}, {.first = Count{1, {}}});
    EXPECT_EQ(Attempt(nodes_->near.get(), link().addresses().far6, server_port).result(),
              ECONNREFUSED);
    EXPECT_EQ(attempt().result(), GetParam() == FirewallBackend::nftables ? 0 : ECONNREFUSED);
}

TEST_P(FirewallTest, HealingKeepsTheWitnessAndOtherFaults) {
    // Arming and healing one fault neither forgets another's connections nor its counters.
    arm("first", Reject{Refusal::tcp_reset}, {.port = Port{server_port}, .first = Count{1, {}}});
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    arm("hole", Blackhole{}, {.port = Port{other_port}});
    Attempt lost = attempt(other_port);
    expect_lost(lost, "hole");
    const auto last = fired("hole");
    link().heal("hole");
    EXPECT_GE(fired("hole"), last);
    EXPECT_EQ(fired("first"), 1);
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(attempt(other_port).result(), 0);
    link().heal("first");
    EXPECT_EQ(fired("first"), 1);
    // Healed means healed: the record does not move any more.
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_EQ(fired("first"), 1);
}

TEST_P(FirewallTest, ALookAlikeDoesNotMoveTheWitness) {
    // A reset of the callee's own kernel is not the firewall's.
    arm("refuse", Reject{Refusal::tcp_reset}, {.port = Port{server_port}});
    EXPECT_EQ(attempt(4711).result(), ECONNREFUSED);
    EXPECT_EQ(matched("refuse"), 0);
    EXPECT_EQ(fired("refuse"), 0);
}

TEST_P(FirewallTest, ABlackholeTakesUdpAndPingToo) {
    // Without TCP's own selectors every protocol is dropped.
    arm("hole", Blackhole{});
    const Fd udp = socket_in(nodes_->near.get(), AF_INET, SOCK_DGRAM);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(0x0a010202);  // 10.1.2.2
    const void* start = &to;
    const auto* address = static_cast<const sockaddr*>(start);
    ASSERT_EQ(::sendto(udp.get(), "x", 1, 0, address, sizeof to), 1);
    EXPECT_TRUE(eventually([&] { return fired("hole") == 1; }));
    Fd raw;
    {
        const NamespaceGuard inside{nodes_->near.get()};
        raw = Fd{::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)};
    }
    ASSERT_TRUE(raw);
    icmphdr echo{};
    echo.type = ICMP_ECHO;
    echo.checksum = htons(0xf7ff);
    ASSERT_EQ(::sendto(raw.get(), &echo, sizeof echo, 0, address, sizeof to),
              static_cast<ssize_t>(sizeof echo));
    EXPECT_TRUE(eventually([&] { return fired("hole") == 2; }));
}

TEST_P(FirewallTest, FaultIdsMayBeAnyText) {
    // An id ends up in comments: quotes and line ends must not.
    const std::string id = "it's \"a\" fault\n; drop {}";
    arm(id, Reject{Refusal::tcp_reset});
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    expect_refused_once(id);
    link().heal(id);
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, ABadSourceIsAnErrorWithTheToolsWords) {
    // What the tool cannot read it says, and nothing is armed.
    EXPECT_THROW(arm("hole", Blackhole{}, {.source = "10.1.1.999"}), Error);
    EXPECT_EQ(attempt().result(), 0);
    EXPECT_THROW(link().witness("hole"), Error);
    // Sets that were made before the refusal are gone too: the next fault may use their names.
    EXPECT_THROW(arm("hole", Blackhole{}, {.source = "10.1.1.999", .nth = Count{1, {}}}), Error);
    arm("nth", Reject{Refusal::tcp_reset}, {.nth = Count{1, {}}});
    EXPECT_EQ(attempt().result(), ECONNREFUSED);
    EXPECT_EQ(attempt().result(), 0);
}

TEST_P(FirewallTest, ARouterSeesNoRequests) {
    // Requests are inside connections; the scenario asked for the wrong layer.
    EXPECT_THROW(arm("hole", Blackhole{}, {.first = Count{1, CountedUnit::requests}}), Error);
}

INSTANTIATE_TEST_SUITE_P(Backends, FirewallTest,
                         ::testing::Values(FirewallBackend::nftables, FirewallBackend::iptables),
                         [](const auto& backend) { return std::string{word_of(backend.param)}; });

}  // namespace
}  // namespace etimedout::testing
