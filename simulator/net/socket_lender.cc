// Socket lending: a process gets sockets of a network namespace that it has left.
#include "simulator/net/socket_lender.hh"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

struct Request {
    int family;
    int type;
};

struct Answer {
    int error;  // 0: a descriptor comes with it
};

// Room for one descriptor beside a message (unix(7), SCM_RIGHTS).
struct alignas(cmsghdr) Rights {
    std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

void send_answer(int channel, Answer answer, const Fd& socket) {
    iovec part{&answer, sizeof answer};
    Rights rights;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (socket) {
        message.msg_control = rights.bytes.data();
        message.msg_controllen = rights.bytes.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int descriptor = socket.get();
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    // A borrower that is gone needs no answer; the next read says that it is.
    [[maybe_unused]] const ssize_t sent = ::sendmsg(channel, &message, MSG_NOSIGNAL);
}

// -1 when none came with the message.
int descriptor_of(const msghdr& message) {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

}  // namespace

LendingChannel LendingChannel::make() {
    int ends[2];
    checked("socketpair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    return {Fd{ends[0]}, Fd{ends[1]}};
}

bool lend_socket(int channel) {
    Request request{};
    const ssize_t got = ::recv(channel, &request, sizeof request, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got != sizeof request) return false;
    const bool known = (request.family == AF_INET || request.family == AF_INET6) &&
                       (request.type == SOCK_STREAM || request.type == SOCK_DGRAM);
    errno = EAFNOSUPPORT;
    const Fd socket{known ? ::socket(request.family, request.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
                          : -1};
    send_answer(channel, {socket ? 0 : errno}, socket);
    return true;
}

Fd SocketBorrower::borrow(int family, int type) {
    const std::lock_guard lock{mutex_};
    const Request request{family, type};
    if (::send(channel_.get(), &request, sizeof request, MSG_NOSIGNAL) < 0) {
        errno = ECONNRESET;
        return {};
    }
    Answer answer{};
    iovec part{&answer, sizeof answer};
    Rights rights;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = rights.bytes.data();
    message.msg_controllen = rights.bytes.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(channel_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof answer) {
        errno = ECONNRESET;
        return {};
    }
    Fd socket{descriptor_of(message)};
    if (!socket) errno = answer.error;
    return socket;
}

}  // namespace etimedout
