// Queries as clients send them, byte by byte (RFC 1035 section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace etimedout::test {

enum : std::uint16_t { type_a = 1, type_txt = 16, type_aaaa = 28, type_srv = 33 };

inline void append_u16(std::vector<std::byte>& bytes, std::uint16_t value) {
    bytes.push_back(static_cast<std::byte>(value >> 8U));
    bytes.push_back(static_cast<std::byte>(value & 0xffU));
}

inline std::vector<std::byte> query_for(std::string_view name, std::uint16_t type,
                                        std::uint16_t id = 0x1234) {
    std::vector<std::byte> bytes;
    for (const std::uint16_t field : {id, std::uint16_t{0x0100}, std::uint16_t{1}, std::uint16_t{0},
                                      std::uint16_t{0}, std::uint16_t{0}}) {
        append_u16(bytes, field);
    }
    while (!name.empty()) {
        const auto dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        bytes.push_back(static_cast<std::byte>(label.size()));
        for (const char c : label) bytes.push_back(static_cast<std::byte>(c));
        name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
    }
    bytes.push_back(std::byte{0});
    append_u16(bytes, type);
    append_u16(bytes, 1);  // IN
    return bytes;
}

// The same with EDNS: takes so many bytes over UDP (RFC 6891 section 6.1.2).
inline std::vector<std::byte> query_with_room(std::string_view name, std::uint16_t type,
                                              std::uint16_t room) {
    std::vector<std::byte> bytes = query_for(name, type);
    bytes[11] = std::byte{1};
    bytes.push_back(std::byte{0});
    append_u16(bytes, 41);  // OPT
    append_u16(bytes, room);
    for (int i = 0; i < 3; ++i) append_u16(bytes, 0);
    return bytes;
}

}  // namespace etimedout::test
