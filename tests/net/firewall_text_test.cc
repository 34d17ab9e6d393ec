// Firewall rules as text: golden files, one per back end. UPDATE_GOLDEN=1 writes them anew.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "simulator/net/diversion.hh"
#include "simulator/net/firewall.hh"
#include "tests/net/two_nodes.hh"

namespace etimedout::testing {
namespace {

void expect_golden(const std::string& file, const std::string& text) {
    const std::string path = std::string{GOLDEN_FOLDER} + "/" + file;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream{path} << text;
        return;
    }
    std::ostringstream golden;
    golden << std::ifstream{path}.rdbuf();
    EXPECT_EQ(text, golden.str()) << file << ": UPDATE_GOLDEN=1 writes it anew";
}

std::string whole(const IptablesText& text) {
    std::string all;
    if (!text.ipset.empty()) all += "# ipset restore\n" + text.ipset;
    if (!text.v4.empty()) all += "# iptables-restore --noflush\n" + text.v4;
    if (!text.v6.empty()) all += "# ip6tables-restore --noflush\n" + text.v6;
    return all;
}

void expect_both(const std::string& name, const FirewallRule& rule,
                 IpVersion version = IpVersion::v4) {
    expect_golden(name + ".nft", nft_arm(rule) + nft_heal(rule.slot));
    expect_golden(name + ".iptables",
                  whole(iptables_arm(rule, version)) + whole(iptables_heal(rule, version)));
}

TEST(FirewallText, Blackhole) {
    // No selector: everything, both ways.
    expect_both("blackhole", {.fault = "hole", .slot = 1});
}

TEST(FirewallText, RejectInBothIpVersions) {
    // ICMP has two sets of codes.
    expect_both("reject_admin_prohibited",
                {.fault = "refuse",
                 .slot = 2,
                 .action = Refusal::admin_prohibited,
                 .direction = Direction::up,
                 .port = Port{443}},
                IpVersion::both);
}

TEST(FirewallText, ResetOfWhatNoTrackedConnectionHas) {
    // Connection tracking says which packets those are; only TCP can be reset.
    expect_both("unknown_reset", {.fault = "forgetful",
                                  .slot = 9,
                                  .action = UnknownPackets{UnknownFlow::reset},
                                  .port = Port{80}});
}

TEST(FirewallText, ResetOfSynsFromOneSource) {
    // A reset is TCP's, so only TCP is matched.
    expect_both("reset_syn_source", {.fault = "reset",
                                     .slot = 3,
                                     .action = Refusal::tcp_reset,
                                     .direction = Direction::up,
                                     .phase = Phase::syn,
                                     .port = Port{80},
                                     .source = "10.1.1.0/24"});
}

TEST(FirewallText, DropOfEstablishedGoingDown) {
    // Going down the callee's port is the source.
    expect_both("drop_established_down", {.fault = "late",
                                          .slot = 4,
                                          .direction = Direction::down,
                                          .phase = Phase::established,
                                          .port = Port{80}});
}

TEST(FirewallText, FirstTwoConnections) {
    // Decided upon at the first SYN, remembered by 4-tuple.
    expect_both("first_two", {.fault = "first", .slot = 5, .connections = FirstConnections{2}},
                IpVersion::both);
}

TEST(FirewallText, ThirdConnectionsSynAck) {
    // Chosen by the SYN that goes up, hit in the answer that comes down.
    expect_both("third_syn_ack", {.fault = "third",
                                  .slot = 6,
                                  .direction = Direction::down,
                                  .phase = Phase::syn_ack,
                                  .connections = NthConnection{3}});
}

TEST(FirewallText, ShareOfConnectionsToOnePort) {
    // A coin for each connection.
    expect_both("share", {.fault = "some",
                          .slot = 7,
                          .action = Refusal::port_unreachable,
                          .port = Port{80},
                          .connections = SomeConnections{Probability{0.025}}});
}

TEST(FirewallText, MarksAndBands) {
    // A packet fault's rule marks, and the bands read the marks.
    expect_both("mark", {.fault = "slow", .slot = 8, .action = Marks{0x2}, .port = Port{80}});
    const std::vector<BandRule> bands{{Direction::up, {0x1, 0x10002}},
                                      {Direction::up, {0x3, 0x10004}},
                                      {Direction::down, {0x2, 0x10010}}};
    expect_golden("bands.nft", nft_bands(bands));
    expect_golden("bands.iptables",
                  whole(iptables_bands(bands, IpVersion::v4, BandsChain::fresh)) +
                      whole(iptables_bands(bands, IpVersion::v4, BandsChain::existing)));
}

TEST(FirewallText, CommentsAreHarmless) {
    // Whatever an id holds, a comment stays one word inside its quotes.
    EXPECT_EQ(comment_text("it's \"x\"\n; drop"), "it_s__x____drop");
    EXPECT_EQ(comment_text(std::string(100, 'a')), std::string(60, 'a'));
}

TEST(FirewallText, CountersAreReadFromIptablesSave) {
    // Both ways' `matched` add up; other rules' chains are not this one's.
    const std::string saved =
        "*filter\n:FORWARD ACCEPT [9:540]\n:ETIMEDOUT1 - [0:0]\n"
        "[7:420] -A FORWARD -j ETIMEDOUT1\n"
        "[3:180] -A ETIMEDOUT1_up -m comment --comment \"hole matched\"\n"
        "[4:240] -A ETIMEDOUT1_down -m comment --comment \"hole matched\"\n"
        "[5:300] -A ETIMEDOUT1_fire -m comment --comment \"hole fired\" -j DROP\n"
        "[100:1] -A ETIMEDOUT12_fire -m comment --comment \"other fired\" -j DROP\n";
    const FirewallCounters counters = iptables_counters(saved, 1);
    EXPECT_EQ(counters.matched, 7);
    EXPECT_EQ(counters.fired, 5);
}

TEST(FirewallText, Diversion) {
    // What belongs to a transparent socket goes there first; then new connections to the port.
    const DiversionPlan plan{.port = Port{80}, .listener = 15001, .ip = IpVersion::both};
    expect_golden("diversion.nft", nft_diversion(plan));
    expect_golden("diversion.iptables", iptables_diversion(plan));
}

}  // namespace
}  // namespace etimedout::testing
