// Captures to connections: what happened, who did it, how often, and how many bytes there were.
#include <gtest/gtest.h>

#include "tests/wire/wire_fixture.hh"

namespace etimedout {
namespace {

using namespace test;
using Lines = std::vector<std::string>;

TEST(Connections, AHandshakeDataAndTwoFinsTellTheirStory) {
    // Client and server each send once and close; the client first.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(1ms, syn);
    talk.server_sends(2ms, syn | ack);
    talk.client_sends(3ms, ack);
    talk.client_sends(4ms, ack, "ping");
    talk.server_sends(5ms, ack, "pong!");
    talk.client_sends(6ms, fin | ack);
    talk.server_sends(7ms, fin | ack);
    talk.client_sends(8ms, ack);
    EXPECT_EQ(story(capture),
              (Lines{"1ms #1 client syn 10.0.0.1:40000 -> 10.0.0.2:80", "2ms #1 server syn_ack",
                     "3ms #1 client established", "4ms #1 client first_data",
                     "5ms #1 server first_data", "6ms #1 client fin", "7ms #1 server fin"}));
    const auto all = summaries(capture);
    ASSERT_EQ(all.size(), 1U);
    const ConnectionSummary& one = all[0];
    EXPECT_EQ(one.client, "10.0.0.1:40000");
    EXPECT_EQ(one.server, "10.0.0.2:80");
    EXPECT_EQ(one.began, 1ms);
    EXPECT_EQ(one.established, 3ms);
    EXPECT_EQ(one.last_byte, 5ms);
    EXPECT_EQ(one.closed, 6ms);
    EXPECT_EQ(one.closed_by, "client");
    EXPECT_EQ(one.closed_how, "fin");
    EXPECT_EQ(one.syns, 1);
    EXPECT_EQ(one.syn_acks, 1);
    EXPECT_EQ(one.retransmissions, 0);
    EXPECT_EQ(one.bytes_up, 4);
    EXPECT_EQ(one.bytes_down, 5);
    EXPECT_EQ(facts(capture).events.back().t, 8ms);  // the summary, with its last packet
}

TEST(Connections, UnansweredSynsAreOneAttempt) {
    // A blackhole: the same SYN again and again.
    CaptureBuilder capture;
    Talk talk{capture};
    for (int i = 0; i < 3; ++i) {
        talk.client_next() = talk.options().client_isn;
        talk.client_sends(Duration{i * 1s}, syn);
    }
    EXPECT_EQ(story(capture), (Lines{"0s #1 client syn 10.0.0.1:40000 -> 10.0.0.2:80",
                                     "1s #1 client syn again 1 10.0.0.1:40000 -> 10.0.0.2:80",
                                     "2s #1 client syn again 2 10.0.0.1:40000 -> 10.0.0.2:80"}));
    EXPECT_EQ(summaries(capture)[0].syns, 3);
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
    EXPECT_FALSE(summaries(capture)[0].established);
}

TEST(Connections, AFullBacklogAnswersAgainAndAgain) {
    // The server ignores the last step of the handshake, so its SYN-ACK comes again.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.server_next() = talk.options().server_isn;
    talk.server_sends(1s, syn | ack);
    talk.client_sends(1s, ack);
    EXPECT_EQ(story(capture),
              (Lines{"0s #1 client syn 10.0.0.1:40000 -> 10.0.0.2:80", "0s #1 server syn_ack",
                     "0s #1 client established", "1s #1 server syn_ack again 1"}));
    EXPECT_EQ(summaries(capture)[0].syn_acks, 2);
}

TEST(Connections, ARefusalIsAResetByTheServer) {
    // Nothing listens: RST with sequence number 0, as the kernel and nftables send it.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(0s, syn);
    talk.server_next() = 0;
    talk.server_sends(1ms, rst | ack);
    EXPECT_EQ(story(capture),
              (Lines{"0s #1 client syn 10.0.0.1:40000 -> 10.0.0.2:80", "1ms #1 server rst"}));
    EXPECT_EQ(summaries(capture)[0].closed_by, "server");
    EXPECT_EQ(summaries(capture)[0].closed_how, "rst");
}

TEST(Connections, AHalfClosedConnectionStillCarriesData) {
    // The client has said all; the server goes on for a while.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.client_sends(1s, fin | ack, "question");
    talk.server_sends(2s, ack, "answer");
    talk.server_sends(3s, fin | ack);
    EXPECT_EQ(summaries(capture)[0].closed, 1s);
    EXPECT_EQ(summaries(capture)[0].closed_by, "client");
    EXPECT_EQ(summaries(capture)[0].last_byte, 2s);
    EXPECT_EQ(summaries(capture)[0].bytes_up, 8);
    EXPECT_EQ(summaries(capture)[0].bytes_down, 6);
}

TEST(Connections, DataSentAgainCountsOnceAsBytes) {
    // The timer doubles; each time the same bytes. Part old, part new is not a retransmission.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    const std::uint32_t begin = talk.client_next();
    talk.client_sends(1s, ack, "0123456789");
    for (const Duration t : {2s, 4s}) {
        talk.client_next() = begin;
        talk.client_sends(t, ack, "0123456789");
    }
    talk.client_next() = begin + 5;
    talk.client_sends(8s, ack, "56789abc");
    const Lines lines = story(capture);
    EXPECT_EQ(Lines(lines.begin() + 3, lines.end()),
              (Lines{"1s #1 client first_data", "2s #1 client retransmission again 1",
                     "4s #1 client retransmission again 2"}));
    EXPECT_EQ(summaries(capture)[0].retransmissions, 2);
    EXPECT_EQ(summaries(capture)[0].bytes_up, 13);
    EXPECT_EQ(summaries(capture)[0].last_byte, 8s);
}

TEST(Connections, AHoleFilledLateIsNoRetransmission) {
    // At the far end of a lossy link the bytes of a lost segment are seen for the first time.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    const std::uint32_t begin = talk.client_next();
    talk.client_sends(1s, ack, "aaa");
    talk.client_next() += 3;
    talk.client_sends(2s, ack, "ccc");
    talk.client_next() = begin + 3;
    talk.client_sends(3s, ack, "bbb");
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
    EXPECT_EQ(summaries(capture)[0].bytes_up, 9);
}

TEST(Connections, AFinSentAgainIsARetransmission) {
    // The peer is gone; the FIN comes again, with the last data or alone.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.client_sends(1s, fin | ack, "bye");
    const std::uint32_t behind = talk.client_next();
    talk.client_next() = behind - 4;
    talk.client_sends(2s, fin | ack, "bye");
    talk.client_next() = behind - 1;
    talk.client_sends(3s, fin | ack);
    const Lines lines = story(capture);
    EXPECT_EQ(
        Lines(lines.begin() + 3, lines.end()),
        (Lines{"1s #1 client first_data", "1s #1 client fin", "2s #1 client retransmission again 1",
               "2s #1 client fin again 1", "3s #1 client fin again 2"}));
    EXPECT_EQ(summaries(capture)[0].retransmissions, 2);
    EXPECT_EQ(summaries(capture)[0].bytes_up, 3);
}

TEST(Connections, SequenceNumbersMayWrap) {
    // 2^32 lies within the first ten bytes; a retransmission across it is still one.
    CaptureBuilder capture;
    Talk::Options options;
    options.client_isn = 0xFFFFFFFA;
    Talk talk{capture, options};
    talk.handshake(0s);
    const std::uint32_t begin = talk.client_next();
    talk.client_sends(1s, ack, "0123456789");
    talk.client_sends(2s, ack, "0123456789");
    talk.client_next() = begin;
    talk.client_sends(3s, ack, std::string(20, 'x'));
    EXPECT_EQ(summaries(capture)[0].bytes_up, 20);
    EXPECT_EQ(summaries(capture)[0].retransmissions, 1);
}

TEST(Connections, AReusedTupleIsANewConnection) {
    // Another initial sequence number: another attempt, with numbers and counts of its own.
    CaptureBuilder capture;
    Talk first{capture};
    first.handshake(0s);
    first.client_sends(1s, ack, "one");
    first.server_sends(2s, rst);
    Talk::Options options;
    options.client_isn = 777;
    Talk second{capture, options};
    second.handshake(3s);
    second.client_sends(4s, ack, "three");
    const auto all = summaries(capture);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].connection, 1);
    EXPECT_EQ(all[0].closed_how, "rst");
    EXPECT_EQ(all[0].bytes_up, 3);
    EXPECT_EQ(all[1].connection, 2);
    EXPECT_EQ(all[1].bytes_up, 5);
    EXPECT_FALSE(all[1].closed);
}

TEST(Connections, BothSidesMayTalkAtOnce) {
    // Segments cross on the wire; neither acknowledges the other's newest bytes.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    const TcpFields up{talk.options().client, talk.options().server, talk.client_next(),
                       talk.server_next(), ack};
    const TcpFields down{talk.options().server, talk.options().client, talk.server_next(),
                         talk.client_next(), ack};
    capture.add(1s, tcp_frame(up, "uuuu"));
    capture.add(1s, tcp_frame(down, "dd"));
    EXPECT_EQ(summaries(capture)[0].bytes_up, 4);
    EXPECT_EQ(summaries(capture)[0].bytes_down, 2);
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
}

TEST(Connections, KeepAliveProbesAreNoRetransmissions) {
    // Linux repeats the last acknowledged position with no byte, others with one.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.client_sends(1s, ack, "data");
    talk.server_sends(1s, ack);
    --talk.client_next();
    talk.client_sends(61s, ack);
    ++talk.client_next();
    talk.server_sends(61s, ack);
    --talk.client_next();
    talk.client_sends(121s, ack, "x");
    talk.server_sends(121s, ack);
    const Lines lines = story(capture);
    EXPECT_EQ(Lines(lines.begin() + 3, lines.end()),
              (Lines{"1s #1 client first_data", "61s #1 client keep_alive",
                     "121s #1 client keep_alive"}));
    EXPECT_EQ(summaries(capture)[0].bytes_up, 4);
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
    EXPECT_EQ(summaries(capture)[0].last_byte, 1s);
}

TEST(Connections, AKeepAliveBeforeAnyDataIsOneToo) {
    // An idle connection from the start: the probe repeats the SYN's position.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    --talk.server_next();
    talk.server_sends(60s, ack);
    EXPECT_EQ(story(capture).back(), "60s #1 server keep_alive");
}

TEST(Connections, OneByteSentAgainIsARetransmission) {
    // A stream of single bytes: the last one again is data whose acknowledgement got lost.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.server_sends(1s, ack, "a");
    talk.server_sends(2s, ack, "b");
    talk.client_sends(2s, ack);
    --talk.server_next();
    talk.server_sends(3s, ack, "b");
    EXPECT_EQ(story(capture).back(), "3s #1 server retransmission again 1");
}

TEST(Connections, ProbesOfAClosedWindowAreNoRetransmissions) {
    // The reader has stopped; the writer asks now and then whether there is room.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    talk.server_sends(1s, ack, "data");
    talk.client_window() = 0;
    talk.client_sends(1s, ack);
    --talk.server_next();
    talk.server_sends(2s, ack);  // Linux
    ++talk.server_next();
    talk.client_sends(2s, ack);
    talk.server_sends(3s, ack, "e");  // the next byte, as others do
    --talk.server_next();
    talk.server_sends(5s, ack, "e");
    talk.client_window() = 1000;
    talk.client_sends(6s, ack);
    talk.server_sends(6s, ack, "fgh");
    const Lines lines = story(capture);
    EXPECT_EQ(Lines(lines.begin() + 4, lines.end()),
              (Lines{"2s #1 server window_probe", "3s #1 server window_probe",
                     "5s #1 server window_probe"}));
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
    EXPECT_EQ(summaries(capture)[0].bytes_down, 8);
}

TEST(Connections, OneThatIsOpenWhenTheCaptureBeginsIsFollowedToo) {
    // No SYN says who called: the higher port did, unless the capture knows its callers.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_next() = 5000;
    talk.server_sends(0s, ack, "middle");
    talk.client_sends(1s, ack, "of it");
    talk.server_sends(2s, fin | ack);
    const auto all = summaries(capture);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].client, "10.0.0.1:40000");
    EXPECT_EQ(all[0].syns, 0);
    EXPECT_FALSE(all[0].established);
    EXPECT_EQ(all[0].bytes_down, 6);
    EXPECT_EQ(all[0].bytes_up, 5);
    EXPECT_EQ(all[0].closed_by, "server");
    const CaptureName name{.link = "l", .end = "near", .callers = {address("10.0.0.2")}};
    const auto known = facts_of_capture(capture.file(), name, 0);
    EXPECT_EQ(std::get<ConnectionSummary>(known.events.back().what).client, "10.0.0.2:80");
}

TEST(Connections, AnIcmpErrorBelongsToTheConnectionItQuotes) {
    // A router refuses the SYN; the message is an event of its own and of the connection.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(0s, syn);
    const Frame sent = tcp_frame(
        {talk.options().client, talk.options().server, talk.options().client_isn, 0, syn});
    capture.add(1ms, icmp_frame({address("10.0.0.254"), address("10.0.0.1"), 3, 1}, quote(sent)));
    EXPECT_EQ(story(capture), (Lines{"0s #1 client syn 10.0.0.1:40000 -> 10.0.0.2:80",
                                     "1ms unreachable/host 10.0.0.254 -> 10.0.0.1, 28 bytes",
                                     "1ms #1 client icmp_error"}));
}

TEST(Connections, ADamagedSegmentProvesNothingButThatItWasDamaged) {
    // netem flips a bit; the receiver drops the segment, and it comes again whole.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.handshake(0s);
    const TcpFields fields{talk.options().client, talk.options().server, talk.client_next(),
                           talk.server_next(), ack};
    capture.add(1s, tcp_frame(fields, "data", Checksum::wrong));
    talk.client_sends(2s, ack, "data");
    const Lines lines = story(capture);
    EXPECT_EQ(Lines(lines.begin() + 3, lines.end()),
              (Lines{"1s #1 client damaged", "2s #1 client first_data"}));
    EXPECT_EQ(summaries(capture)[0].retransmissions, 0);
    EXPECT_EQ(facts(capture).damaged, 1);
}

TEST(Connections, Ipv6ConnectionsAreNamedWithBrackets) {
    // RFC 3986 section 3.2.2 and RFC 5952 section 6.
    CaptureBuilder capture;
    Talk::Options options;
    options.client = endpoint("fd00::1", 40000);
    options.server = endpoint("fd00::2", 443);
    Talk talk{capture, options};
    talk.handshake(0s);
    EXPECT_EQ(story(capture)[0], "0s #1 client syn [fd00::1]:40000 -> [fd00::2]:443");
    EXPECT_EQ(summaries(capture)[0].established, 0s);
}

TEST(Connections, DatagramsAreEventsAndNeighbourDiscoveryIsNot) {
    // UDP and echo are what programs do; solicitations are what IPv6 has for ARP.
    CaptureBuilder capture;
    capture.add(0s, udp_frame(endpoint("10.0.0.1", 5353), endpoint("10.0.0.2", 53), "question"));
    capture.add(1s, icmp_frame({address("10.0.0.1"), address("10.0.0.2"), 8, 0}, Frame(56)));
    capture.add(2s, icmp_frame({address("fe80::1"), address("ff02::1"), 135, 0}, Frame(24)));
    EXPECT_EQ(story(capture), (Lines{"0s udp 10.0.0.1:5353 -> 10.0.0.2:53, 8 bytes",
                                     "1s echo_request 10.0.0.1 -> 10.0.0.2, 56 bytes"}));
}

TEST(Connections, TimesCountFromTheBeginningOfTheWorld) {
    // Stamps are of the wall clock, events of the world's; packets may come out of order.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(1'000'000'005ns, syn);
    talk.server_sends(1'000'000'003ns, syn | ack);
    const auto log = facts_of_capture(capture.file(), {.link = "l", .end = "far"}, 1'000'000'000);
    ASSERT_EQ(log.events.size(), 3U);
    EXPECT_EQ(log.events[0].t, 3ns);
    EXPECT_EQ(log.events[1].t, 5ns);
    EXPECT_EQ(log.packets, 2);
    EXPECT_FALSE(log.truncated);
}

}  // namespace
}  // namespace etimedout
