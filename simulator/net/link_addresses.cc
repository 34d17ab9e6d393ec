// LinkAddresses: which addresses a link has follows from its place in the scenario alone.
#include <fmt/format.h>

#include "simulator/net/link_spec.hh"

namespace etimedout {

namespace {

// One octet of the address is the link's number; 251 to 255 stay free.
constexpr std::size_t most_links = 250;

}  // namespace

LinkAddresses LinkAddresses::of(std::size_t link_index) {
    const std::size_t number = link_index + 1;
    if (number > most_links) {
        throw Error{
            fmt::format("link number {}: a world has addresses for {} links", number, most_links),
            "split the scenario"};
    }
    const auto v4 = [&](int side, int host) {
        return fmt::format("10.{}.{}.{}", number, side, host);
    };
    const auto v6 = [&](int side, int host) {
        return fmt::format("fd00:{}:{}::{}", number, side, host);
    };
    return {.near = v4(1, 2),
            .near_router = v4(1, 1),
            .far_router = v4(2, 1),
            .far = v4(2, 2),
            .near6 = v6(1, 2),
            .near_router6 = v6(1, 1),
            .far_router6 = v6(2, 1),
            .far6 = v6(2, 2),
            .middle_router = v4(3, 1),
            .middle_proxy = v4(3, 2),
            .middle_router6 = v6(3, 1),
            .middle_proxy6 = v6(3, 2)};
}

}  // namespace etimedout
