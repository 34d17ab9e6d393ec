// Wire: one accepted TCP connection and the ways in which a server can treat it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "simulator/base/quantity.hh"
#include "simulator/stub/tls_engine.hh"

namespace etimedout {

// Every operation ends quietly when the connection is gone, and throws operation_aborted when the
// task is cancelled. Arguments are taken by value: they live in the coroutine's frame.
class Wire {
public:
    template <class T>
    using Task = boost::asio::awaitable<T>;

    enum class Arrival { something, nothing_more, too_late };

    explicit Wire(boost::asio::ip::tcp::socket socket);

    // Shakes hands, or stalls where it is told to; false when there is no connection to go on with.
    // From then on all that is received and sent is plain text of that connection.
    Task<bool> secure(const TlsContext* context, StubTls how);

    // What has arrived and was not taken yet.
    std::string_view received() const { return std::string_view{received_}.substr(taken_); }
    void take(std::size_t count);

    // Waits for more to arrive; false at the peer's end of file or when the connection broke.
    Task<bool> receive();
    // The same, for so long at the most.
    Task<Arrival> receive_within(std::optional<Duration> limit);
    // False when the connection broke; how much of it was sent is then unknown.
    Task<bool> send(std::string bytes);
    // On the monotonic clock, which is the world's.
    Task<void> wait(Duration duration);

    // Reads and throws away until the peer closes, and then closes.
    Task<void> hold();
    // FIN now. Goes on reading for a while, so that bytes under way do not turn it into a RST.
    Task<void> hang_up();
    // The same behind all that was to be said: TLS is told first, so that it is no truncation.
    Task<void> finish();
    // RST, once the peer has acknowledged what was sent (an RST overtakes what was not).
    Task<void> abort_when_delivered();
    // RST now (SO_LINGER with 0, see socket(7)).
    void abort();

private:
    Task<bool> receive_raw();
    Task<bool> send_raw(std::string bytes);

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsEngine> tls_;
    std::string received_;
    std::size_t taken_ = 0;
};

}  // namespace etimedout
