// Wire: one accepted TCP connection and the ways in which a server can treat it.
#include "simulator/stub/wire.hh"

#include <memory>
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

Wire::Task<bool> Wire::secure(const TlsContext* context, StubTls how) {
    if (how.stall == TlsStall::after_accept) {
        co_await hold();
        co_return false;
    }
    const bool hello = co_await receive_raw();
    if (!hello) co_return false;
    if (how.stall == TlsStall::after_client_hello) {
        co_await hold();
        co_return false;
    }
    co_await wait(how.delay);
    tls_ = std::make_unique<TlsEngine>(*context);
    while (true) {
        std::string plain = tls_->take(received());
        take(received().size());
        std::string answer = tls_->outgoing();
        if (how.stall == TlsStall::after_server_hello && !answer.empty()) {
            answer.resize(answer.size() / 2);
            co_await send_raw(std::move(answer));
            tls_.reset();
            co_await hold();
            co_return false;
        }
        if (!answer.empty()) {
            const bool sent = co_await send_raw(std::move(answer));
            if (!sent) co_return false;
        }
        if (tls_->state() == TlsEngine::State::over) {
            co_await hang_up();
            co_return false;
        }
        if (tls_->state() == TlsEngine::State::established) {
            received_ = std::move(plain);
            co_return true;
        }
        const bool more = co_await receive_raw();
        if (!more) co_return false;
    }
}

Wire::Task<bool> Wire::receive() {
    if (!tls_) {
        const bool more = co_await receive_raw();
        co_return more;
    }
    std::string kept{received()};
    while (true) {
        received_.clear();
        taken_ = 0;
        const bool more = co_await receive_raw();
        const std::string plain = more ? tls_->take(received_) : std::string{};
        received_ = kept + plain;
        if (!more) co_return false;
        std::string answer = tls_->outgoing();
        if (!answer.empty()) {
            const bool sent = co_await send_raw(std::move(answer));
            if (!sent) co_return false;
        }
        if (!plain.empty()) co_return true;
        if (tls_->state() == TlsEngine::State::over) co_return false;
    }
}

Wire::Task<Wire::Arrival> Wire::receive_within(std::optional<Duration> limit) {
    if (!limit) {
        const bool more = co_await receive();
        if (more) co_return Arrival::something;
        co_return Arrival::nothing_more;
    }
    const auto late = std::make_shared<bool>(false);
    asio::steady_timer timer{socket_.get_executor(), *limit};
    timer.async_wait([this, waiting = std::weak_ptr{late}](const error_code& cancelled) {
        const auto still = waiting.lock();  // nobody waits any more once this has gone
        if (cancelled || !still) return;
        *still = true;
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_receive, ignored);
    });
    const bool more = co_await receive();
    if (more) co_return Arrival::something;
    if (*late) co_return Arrival::too_late;
    co_return Arrival::nothing_more;
}

Wire::Task<bool> Wire::receive_raw() {
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
    if (tls_) {
        tls_->put(bytes);
        bytes = tls_->outgoing();
    }
    const bool sent = co_await send_raw(std::move(bytes));
    co_return sent;
}

Wire::Task<bool> Wire::send_raw(std::string bytes) {
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
        const bool more = co_await receive_raw();
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
    const auto holding = std::make_shared<bool>(true);
    asio::steady_timer deadline{socket_.get_executor(), linger};
    deadline.async_wait([this, held = std::weak_ptr{holding}](const error_code& cancelled) {
        error_code ignored;
        if (cancelled || held.expired()) return;
        socket_.shutdown(tcp::socket::shutdown_receive, ignored);
    });
    co_await hold();
}

Wire::Task<void> Wire::finish() {
    if (tls_) {
        tls_->finish();
        std::string goodbye = tls_->outgoing();
        co_await send_raw(std::move(goodbye));
    }
    co_await hang_up();
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
