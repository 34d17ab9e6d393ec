// The TCP sockets of the calling thread's network namespace, as /proc/net/tcp and tcp6 list them.
#include "simulator/world/tcp_table.hh"

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <netinet/in.h>

#include "simulator/node/text.hh"

namespace etimedout {

namespace {

constexpr int hexadecimal = 16;

std::uint64_t number_in(std::string_view text) {
    return std::stoul(std::string{text}, nullptr, hexadecimal);
}

// "0100007F:1F90": the address as words in the machine's order, each of eight digits.
SocketAddress address_in(std::string_view text) {
    constexpr std::size_t digits = 8;
    const auto colon = text.find(':');
    const auto port = static_cast<std::uint16_t>(number_in(text.substr(colon + 1)));
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i * digits < colon; ++i) {
        words.at(i) = static_cast<std::uint32_t>(number_in(text.substr(i * digits, digits)));
    }
    if (colon == digits) return socket_address(in_addr{words[0]}, port);
    in6_addr v6{};
    std::memcpy(&v6, words.data(), sizeof v6);
    return socket_address(v6, port);
}

// "N: OWN PEER STATE SENDING:UNREAD …" in hexadecimal (Documentation/networking/proc_net_tcp);
// nothing for the line of headings.
std::optional<TcpSocket> socket_in(std::string_view line) {
    const auto words = words_of(line);
    constexpr std::size_t queues = 4;
    if (words.size() <= queues || words[1].find(':') == std::string_view::npos) return std::nullopt;
    const auto unread = words[queues].substr(words[queues].find(':') + 1);
    return TcpSocket{address_in(words[1]), address_in(words[2]),
                     static_cast<TcpState>(number_in(words[3])),
                     static_cast<std::int64_t>(number_in(unread))};
}

bool is_any(const SocketAddress& address) {
    return address.ip() == socket_address(in_addr{INADDR_ANY}, 0).ip() ||
           address.ip() == socket_address(in6addr_any, 0).ip();
}

}  // namespace

std::vector<TcpSocket> tcp_sockets() {
    std::vector<TcpSocket> sockets;
    for (const char* family : {"tcp", "tcp6"}) {
        const std::string text =
            read_text(fmt::format("/proc/thread-self/net/{}", family)).value_or("");
        for (const auto line : split(text, '\n')) {
            if (const auto socket = socket_in(line)) sockets.push_back(*socket);
        }
    }
    return sockets;
}

std::vector<SocketAddress> listeners_of(Port port) {
    std::vector<SocketAddress> found;
    for (const TcpSocket& socket : tcp_sockets()) {
        if (socket.state != TcpState::listening || socket.own.port() != port.number) continue;
        if (!is_any(socket.own)) {
            found.push_back(socket.own);
        } else if (socket.own.family() == AF_INET) {
            found.push_back(socket_address(in_addr{htonl(INADDR_LOOPBACK)}, port.number));
        } else {
            found.push_back(socket_address(in6addr_loopback, port.number));
        }
    }
    return found;
}

}  // namespace etimedout
