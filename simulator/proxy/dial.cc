// Dialling: connecting a socket towards a proxy's upstream.
#include "simulator/proxy/dial.hh"

#include <cerrno>

#include <sys/socket.h>

namespace etimedout {

namespace {

// 0 or errno.
int take_address(int socket, const SocketAddress& client) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (const int error = allow_foreign_addresses(socket); error != 0) return error;
    const SocketAddress address = unmapped(client);
    return ::bind(socket, address.get(), address.size) == 0 ? 0 : errno;
}

}  // namespace

Dialling begin_to_dial(const ProxyState& proxy, const SocketAddress& upstream,
                       const SocketAddress& client) {
    Fd socket = proxy.upstream_socket(upstream.family(), SOCK_STREAM);
    if (!socket) return {{}, errno};
    set_habits(socket.get(), proxy.transparent ? KeepAlive::off : KeepAlive::on);
    if (proxy.transparent) {
        if (const int error = take_address(socket.get(), client); error != 0) return {{}, error};
    }
    if (::connect(socket.get(), upstream.get(), upstream.size) == 0 || errno == EINPROGRESS) {
        return {std::move(socket), 0};
    }
    return {{}, errno};
}

int error_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

}  // namespace etimedout
