// Which callers a fault's `source` means.
#include "simulator/stream/source.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

bool means(std::string_view ranges, std::string_view address) {
    return SourceRanges::parse(ranges).value().contains(IpAddress::parse(address).value());
}

TEST(SourceRangesTest, NothingMeansEveryone) {
    // Without a selector there is nobody to leave out.
    EXPECT_TRUE(SourceRanges{}.contains(IpAddress::parse("192.0.2.1").value()));
}

TEST(SourceRangesTest, AnAddressMeansItself) {
    // 32 of 32 bits, or 128 of 128, have to agree.
    EXPECT_TRUE(means("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(means("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(means("fd00::1", "fd00:0::1"));
    EXPECT_FALSE(means("fd00::1", "10.0.0.1"));
}

TEST(SourceRangesTest, ALengthThatIsNoMultipleOfEightCutsWithinAByte) {
    // 10.1.16.0/20 reaches from 10.1.16.0 to 10.1.31.255.
    EXPECT_TRUE(means("10.1.16.0/20", "10.1.31.255"));
    EXPECT_FALSE(means("10.1.16.0/20", "10.1.32.0"));
    EXPECT_TRUE(means("0.0.0.0/0", "203.0.113.9"));
    EXPECT_FALSE(means("0.0.0.0/0", "fd00::1"));
    EXPECT_TRUE(means("fd00::/9", "fd7f::1"));
}

TEST(SourceRangesTest, SeveralRangesAreMetByAnyOfThem) {
    // A node with two links has two addresses.
    EXPECT_TRUE(means("10.0.0.1, fd00::1", "fd00::1"));
    EXPECT_TRUE(means("10.0.0.1,fd00::1", "10.0.0.1"));
    EXPECT_FALSE(means("10.0.0.1,fd00::1", "10.0.0.2"));
}

TEST(SourceRangesTest, WhatIsNoAddressIsAnErrorThatShowsIt) {
    // Names of nodes are not known at this level.
    EXPECT_EQ(SourceRanges::parse("gateway").error().message, "`gateway` is not an address");
    EXPECT_EQ(SourceRanges::parse("10.0.0.0/33").error().message,
              "`10.0.0.0/33` has no length that fits it");
    EXPECT_TRUE(SourceRanges::parse("").has_error());
}

}  // namespace
}  // namespace etimedout
