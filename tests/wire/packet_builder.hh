// Builds captures: frames with right checksums, and a TCP conversation told step by step.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/wire/address.hh"
#include "simulator/wire/pcap_file.hh"

namespace etimedout::test {

using Frame = std::vector<std::byte>;

PacketAddress address(std::string_view text);
Endpoint endpoint(std::string_view address_text, std::uint16_t port);

inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t syn = 0x02;
inline constexpr std::uint8_t rst = 0x04;
inline constexpr std::uint8_t ack = 0x10;

struct TcpFields {
    Endpoint from{};
    Endpoint to{};
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 65535;
};

// What Linux leaves in the checksum field on a veth, or what a router completes.
enum class Checksum { complete, partial, wrong };

Frame tcp_frame(const TcpFields& fields, std::string_view payload = {},
                Checksum checksum = Checksum::complete);
Frame udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload);
struct IcmpFields {
    PacketAddress from{};
    PacketAddress to{};
    std::uint8_t type = 0;
    std::uint8_t code = 0;
};
Frame icmp_frame(const IcmpFields& fields, const Frame& body = {});
// The IP packet in a frame, as an ICMP error quotes it.
Frame quote(const Frame& frame, std::size_t bytes = 28);
// An IPv6 packet with extension headers between its header and its transport.
struct Extension {
    std::uint8_t type;
    Frame bytes;  // the first byte is overwritten with the next header's type
};
Frame with_extensions(const Frame& frame, const std::vector<Extension>& extensions);
Frame with_vlan(const Frame& frame, std::uint16_t type = 0x8100);

class CaptureBuilder {
public:
    CaptureBuilder() { append_pcap_header(file_); }
    CaptureBuilder& add(Duration t, const Frame& frame) {
        append_pcap_packet(file_, {t.count(), frame, static_cast<std::uint32_t>(frame.size())});
        return *this;
    }
    const std::vector<std::byte>& file() const { return file_; }

private:
    std::vector<std::byte> file_;
};

// A client and a server, with their sequence numbers kept: each call is one packet.
class Talk {
public:
    struct Options {
        Endpoint client = endpoint("10.0.0.1", 40000);
        Endpoint server = endpoint("10.0.0.2", 80);
        std::uint32_t client_isn = 1000;
        std::uint32_t server_isn = 9000;
    };
    explicit Talk(CaptureBuilder& capture) : Talk{capture, Options{}} {}
    Talk(CaptureBuilder& capture, Options options);

    void client_sends(Duration t, std::uint8_t flags, std::string_view payload = {});
    void server_sends(Duration t, std::uint8_t flags, std::string_view payload = {});
    // SYN, SYN-ACK and ACK, all at once.
    void handshake(Duration t);

    // The next sequence number of a side; assigning goes back (a retransmission) or ahead (a loss).
    std::uint32_t& client_next() { return client_.next; }
    std::uint32_t& server_next() { return server_.next; }
    std::uint16_t& client_window() { return client_.window; }
    std::uint16_t& server_window() { return server_.window; }
    const Options& options() const { return options_; }

private:
    struct End {
        Endpoint self;
        std::uint32_t next;
        std::uint32_t highest;
        std::uint16_t window = 65535;
    };
    void send(Duration t, End& from, const End& to, std::uint8_t flags, std::string_view payload);

    CaptureBuilder& capture_;
    Options options_;
    End client_;
    End server_;
};

}  // namespace etimedout::test
