// SourceRanges: which callers a fault's `source` means, and the addresses they are compared with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "simulator/base/error.hh"

namespace etimedout {

// IPv6, or IPv4 in its mapped form (RFC 4291, 2.5.5.2), so that both compare alike.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    static Result<IpAddress> parse(std::string_view text);
    bool operator==(const IpAddress&) const = default;
};

// Nothing in it means everyone.
class SourceRanges {
public:
    SourceRanges() = default;
    // "10.0.0.1", "10.0.0.0/8", "fd00::/16", or several with commas between them. Names of nodes
    // are not known here: whoever arms a fault writes their addresses instead.
    static Result<SourceRanges> parse(std::string_view text);

    bool contains(const IpAddress& address) const;

private:
    struct Range {
        IpAddress first;
        unsigned length;  // in bits of the 128
    };
    std::vector<Range> ranges_;
};

}  // namespace etimedout
