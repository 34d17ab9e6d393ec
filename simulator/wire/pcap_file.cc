// Capture files in the classic format of libpcap (pcap-savefile(5)), read and written.
#include "simulator/wire/pcap_file.hh"

#include <fmt/format.h>

#include "simulator/base/timestamp.hh"

namespace etimedout {

namespace {

constexpr std::uint32_t magic_microseconds = 0xA1B2C3D4;
constexpr std::uint32_t magic_nanoseconds = 0xA1B23C4D;
constexpr std::uint32_t link_type_ethernet = 1;
constexpr std::uint32_t snap_length = 262144;  // libpcap's maximum
constexpr std::size_t file_header = 24;
constexpr std::size_t packet_header = 16;

constexpr std::uint32_t swap(std::uint32_t value) {
    return value >> 24U | (value >> 8U & 0xFF00U) | (value << 8U & 0xFF0000U) | value << 24U;
}

void append_u32(std::vector<std::byte>& out, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<std::byte>(value >> shift & 0xFFU));
    }
}

}  // namespace

std::uint32_t PcapReader::read(std::size_t at) const {
    const std::uint32_t value = read_u32_little(file_, at);
    return swapped_ ? swap(value) : value;
}

Result<PcapReader> PcapReader::open(ByteView file) {
    PcapReader reader;
    reader.file_ = file;
    reader.at_ = file_header;
    if (file.size() < 4) {
        reader.truncated_ = true;
        reader.at_ = file.size();
        return reader;
    }
    const std::uint32_t magic = read_u32_little(file, 0);
    reader.swapped_ = magic == swap(magic_microseconds) || magic == swap(magic_nanoseconds);
    const std::uint32_t ordered = reader.swapped_ ? swap(magic) : magic;
    if (ordered != magic_microseconds && ordered != magic_nanoseconds) {
        return Problem{fmt::format("not a capture file: it begins with {:08x}", magic),
                       "captures are in libpcap's classic format; convert others with "
                       "`editcap -F nsecpcap`"};
    }
    reader.fraction_ = ordered == magic_nanoseconds ? 1 : 1000;
    if (file.size() < file_header) {
        reader.truncated_ = true;
        reader.at_ = file.size();
        return reader;
    }
    // The upper bits are flags about a frame check sequence.
    const std::uint32_t link_type = reader.read(20) & 0xFFFFU;
    if (link_type != link_type_ethernet) {
        return Problem{fmt::format("a capture of link type {}, not of Ethernet (1)", link_type),
                       "capture on one Ethernet interface, not on `any`"};
    }
    return reader;
}

std::optional<CapturedFrame> PcapReader::next() {
    if (at_ >= file_.size()) return std::nullopt;
    if (file_.size() - at_ < packet_header) {
        truncated_ = true;
        at_ = file_.size();
        return std::nullopt;
    }
    const std::size_t captured = read(at_ + 8);
    if (captured > file_.size() - at_ - packet_header) {
        truncated_ = true;
        at_ = file_.size();
        return std::nullopt;
    }
    CapturedFrame frame;
    frame.time =
        std::int64_t{read(at_)} * nanoseconds_per_second + std::int64_t{read(at_ + 4)} * fraction_;
    frame.bytes = file_.subspan(at_ + packet_header, captured);
    frame.length = read(at_ + 12);
    at_ += packet_header + captured;
    return frame;
}

void append_pcap_header(std::vector<std::byte>& file) {
    append_u32(file, magic_nanoseconds);
    append_u32(file, 4U << 16U | 2U);  // version 2.4
    append_u32(file, 0);               // time zone: UTC
    append_u32(file, 0);               // accuracy of the stamps: never used
    append_u32(file, snap_length);
    append_u32(file, link_type_ethernet);
}

void append_pcap_packet(std::vector<std::byte>& file, const CapturedFrame& frame) {
    append_u32(file, static_cast<std::uint32_t>(frame.time / nanoseconds_per_second));
    append_u32(file, static_cast<std::uint32_t>(frame.time % nanoseconds_per_second));
    append_u32(file, static_cast<std::uint32_t>(frame.bytes.size()));
    append_u32(file, frame.length);
    file.insert(file.end(), frame.bytes.begin(), frame.bytes.end());
}

}  // namespace etimedout
