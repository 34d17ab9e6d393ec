// Netlink sockets: which of them are used again, and for what.
#include "simulator/net/netlink.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "simulator/net/namespace_guard.hh"

namespace etimedout {
namespace {

// The number that the kernel knows a socket by, which no other in its namespace has.
std::uint32_t port_of(const NetlinkSocket& socket) {
    sockaddr_nl address{};
    socklen_t size = sizeof address;
    void* const place = &address;
    ::getsockname(socket.descriptor(), static_cast<sockaddr*>(place), &size);
    return address.nl_pid;
}

TEST(NetlinkReuse, AClosedSocketServesItsOwnNamespaceAgainAndNoOther) {
    const Fd one = new_network_namespace();
    const Fd other = new_network_namespace();
    const NetlinkReuse reuse;
    int first = -1;
    std::uint32_t port = 0;
    {
        const NetlinkSocket socket{one.get()};
        first = socket.descriptor();
        port = port_of(socket);
    }
    const NetlinkSocket elsewhere{other.get()};
    EXPECT_NE(elsewhere.descriptor(), first);
    const NetlinkSocket filter{one.get(), NETLINK_NETFILTER};
    EXPECT_NE(filter.descriptor(), first);
    const NetlinkSocket again{one.get()};
    EXPECT_EQ(again.descriptor(), first);
    EXPECT_EQ(port_of(again), port);
    // Of two at once each has its own.
    const NetlinkSocket beside{one.get()};
    EXPECT_NE(beside.descriptor(), first);
}

TEST(NetlinkReuse, NothingIsKeptOutsideItsScope) {
    const Fd one = new_network_namespace();
    int kept = -1;
    {
        const NetlinkReuse reuse;
        kept = NetlinkSocket{one.get()}.descriptor();
        sockaddr_nl address{};
        socklen_t size = sizeof address;
        void* const place = &address;
        EXPECT_EQ(::getsockname(kept, static_cast<sockaddr*>(place), &size), 0);
    }
    EXPECT_EQ(::fcntl(kept, F_GETFD), -1);
}

}  // namespace
}  // namespace etimedout
