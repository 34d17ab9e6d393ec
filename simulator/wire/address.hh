// IP addresses and endpoints: what a packet says about whence and whither.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

namespace etimedout {

struct PacketAddress {
    std::array<std::uint8_t, 16> bytes{};  // the first four for IPv4, the rest 0
    bool is_v6 = false;
    auto operator<=>(const PacketAddress&) const = default;
};

struct Endpoint {
    PacketAddress address{};
    std::uint16_t port = 0;
    auto operator<=>(const Endpoint&) const = default;
};

// 10.0.0.1 or fd00::1 (RFC 5952).
std::string to_text(const PacketAddress& address);
// 10.0.0.1:80 or [fd00::1]:80.
std::string to_text(const Endpoint& endpoint);

}  // namespace etimedout
