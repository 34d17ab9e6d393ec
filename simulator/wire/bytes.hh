// Reading integers out of bytes; every caller has checked that they are there.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace etimedout {

using ByteView = std::span<const std::byte>;

inline std::uint8_t read_u8(ByteView bytes, std::size_t at) {
    assert(at < bytes.size());
    return std::to_integer<std::uint8_t>(bytes[at]);
}

// Network order.
inline std::uint16_t read_u16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint16_t>(read_u8(bytes, at) << 8U | read_u8(bytes, at + 1));
}
inline std::uint32_t read_u32(ByteView bytes, std::size_t at) {
    return std::uint32_t{read_u16(bytes, at)} << 16U | read_u16(bytes, at + 2);
}

// Least significant byte first, as in a capture file written here.
inline std::uint32_t read_u32_little(ByteView bytes, std::size_t at) {
    return std::uint32_t{read_u8(bytes, at)} | std::uint32_t{read_u8(bytes, at + 1)} << 8U |
           std::uint32_t{read_u8(bytes, at + 2)} << 16U |
           std::uint32_t{read_u8(bytes, at + 3)} << 24U;
}

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView as_byte_view(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace etimedout
