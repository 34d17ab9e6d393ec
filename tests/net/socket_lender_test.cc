// Socket lending: what is asked for comes, and neither end waits for one that is gone.
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"
#include "simulator/net/socket_lender.hh"

namespace etimedout {
namespace {

// Lends until the borrower is gone.
class Lending {
public:
    explicit Lending(Fd channel)
        : thread_{[channel = std::move(channel)] {
              pollfd waiting{channel.get(), POLLIN, 0};
              do {
                  ::poll(&waiting, 1, -1);
              } while (lend_socket(channel.get()));
          }} {}
    ~Lending() { thread_.join(); }
    Lending(const Lending&) = delete;
    Lending& operator=(const Lending&) = delete;

private:
    std::thread thread_;
};

int option_of(const Fd& socket, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    checked("getsockopt", ::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size));
    return value;
}

TEST(SocketLending, GivesTheSocketThatWasAskedFor) {
    LendingChannel channel = LendingChannel::make();
    const Lending lending{std::move(channel.lender)};
    SocketBorrower borrower{std::move(channel.borrower)};
    for (const int family : {AF_INET, AF_INET6}) {
        for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
            const Fd socket = borrower.borrow(family, type);
            ASSERT_TRUE(socket);
            EXPECT_EQ(option_of(socket, SO_DOMAIN), family);
            EXPECT_EQ(option_of(socket, SO_TYPE), type);
            EXPECT_NE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
        }
    }
}

TEST(SocketLending, RefusesOtherFamiliesAndGoesOn) {
    LendingChannel channel = LendingChannel::make();
    const Lending lending{std::move(channel.lender)};
    SocketBorrower borrower{std::move(channel.borrower)};
    EXPECT_FALSE(borrower.borrow(AF_NETLINK, SOCK_DGRAM));
    EXPECT_EQ(errno, EAFNOSUPPORT);
    EXPECT_TRUE(borrower.borrow(AF_INET, SOCK_STREAM));
}

TEST(SocketLending, IsOverWhenTheLenderIsGone) {
    LendingChannel channel = LendingChannel::make();
    SocketBorrower borrower{std::move(channel.borrower)};
    channel.lender.reset();
    EXPECT_FALSE(borrower.borrow(AF_INET, SOCK_STREAM));
    EXPECT_EQ(errno, ECONNRESET);
}

TEST(SocketLending, DoesNotWaitForRequests) {
    LendingChannel channel = LendingChannel::make();
    EXPECT_TRUE(lend_socket(channel.lender.get()));
    channel.borrower.reset();
    EXPECT_FALSE(lend_socket(channel.lender.get()));
}

}  // namespace
}  // namespace etimedout
