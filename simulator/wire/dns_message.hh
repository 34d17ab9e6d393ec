// Messages of DNS as a capture shows them (RFC 1035): what was asked, what was answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

struct DnsFact {
    std::uint16_t id = 0;
    bool answer = false;  // the bit QR
    bool truncated = false;
    std::string name{};                  // of the first question; lower case, without the last dot
    std::string type{};                  // of the first question: A, AAAA, SRV, …
    std::string rcode{};                 // of an answer: NOERROR, NXDOMAIN, …
    std::vector<std::string> records{};  // of the answer section, `TYPE DATA`
    std::optional<Duration> ttl{};       // the shortest of those records
};

// Nothing for what is no whole message of DNS. Reads no further than `bytes`.
std::optional<DnsFact> read_dns_message(ByteView bytes);

// One direction of DNS over TCP: messages with two bytes of length before each (RFC 1035 section
// 4.2.2).
class DnsStreamSplitter {
public:
    void add(ByteView bytes);
    // Bytes were lost: nothing more can be told of this stream.
    void give_up() { lost_ = true; }
    // The next whole message, without its length.
    std::optional<std::vector<std::byte>> next();

private:
    std::vector<std::byte> kept_{};
    bool lost_ = false;
};

}  // namespace etimedout
