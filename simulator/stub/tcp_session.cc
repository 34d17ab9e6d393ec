// Serves one plain TCP connection: speaks first when it has a body, else echoes.
#include <algorithm>
#include <optional>
#include <utility>

#include "simulator/stub/answer.hh"
#include "simulator/stub/upstream.hh"
#include "simulator/stub/wire.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

namespace {

enum class AfterAnswer { more, over };

// With `body` or `body_size` the stub sends that after `first_byte`, counted from accept, and
// then only reads; else it sends back what it receives, the first of it after `first_byte`.
// `stop_after` counts all it sends.
class TcpSession {
public:
    TcpSession(Upstream* upstream, tcp::socket socket)
        : upstream_{upstream}, route_{upstream->spec.all}, wire_{std::move(socket)} {}
    TcpSession(const TcpSession&) = delete;
    TcpSession& operator=(const TcpSession&) = delete;

    awaitable<void> run();

private:
    awaitable<AfterAnswer> speak(BodySource what);
    awaitable<AfterAnswer> end();

    Upstream* upstream_;
    OpenConnection open_{upstream_};
    StubRoute route_;
    Wire wire_;
    std::int64_t sent_ = 0;
    bool has_waited_ = false;  // the route's own `first_byte`
};

BodySource bytes_of(const StubRoute& route) {
    if (route.body_size) return {{}, route.body_size->count, true};
    std::string text = route.body.value_or("");
    const auto size = static_cast<std::int64_t>(text.size());
    return {std::move(text), size, false};
}

// A worker serves a connection for as long as it is there.
awaitable<void> TcpSession::run() {
    if (upstream_->tls) {
        const StubTls how = *upstream_->spec.tls;
        const bool secure = co_await wire_.secure(upstream_->tls.get(), how);
        if (!secure) co_return;
    }
    if (upstream_->spec.queue_full == StubOverflow::refuse && upstream_->pool.is_full()) {
        ++upstream_->refused;
        co_await wire_.hang_up();
        co_return;
    }
    const WorkerPool::Place place = co_await upstream_->pool.take();
    const bool speaks_first = route_.body || route_.body_size;
    if (speaks_first) {
        BodySource greeting = bytes_of(route_);
        const AfterAnswer next = co_await speak(std::move(greeting));
        if (next == AfterAnswer::over) co_return;
    }
    while (true) {
        const bool more = co_await wire_.receive();
        if (!more) co_return;
        BodySource echo;
        if (!speaks_first) echo.text = std::string{wire_.received()};
        echo.size = static_cast<std::int64_t>(echo.text.size());
        wire_.take(wire_.received().size());
        const AfterAnswer next = co_await speak(std::move(echo));
        if (next == AfterAnswer::over) co_return;
    }
}

// Sends this, unless the route says otherwise.
awaitable<AfterAnswer> TcpSession::speak(BodySource what) {
    if (route_.silent || what.size == 0) co_return AfterAnswer::more;

    Pace pace = answer_of(route_).pace;
    // Waited for once in a connection's life: before its first byte.
    if (std::exchange(has_waited_, true)) pace.first_byte = Duration::zero();
    co_await wire_.wait(pace.first_byte);

    const std::int64_t stop =
        route_.stop_after ? std::max<std::int64_t>(route_.stop_after->count - sent_, 0) : what.size;
    const std::int64_t size = std::min(stop, what.size);
    for (std::int64_t offset = 0; offset < size;) {
        if (offset > 0) co_await wire_.wait(pace.between);
        const std::int64_t count = std::min(pace.step(), size - offset);
        std::string piece = what.bytes(offset, count);
        const bool sent = co_await wire_.send(std::move(piece));
        if (!sent) co_return AfterAnswer::over;
        offset += count;
    }
    sent_ += size;
    const bool spoke_first = route_.body || route_.body_size;
    const bool stops = route_.stop_after ? sent_ >= route_.stop_after->count : spoke_first;
    if (stops && (route_.end != StubEnd::complete || size < what.size)) {
        const AfterAnswer next = co_await end();
        co_return next;
    }
    co_return AfterAnswer::more;
}

awaitable<AfterAnswer> TcpSession::end() {
    switch (route_.end) {
        case StubEnd::complete:
            co_await wire_.hold();
            break;
        case StubEnd::close:
            co_await wire_.hang_up();
            break;
        case StubEnd::reset:
            co_await wire_.abort_when_delivered();
            break;
    }
    co_return AfterAnswer::over;
}

awaitable<void> run_tcp_session(Upstream* upstream, tcp::socket socket) {
    TcpSession session{upstream, std::move(socket)};
    co_await session.run();
}

}  // namespace

awaitable<void> serve_tcp(Upstream* upstream, tcp::socket socket) {
    return run_tcp_session(upstream, std::move(socket));
}

}  // namespace etimedout
