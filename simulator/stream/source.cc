// SourceRanges: which callers a fault's `source` means, and the addresses they are compared with.
#include "simulator/stream/source.hh"

#include <algorithm>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "simulator/base/quantity.hh"
#include "simulator/base/trimmed.hh"

namespace etimedout {

namespace {

constexpr std::string_view advice = "write an address such as 10.1.0.1, or a range, 10.1.0.0/16";

bool is_v4(std::string_view text) { return text.find(':') == std::string_view::npos; }

bool same_prefix(const IpAddress& a, const IpAddress& b, unsigned length) {
    for (unsigned bit = 0; bit < length; bit += 8) {
        const unsigned left = std::min(8U, length - bit);
        const auto mask = static_cast<std::uint8_t>(0xffU << (8U - left));
        if ((a.bytes[bit / 8] & mask) != (b.bytes[bit / 8] & mask)) return false;
    }
    return true;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated{text};
    IpAddress result;
    if (is_v4(text)) {
        result.bytes[10] = result.bytes[11] = 0xff;
        if (::inet_pton(AF_INET, terminated.c_str(), result.bytes.data() + 12) == 1) return result;
    } else if (::inet_pton(AF_INET6, terminated.c_str(), result.bytes.data()) == 1) {
        return result;
    }
    return Problem{fmt::format("`{}` is not an address", text), std::string{advice}};
}

Result<SourceRanges> SourceRanges::parse(std::string_view text) {
    SourceRanges result;
    while (true) {
        const auto comma = text.find(',');
        const auto one = trimmed(text.substr(0, comma));
        const auto slash = one.find('/');
        const auto address = IpAddress::parse(one.substr(0, slash));
        if (!address) return address.error();
        const unsigned before = is_v4(one) ? 96 : 0;
        unsigned length = 128;
        if (slash != std::string_view::npos) {
            const auto bits = Scalar<std::int64_t>::parse(one.substr(slash + 1));
            if (!bits || *bits < 0 || *bits > 128 - static_cast<std::int64_t>(before)) {
                return Problem{fmt::format("`{}` has no length that fits it", one),
                               std::string{advice}};
            }
            length = before + static_cast<unsigned>(*bits);
        }
        result.ranges_.push_back({*address, length});
        if (comma == std::string_view::npos) return result;
        text.remove_prefix(comma + 1);
    }
}

bool SourceRanges::contains(const IpAddress& address) const {
    if (ranges_.empty()) return true;
    for (const auto& range : ranges_) {
        if (same_prefix(range.first, address, range.length)) return true;
    }
    return false;
}

}  // namespace etimedout
