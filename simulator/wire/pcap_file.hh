// Capture files in the classic format of libpcap (pcap-savefile(5)), read and written.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulator/base/error.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

struct CapturedFrame {
    std::int64_t time = 0;     // nanoseconds since 1970
    ByteView bytes{};          // a view into the file
    std::uint32_t length = 0;  // on the wire
};

// Reads what libpcap writes: both byte orders, micro- and nanoseconds. Link type Ethernet only.
class PcapReader {
public:
    // Fails for anything but the beginning of such a file. An empty file, and one cut within its
    // header, are a capture that was cut before its first packet. `file` must outlive the reader.
    static Result<PcapReader> open(ByteView file);

    // The next packet; nothing at the end, or where the file is cut.
    std::optional<CapturedFrame> next();

    // Whether the file ends within a packet or a header. Known once next() has returned nothing.
    bool truncated() const { return truncated_; }

private:
    PcapReader() = default;
    std::uint32_t read(std::size_t at) const;

    ByteView file_;
    std::size_t at_ = 0;
    bool swapped_ = false;
    std::int64_t fraction_ = 1;  // nanoseconds in a unit of a time stamp's fraction
    bool truncated_ = false;
};

// The beginning of a file with nanoseconds, little-endian on every machine, so that equal packets
// make equal files.
void append_pcap_header(std::vector<std::byte>& file);

// `length` is that on the wire, at least bytes.size().
void append_pcap_packet(std::vector<std::byte>& file, const CapturedFrame& frame);

}  // namespace etimedout
