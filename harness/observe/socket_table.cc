// A node's TCP sockets, asked of the kernel through inet_diag.
#include "harness/observe/socket_table.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

constexpr std::uint8_t listening = 10;  // TCP_LISTEN

// A netlink dump needs a buffer of at least 32 KiB to be fast
// (Documentation/userspace-api/netlink).
constexpr std::size_t buffer_size = 64U << 10U;

// The older form of the question: it alone asks for IPv4 and IPv6 in one walk through the
// kernel's tables, which is what takes the time.
struct Request {
    nlmsghdr header;
    inet_diag_req body;
};

template <class T>
bool read_struct(std::span<const std::byte> bytes, T& value) {
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
}

void add_socket(const inet_diag_msg& message, SocketTable& table) {
    ++table.states[std::string{tcp_state_name(message.idiag_state)}];
    if (message.idiag_state == listening) {
        table.listeners.push_back(
            {ntohs(message.id.idiag_sport), message.idiag_rqueue, message.idiag_wqueue});
    } else {
        table.receive_queue += message.idiag_rqueue;
        table.send_queue += message.idiag_wqueue;
    }
}

}  // namespace

std::string_view tcp_state_name(std::uint8_t state) {
    constexpr std::array<std::string_view, 13> names{
        "UNKNOWN", "ESTAB",      "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
        "UNCONN",  "CLOSE-WAIT", "LAST-ACK", "LISTEN",   "CLOSING",    "SYN-RECV"};
    return state < names.size() ? names[state] : names[0];
}

DiagAnswer add_diag_messages(std::span<const std::byte> datagram, SocketTable& table) {
    while (true) {
        nlmsghdr header{};
        if (!read_struct(datagram, header) || header.nlmsg_len < sizeof header ||
            header.nlmsg_len > datagram.size()) {
            return {};
        }
        const auto body = datagram.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
        if (header.nlmsg_type == NLMSG_DONE) return {.more = false};
        if (header.nlmsg_type == NLMSG_ERROR) {
            nlmsgerr error{};
            if (!read_struct(body, error)) error.error = -EPROTO;
            return {.error = -error.error, .more = false};
        }
        inet_diag_msg message{};
        if (header.nlmsg_type == TCPDIAG_GETSOCK && read_struct(body, message)) {
            add_socket(message, table);
        }
        datagram =
            datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
}

SocketTableReader::SocketTableReader()
    : socket_{checked("open a netlink socket for inet_diag",
                      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))},
      buffer_{std::make_unique_for_overwrite<std::byte[]>(buffer_size)} {
    read();
}

SocketTable SocketTableReader::read() {
    Request request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = TCPDIAG_GETSOCK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.idiag_family = AF_INET;  // of no consequence: see above
    request.body.idiag_states = 0xFFF;    // all states; those of SYNs not yet accepted too
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    checked("ask for TCP sockets",
            ::sendto(socket_.get(), &request, sizeof request, 0,
                     reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel));
    SocketTable table;
    for (;;) {
        const auto size = ::recv(socket_.get(), buffer_.get(), buffer_size, 0);
        if (size < 0 && errno == EINTR) continue;
        checked("list TCP sockets", size);
        const DiagAnswer answer =
            add_diag_messages({buffer_.get(), static_cast<std::size_t>(size)}, table);
        if (answer.error == ENOENT || answer.error == EOPNOTSUPP) {
            throw Error{"this kernel cannot list TCP sockets: it has no inet_diag",
                        "run with --time virtual, or `modprobe tcp_diag`"};
        }
        if (answer.error != 0) throw_errno("list TCP sockets", answer.error);
        if (!answer.more) break;
    }
    std::sort(
        table.listeners.begin(), table.listeners.end(), [](const Listener& a, const Listener& b) {
            return std::tie(a.port, a.queue, a.backlog) < std::tie(b.port, b.queue, b.backlog);
        });
    return table;
}

}  // namespace etimedout
