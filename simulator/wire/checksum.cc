// The Internet checksum, and what a capture's checksums say about damage on the way.
#include "simulator/wire/checksum.hh"

#include <bit>
#include <cstring>

namespace etimedout {

namespace {

std::uint16_t fold(std::uint64_t sum) {
    while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
}

// A sum of words in the machine's own order, as one of words in network order; RFC 1071 section 2B.
std::uint16_t to_network(std::uint16_t sum) {
    if constexpr (std::endian::native == std::endian::little) {
        return static_cast<std::uint16_t>(sum << 8U | sum >> 8U);
    } else {
        return sum;
    }
}

}  // namespace

std::uint16_t internet_sum(ByteView bytes, std::uint32_t initial) {
    // 32-bit words into 64 bits: 2^32 of them fit before a carry is lost.
    std::uint64_t sum = 0;
    std::size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        sum += word;
    }
    if (at < bytes.size()) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data() + at, bytes.size() - at);
        sum += word;
    }
    return fold(std::uint64_t{to_network(fold(sum))} + initial);
}

std::uint16_t pseudo_header_sum(const PacketAddress& from, const PacketAddress& to,
                                std::uint8_t protocol, std::uint32_t length) {
    // Unused bytes of an IPv4 address are 0 and change nothing.
    const std::uint32_t addresses =
        std::uint32_t{internet_sum(std::as_bytes(std::span{from.bytes}))} +
        internet_sum(std::as_bytes(std::span{to.bytes}));
    return fold(std::uint64_t{addresses} + protocol + length);
}

bool is_intact(ByteView segment, std::uint16_t stored, std::uint16_t pseudo_sum) {
    return stored == pseudo_sum || internet_sum(segment, pseudo_sum) == 0xFFFF;
}

}  // namespace etimedout
