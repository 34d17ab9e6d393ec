// Frames to packets, and capture files to frames: right where they are whole, safe where not.
#include <gtest/gtest.h>

#include "simulator/wire/checksum.hh"
#include "simulator/wire/packet.hh"
#include "simulator/wire/pcap_file.hh"
#include "tests/wire/packet_builder.hh"

namespace etimedout {
namespace {

using namespace test;

const Endpoint v4_client = endpoint("10.0.0.1", 40000);
const Endpoint v4_server = endpoint("10.0.0.2", 80);
const Endpoint v6_client = endpoint("fd00::1", 40000);
const Endpoint v6_server = endpoint("fd00::2", 80);

Frame hello(const Endpoint& from, const Endpoint& to, Checksum checksum = Checksum::complete) {
    return tcp_frame({from, to, 7, 8, ack, 1234}, "hello", checksum);
}

TEST(Packet, ATcpSegmentIsTakenApart) {
    // Every field at its place, over either version of IP.
    for (const auto& [from, to] : {std::pair{v4_client, v4_server}, {v6_client, v6_server}}) {
        const Frame frame = hello(from, to);
        const Packet packet = decode_frame(frame);
        const auto* segment = std::get_if<TcpSegment>(&packet);
        ASSERT_NE(segment, nullptr);
        EXPECT_EQ(segment->from, from);
        EXPECT_EQ(segment->to, to);
        EXPECT_EQ(segment->sequence, 7U);
        EXPECT_EQ(segment->acknowledged, 8U);
        EXPECT_TRUE(segment->flags.ack);
        EXPECT_FALSE(segment->flags.syn || segment->flags.fin || segment->flags.rst);
        EXPECT_EQ(segment->window, 1234);
        EXPECT_EQ(as_text(segment->payload), "hello");
        EXPECT_EQ(segment->length, 5U);
    }
}

TEST(Packet, PaddingOfShortFramesIsNotPayload) {
    // Ethernet pads to 60 bytes; the IP header says where the packet ends.
    Frame frame = tcp_frame({v4_client, v4_server, 1, 1, ack}, "");
    frame.resize(60, std::byte{0xAA});
    const Packet packet = decode_frame(frame);
    ASSERT_TRUE(std::holds_alternative<TcpSegment>(packet));
    EXPECT_EQ(std::get<TcpSegment>(packet).length, 0U);
    EXPECT_TRUE(std::get<TcpSegment>(packet).payload.empty());
}

TEST(Packet, AShortCaptureStillKnowsTheLength) {
    // With a snap length of 60 the headers are there and the payload's length follows from them.
    Frame frame = tcp_frame({v4_client, v4_server, 1, 1, ack}, std::string(1000, 'x'));
    frame.resize(60);
    const Packet packet = decode_frame(frame);
    ASSERT_TRUE(std::holds_alternative<TcpSegment>(packet));
    EXPECT_EQ(std::get<TcpSegment>(packet).length, 1000U);
    EXPECT_EQ(std::get<TcpSegment>(packet).payload.size(), 6U);
}

TEST(Packet, VlanTagsAreStepped) {
    // One tag, and a service tag around it.
    const Frame frame = hello(v4_client, v4_server);
    for (const Frame& tagged : {with_vlan(frame), with_vlan(with_vlan(frame), 0x88A8)}) {
        EXPECT_TRUE(std::holds_alternative<TcpSegment>(decode_frame(tagged)));
    }
}

TEST(Packet, Ipv6ExtensionHeadersAreStepped) {
    // Hop-by-hop, routing, destination options and authentication, each with its own way to say
    // how long it is; then the transport.
    const auto bytes = [](std::size_t size, unsigned length) {
        Frame extension(size);
        extension[1] = static_cast<std::byte>(length);
        return extension;
    };
    const Frame frame = with_extensions(
        hello(v6_client, v6_server),
        {{0, bytes(8, 0)}, {43, bytes(24, 2)}, {60, bytes(16, 1)}, {51, bytes(24, 4)}});
    const Packet packet = decode_frame(frame);
    ASSERT_TRUE(std::holds_alternative<TcpSegment>(packet));
    EXPECT_EQ(as_text(std::get<TcpSegment>(packet).payload), "hello");
}

TEST(Packet, OnlyTheFirstFragmentCounts) {
    // Later fragments have no ports; the first of a datagram knows the whole length.
    Frame first_fragment(8);
    first_fragment[3] = std::byte{1};  // more to come
    Frame later_fragment(8);
    later_fragment[3] = std::byte{8};  // offset 8
    const Frame frame = udp_frame(v6_client, v6_server, "hello");
    const Packet first = decode_frame(with_extensions(frame, {{44, first_fragment}}));
    ASSERT_TRUE(std::holds_alternative<UdpDatagram>(first));
    EXPECT_EQ(std::get<UdpDatagram>(first).length, 5U);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(
        decode_frame(with_extensions(frame, {{44, later_fragment}}))));
}

TEST(Packet, AnUnfinishedChecksumIsNoDamageButAWrongOneIs) {
    // On a veth the sender leaves the pseudo header's sum; a flipped bit matches neither.
    for (const auto& [from, to] : {std::pair{v4_client, v4_server}, {v6_client, v6_server}}) {
        EXPECT_TRUE(
            std::holds_alternative<TcpSegment>(decode_frame(hello(from, to, Checksum::partial))));
        const Packet packet = decode_frame(hello(from, to, Checksum::wrong));
        ASSERT_TRUE(std::holds_alternative<DamagedPacket>(packet));
        EXPECT_EQ(std::get<DamagedPacket>(packet).from, from);
        Frame flipped = hello(from, to);
        flipped.back() ^= std::byte{4};
        EXPECT_TRUE(std::holds_alternative<DamagedPacket>(decode_frame(flipped)));
    }
    Frame header = hello(v4_client, v4_server);
    header[14 + 8] ^= std::byte{1};  // the TTL
    EXPECT_TRUE(std::holds_alternative<std::monostate>(decode_frame(header)));
}

TEST(Packet, AnIcmpErrorNamesTheConnectionItIsAbout) {
    // RFC 792 quotes 8 bytes behind the IP header: enough for the ports.
    const Frame sent = hello(v4_client, v4_server);
    const Frame frame =
        icmp_frame({address("10.0.0.254"), v4_client.address, 3, 13}, quote(sent, 28));
    const Packet packet = decode_frame(frame);
    const auto* message = std::get_if<IcmpMessage>(&packet);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(name_of(*message), "unreachable/admin_prohibited");
    ASSERT_TRUE(message->about);
    EXPECT_EQ(message->about->protocol, 6);
    EXPECT_EQ(message->about->from, v4_client);
    EXPECT_EQ(message->about->to, v4_server);
}

TEST(Packet, IcmpMessagesHaveNames) {
    // One word per type, and one behind it where the code matters.
    const auto name = [](const PacketAddress& from, unsigned type, unsigned code) {
        return name_of(
            {from, from, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code), 0, {}});
    };
    const PacketAddress v4 = v4_client.address;
    const PacketAddress v6 = v6_client.address;
    EXPECT_EQ(name(v4, 8, 0), "echo_request");
    EXPECT_EQ(name(v4, 0, 0), "echo_reply");
    EXPECT_EQ(name(v4, 3, 0), "unreachable/net");
    EXPECT_EQ(name(v4, 3, 1), "unreachable/host");
    EXPECT_EQ(name(v4, 3, 3), "unreachable/port");
    EXPECT_EQ(name(v4, 3, 4), "unreachable/too_big");
    EXPECT_EQ(name(v4, 3, 77), "icmp/3/77");
    EXPECT_EQ(name(v4, 11, 0), "time_exceeded/hops");
    EXPECT_EQ(name(v4, 42, 1), "icmp/42/1");
    EXPECT_EQ(name(v6, 128, 0), "echo_request");
    EXPECT_EQ(name(v6, 1, 0), "unreachable/no_route");
    EXPECT_EQ(name(v6, 1, 3), "unreachable/host");
    EXPECT_EQ(name(v6, 1, 4), "unreachable/port");
    EXPECT_EQ(name(v6, 2, 0), "packet_too_big");
    EXPECT_EQ(name(v6, 135, 0), "neighbour_solicitation");
    EXPECT_EQ(name(v6, 200, 3), "icmp/200/3");
}

TEST(Packet, NoCutIsReadBeyond) {
    // Every prefix of every kind of frame is safe; memory checkers would say otherwise.
    const Frame tcp4 = hello(v4_client, v4_server);
    const Frame tcp6 = with_extensions(hello(v6_client, v6_server), {{0, Frame(8)}});
    const Frame icmp6 = icmp_frame({address("fd00::ff"), v6_client.address, 1, 4}, quote(tcp6, 80));
    for (const Frame& frame :
         {tcp4, tcp6, icmp6, with_vlan(tcp4), udp_frame(v4_client, v4_server, "x")}) {
        for (std::size_t size = 0; size <= frame.size(); ++size) {
            const Frame cut{frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size)};
            decode_frame(cut);
        }
    }
}

TEST(Checksum, TheExampleOfTheRfcAddsUp) {
    // RFC 1071 section 3: 0001 f203 f4f5 f6f7 sums to ddf2.
    const std::array<unsigned char, 8> bytes{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(internet_sum(std::as_bytes(std::span{bytes})), 0xddf2);
    EXPECT_EQ(internet_sum(std::as_bytes(std::span{bytes}.first(3))), 0xf201);
    EXPECT_EQ(internet_sum({}), 0);
}

TEST(PcapFile, WhatIsWrittenIsRead) {
    // Nanoseconds survive, and so does the length on the wire.
    std::vector<std::byte> file;
    append_pcap_header(file);
    const Frame bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    append_pcap_packet(file, {1'767'225'600'123'456'789, bytes, 1500});
    append_pcap_packet(file, {1'767'225'601'000'000'000, {}, 0});
    PcapReader reader = PcapReader::open(file).value();
    const auto first = reader.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->time, 1'767'225'600'123'456'789);
    EXPECT_EQ(Frame(first->bytes.begin(), first->bytes.end()), bytes);
    EXPECT_EQ(first->length, 1500U);
    ASSERT_TRUE(reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.truncated());
}

TEST(PcapFile, ACutFileGivesWhatIsThere) {
    // Wherever it is cut: packets that are whole, and whether something is missing.
    std::vector<std::byte> file;
    append_pcap_header(file);
    const Frame bytes(10);
    append_pcap_packet(file, {5, bytes, 10});
    const std::size_t one = file.size();
    append_pcap_packet(file, {6, bytes, 10});
    for (std::size_t size = 0; size <= file.size(); ++size) {
        const std::vector<std::byte> cut{file.begin(),
                                         file.begin() + static_cast<std::ptrdiff_t>(size)};
        PcapReader reader = PcapReader::open(cut).value();
        std::size_t packets = 0;
        while (reader.next()) ++packets;
        EXPECT_EQ(packets, size < one ? 0U : size < file.size() ? 1U : 2U) << size;
        EXPECT_EQ(reader.truncated(), size != 24 && size != one && size != file.size()) << size;
    }
}

// A file header as another machine would write it: `order` says which byte of each word comes when.
std::vector<std::byte> big_endian_microseconds() {
    const std::array<unsigned, 24 + 16 + 2> bytes{
        0xA1, 0xB2, 0xC3, 0xD4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0,    0,
        0,    0,    1,    0,    0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2, 0xAB, 0xCD};
    std::vector<std::byte> file;
    for (const unsigned byte : bytes) file.push_back(static_cast<std::byte>(byte));
    return file;
}

TEST(PcapFile, OtherByteOrdersAndMicrosecondsAreRead) {
    // 7 s and 9 us, written on a big-endian machine.
    const auto file = big_endian_microseconds();
    PcapReader reader = PcapReader::open(file).value();
    const auto frame = reader.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->time, 7'000'009'000);
    EXPECT_EQ(frame->bytes.size(), 2U);
}

TEST(PcapFile, WhatIsNoCaptureIsRefused) {
    // The message says what it is, and what to do.
    const auto refused = PcapReader::open(as_byte_view("\x0A\x0D\x0D\x0A and more"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "not a capture file: it begins with 0a0d0d0a");
    auto loopback = big_endian_microseconds();
    loopback[23] = std::byte{113};
    EXPECT_EQ(PcapReader::open(loopback).error().message,
              "a capture of link type 113, not of Ethernet (1)");
}

}  // namespace
}  // namespace etimedout
