// What a link is: from which node to which port of which node, and its physics without faults.
#pragma once

#include <optional>
#include <string>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

enum class IpVersion { v4, v6, both };

template <>
struct Words<IpVersion> {
    static constexpr std::array<std::pair<std::string_view, IpVersion>, 3> words{
        {{"v4", IpVersion::v4}, {"v6", IpVersion::v6}, {"both", IpVersion::both}}};
};

struct LinkSpec {
    std::string from{};
    std::string to{};
    std::optional<Port> port{};  // absent: the whole host, for links that no call goes over
    IpVersion ip = IpVersion::v4;
    Duration latency = 100us;  // each way
    Rate rate{1'000'000'000};  // each way
    std::int64_t mtu = 1500;
    // A proxy stands in its middle, for faults of the stream and message layers: whether or not
    // one is armed, so that runs with and without faults differ in nothing else.
    bool proxied = false;
    bool operator==(const LinkSpec&) const = default;
};

// The addresses of one link's ends and of what is between them, as text.
struct LinkAddresses {
    std::string near{};  // the caller's
    std::string near_router{};
    std::string far_router{};
    std::string far{};  // the callee's
    std::string near6{};
    std::string near_router6{};
    std::string far_router6{};
    std::string far6{};
    // Between the router and the proxy of a proxied link, each by what it is the address of.
    std::string middle_router{};
    std::string middle_proxy{};
    std::string middle_router6{};
    std::string middle_proxy6{};
    static LinkAddresses of(std::size_t link_index);
};

}  // namespace etimedout
