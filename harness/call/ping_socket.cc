// PingSocket: ICMP echo requests to one address, their answers, and what routers say instead.
#include "harness/call/ping_socket.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"
#include "simulator/base/rng.hh"

namespace etimedout {

namespace {

constexpr std::size_t payload_size = 56;  // as ping(8) has it
constexpr std::size_t header_size = 8;

// RFC 1071.
std::uint16_t checksum(std::string_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const auto high = static_cast<unsigned char>(bytes[i]);
        const auto low = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U;
        sum += (static_cast<std::uint32_t>(high) << 8U) | low;
    }
    while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

void put_16(std::string& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<char>(value >> 8U);
    bytes[at + 1] = static_cast<char>(value & 0xffU);
}

// Type, code, checksum, identifier, sequence, payload: the same for both families. The kernel
// sums up ICMPv6 itself, and on datagram sockets sets the identifier.
std::string echo_request(int family, std::uint16_t id, std::int64_t number,
                         const std::string& payload) {
    std::string packet(header_size, '\0');
    packet[0] = static_cast<char>(family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
    put_16(packet, 4, id);
    put_16(packet, 6, static_cast<std::uint16_t>(number & 0xffff));
    packet += payload;
    if (family == AF_INET) put_16(packet, 2, checksum(packet));
    return packet;
}

Fd open_socket(int family, bool& is_raw) {
    const int protocol =
        family == AF_INET6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
    const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    is_raw = false;
    Fd fd{::socket(family, SOCK_DGRAM | flags, protocol)};
    if (fd) return fd;
    is_raw = true;
    return Fd{checked("socket for ping (needs CAP_NET_RAW, or net.ipv4.ping_group_range)",
                      ::socket(family, SOCK_RAW | flags, protocol))};
}

}  // namespace

PingSocket::PingSocket(const CalleeAddress& to, std::string tag)
    : fd_{open_socket(to.family(), is_raw_)},
      family_{to.family()},
      id_{static_cast<std::uint16_t>(Rng{0, tag}.below(0x10000))},
      tag_{std::move(tag)} {
    const int on = 1;
    if (family_ == AF_INET6) {
        checked("IPV6_RECVERR",
                ::setsockopt(fd_.get(), IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on));
    } else {
        checked("IP_RECVERR", ::setsockopt(fd_.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    }
    // Without a route this fails, and so will each send, which is then told.
    if (::connect(fd_.get(), to.get(), to.size) != 0 && errno != ENETUNREACH &&
        errno != EHOSTUNREACH && errno != EACCES && errno != EINVAL) {
        throw_errno("connect a socket for ping", errno);
    }
}

std::string PingSocket::payload(std::int64_t number) const {
    std::string bytes = fmt::format("{} {}", number, tag_);
    bytes.resize(payload_size, '.');
    return bytes;
}

int PingSocket::send(std::int64_t number) {
    const std::string packet = echo_request(family_, id_, number, payload(number));
    while (::send(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
        // An error that came for an earlier request is in the queue, too.
        if (errno == EDESTADDRREQ) return ENETUNREACH;
        if (errno != EINTR) return errno;
    }
    return 0;
}

EchoNews PingSocket::receive() {
    while (true) {
        std::array<char, 2048> buffer{};
        std::array<char, 512> control{};
        iovec part{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
            for (const cmsghdr* entry = CMSG_FIRSTHDR(&message); entry != nullptr;
                 entry = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(entry))) {
                const bool is_error =
                    (entry->cmsg_level == IPPROTO_IP && entry->cmsg_type == IP_RECVERR) ||
                    (entry->cmsg_level == IPPROTO_IPV6 && entry->cmsg_type == IPV6_RECVERR);
                if (!is_error) continue;
                sock_extended_err error{};
                std::memcpy(&error, CMSG_DATA(entry), sizeof error);
                return EchoError{static_cast<int>(error.ee_errno)};
            }
            continue;
        }
        const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0) {
            if (errno == EAGAIN) return std::monostate{};
            continue;  // the same error is in the queue
        }
        const auto reply = reply_in({buffer.data(), static_cast<std::size_t>(count)});
        if (reply) return *reply;
    }
}

// Nothing for a packet that is not an answer to us: raw sockets see all of the node's.
std::optional<EchoReply> PingSocket::reply_in(std::string_view packet) const {
    if (is_raw_ && family_ == AF_INET) {
        if (packet.empty()) return std::nullopt;
        const auto words = static_cast<std::size_t>(packet[0] & 0x0f);
        packet.remove_prefix(std::min(packet.size(), words * 4));
    }
    if (packet.size() != header_size + payload_size) return std::nullopt;
    const int wanted = family_ == AF_INET6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
    if (static_cast<unsigned char>(packet[0]) != wanted) return std::nullopt;
    const std::string_view text = packet.substr(header_size);
    const auto number = Scalar<std::int64_t>::parse(text.substr(0, text.find(' ')));
    if (!number || payload(*number) != text) return std::nullopt;
    return EchoReply{*number};
}

}  // namespace etimedout
