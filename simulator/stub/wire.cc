// Wire: one accepted TCP connection and the ways in which a server can treat it.
#include "simulator/stub/wire.hh"

#include <utility>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "simulator/stream/serving.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t received_at_once = 64U << 10U;
// How long a connection that was hung up is kept for the peer to close its side.
constexpr Duration linger = 30s;
// How long sent bytes may take to be acknowledged before a reset, and how often that is looked at.
constexpr Duration delivery = 30s;
constexpr Duration glance = 1ms;

void throw_if_cancelled(const error_code& error) {
    if (error == asio::error::operation_aborted) throw boost::system::system_error{error};
}

}  // namespace

Wire::Wire(tcp::socket socket) : socket_{std::move(socket)} {
    error_code ignored;  // a connection that broke already shows at the first read
    socket_.set_option(tcp::no_delay{true}, ignored);
}

void Wire::take(std::size_t count) {
    taken_ += count;
    if (taken_ < received_.size()) return;
    received_.clear();
    taken_ = 0;
}

Wire::Task<bool> Wire::receive() {
    received_.erase(0, std::exchange(taken_, 0));
    const std::size_t before = received_.size();
    received_.resize(before + received_at_once);
    const asio::mutable_buffer space{received_.data() + before, received_at_once};
    const auto [error, count] = co_await socket_.async_read_some(space, as_values);
    received_.resize(before + count);
    throw_if_cancelled(error);
    co_return !error;
}

Wire::Task<bool> Wire::send(std::string bytes) {
    const asio::const_buffer all{bytes.data(), bytes.size()};
    const auto [error, count] = co_await asio::async_write(socket_, all, as_values);
    throw_if_cancelled(error);
    co_return !error;
}

Wire::Task<void> Wire::wait(Duration duration) {
    if (duration <= Duration::zero()) co_return;
    asio::steady_timer timer{socket_.get_executor(), duration};
    const auto [error] = co_await timer.async_wait(as_values);
    throw_if_cancelled(error);
}

Wire::Task<void> Wire::hold() {
    while (true) {
        take(received().size());
        const bool more = co_await receive();
        if (!more) break;
    }
    error_code ignored;  // closing a connection that broke is no news
    socket_.close(ignored);
}

Wire::Task<void> Wire::hang_up() {
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    if (error) co_return;
    // A deadline for hold(): when it passes, reading ends as if the peer had closed.
    asio::steady_timer deadline{socket_.get_executor(), linger};
    deadline.async_wait([this](const error_code& cancelled) {
        error_code ignored;
        if (!cancelled) socket_.shutdown(tcp::socket::shutdown_receive, ignored);
    });
    co_await hold();
}

Wire::Task<void> Wire::abort_when_delivered() {
    for (Duration waited{}; waited < delivery; waited += glance) {
        int unacknowledged = 0;
        if (::ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) != 0) break;
        if (unacknowledged == 0) break;
        const Duration pause = glance;
        co_await wait(pause);
    }
    abort();
}

void Wire::abort() {
    error_code ignored;  // a connection that broke cannot be broken again
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
}

}  // namespace etimedout
