// UDP sockets: one that listens, and one connected to an upstream.
#include "simulator/proxy/udp_socket.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "simulator/proxy/engine.hh"
#include "simulator/proxy/socket_errors.hh"

namespace etimedout {

namespace {

// Room for a burst; the kernel gives what net.core.rmem_max allows.
constexpr int wanted_buffer = 4 << 20;

[[noreturn]] void cannot_listen_udp(const char* what, const SocketAddress& where, int error) {
    throw ListenError{fmt::format("listen udp {}: {}: {}", where.text(), what, go_text(error)),
                      "choose another address, or end the program that has it"};
}

void set_buffers(int socket) {
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &wanted_buffer, sizeof wanted_buffer);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &wanted_buffer, sizeof wanted_buffer);
}

bool is_any_v6(const SocketAddress& where) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(where.storage);
    return where.family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

SocketAddress any_v4(std::uint16_t port) {
    SocketAddress address;
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof v4;
    return address;
}

// The receiver of a datagram as the sender of its answer; nothing where it cannot be that.
template <class Info>
void put_control(UdpPeer& peer, int level, int type, const Info& info) {
    static_assert(CMSG_SPACE(sizeof info) <= sizeof peer.asked);
    msghdr message{};
    message.msg_control = peer.asked.data();
    message.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = level;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(head), &info, sizeof info);
    peer.asked_size = CMSG_SPACE(sizeof info);
}

void read_control(msghdr& message, UdpPeer& peer) {
    peer.asked_size = 0;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(head), sizeof info);
            info.ipi_ifindex = 0;  // the way back is the routing table's choice
            put_control(peer, IPPROTO_IP, IP_PKTINFO, info);
            return;
        }
        if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(head), sizeof info);
            if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return;
            if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
            put_control(peer, IPPROTO_IPV6, IPV6_PKTINFO, info);
            return;
        }
    }
}

}  // namespace

Fd listen_udp(const SocketAddress& where) {
    Fd socket{::socket(where.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP)};
    if (!socket && errno == EAFNOSUPPORT && is_any_v6(where))
        return listen_udp(any_v4(where.port()));
    if (!socket) cannot_listen_udp("socket", where, errno);
    const int on = 1;
    const int off = 0;
    set_buffers(socket.get());
    if (where.family() == AF_INET6) {
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    } else {
        ::setsockopt(socket.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    }
    // A proxy that was closed a moment ago on this thread may still be in a system call of its
    // worker's, which keeps its port; that is over within microseconds.
    constexpr int tries = 100;
    for (int i = 1;; ++i) {
        if (::bind(socket.get(), where.get(), where.size) == 0) return socket;
        if (errno != EADDRINUSE || i == tries) cannot_listen_udp("bind", where, errno);
        ::sched_yield();
    }
}

Fd connect_udp(Fd socket, const SocketAddress& upstream) {
    if (!socket) return socket;
    set_buffers(socket.get());
    if (::connect(socket.get(), upstream.get(), upstream.size) == 0) return socket;
    const int error = errno;
    socket.reset();
    errno = error;
    return socket;
}

ssize_t receive_udp(int socket, std::span<char> into, UdpPeer& from) {
    alignas(cmsghdr) std::array<char, 128> control;
    iovec bytes{into.data(), into.size()};
    msghdr message{};
    message.msg_name = from.address.get();
    message.msg_namelen = sizeof from.address.storage;
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (count < 0) return count;
    from.address.size = message.msg_namelen;
    read_control(message, from);
    return count;
}

ssize_t send_udp(int socket, std::string_view bytes, const UdpPeer& to) {
    alignas(cmsghdr) std::array<char, sizeof to.asked> control = to.asked;
    SocketAddress address = to.address;
    iovec one{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_name = address.get();
    message.msg_namelen = address.size;
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    if (to.asked_size > 0) {
        message.msg_control = control.data();
        message.msg_controllen = to.asked_size;
    }
    return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace etimedout
