// The header of a tar archive's entry, as ustar of POSIX.1-2001 (pax, "ustar Interchange Format").
#pragma once

#include <array>
#include <cstddef>

namespace etimedout {

inline constexpr std::size_t tar_block = 512;

struct TarHeader {
    std::array<char, 100> name;
    std::array<char, 8> mode;  // numbers are octal digits and an end
    std::array<char, 8> uid;
    std::array<char, 8> gid;
    std::array<char, 12> size;
    std::array<char, 12> mtime;
    std::array<char, 8> checksum;  // the sum of all bytes, with blanks for these
    char type;
    std::array<char, 100> link;
    std::array<char, 8> magic;  // and version
    std::array<char, 32> user;
    std::array<char, 32> group;
    std::array<char, 8> major;
    std::array<char, 8> minor;
    std::array<char, 155> prefix;
    std::array<char, 12> padding;
};
static_assert(sizeof(TarHeader) == tar_block);

inline constexpr char tar_file = '0';
inline constexpr char tar_symlink = '2';
inline constexpr char tar_folder = '5';
inline constexpr char tar_more = 'x';   // records about the next entry: what no field can hold
inline constexpr char tar_about = 'g';  // records about all of it

inline constexpr char tar_magic[] =
    "ustar\0"
    "00";  // without the second end

}  // namespace etimedout
