// Stub: an upstream server that answers, or misbehaves, as it was made to.
#include "simulator/stub/stub.hh"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "simulator/base/fd.hh"
#include "simulator/stream/scope.hh"
#include "simulator/stream/serving.hh"
#include "simulator/stub/certificates.hh"
#include "simulator/stub/upstream.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Fd bound_socket(int family, Listening place, std::uint16_t port) {
    Fd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
    if (!fd) return fd;
    const int on = 1;
    checked("SO_REUSEADDR", ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    sockaddr_storage address{};
    socklen_t size = 0;
    if (family == AF_INET6) {
        checked("IPV6_V6ONLY", ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_port = htons(port);
        any.sin6_addr = place == Listening::loopback ? in6addr_loopback : in6addr_any;
        std::copy_n(reinterpret_cast<const char*>(&any), sizeof any,
                    reinterpret_cast<char*>(&address));
        size = sizeof any;
    } else {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_port = htons(port);
        any.sin_addr.s_addr = htonl(place == Listening::loopback ? INADDR_LOOPBACK : INADDR_ANY);
        std::copy_n(reinterpret_cast<const char*>(&any), sizeof any,
                    reinterpret_cast<char*>(&address));
        size = sizeof any;
    }
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return Fd{};
    return fd;
}

std::uint16_t port_of(const Fd& fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    checked("getsockname", ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin_port);
}

struct Listeners {
    Fd v4{};
    Fd v6{};  // none where the system has no IPv6
    std::uint16_t port = 0;
};

// Both families on one port; for port 0 another is tried when IPv6 has it taken.
Listeners open_listeners(const std::string& name, const StubSpec& spec, Listening place,
                         std::uint16_t port) {
    constexpr int attempts = 16;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        Listeners result;
        result.v4 = bound_socket(AF_INET, place, port);
        if (!result.v4) break;
        result.port = port_of(result.v4);
        result.v6 = bound_socket(AF_INET6, place, result.port);
        const bool taken = !result.v6 && errno == EADDRINUSE;
        if (taken && port == 0) continue;
        if (taken) break;
        const auto backlog = static_cast<int>(
            std::clamp<std::int64_t>(spec.backlog, 0, std::numeric_limits<int>::max()));
        checked("listen", ::listen(result.v4.get(), backlog));
        if (result.v6) checked("listen (IPv6)", ::listen(result.v6.get(), backlog));
        return result;
    }
    throw_errno(fmt::format("stub `{}`: listen on port {}", name, port), errno);
}

bool is_out_of_resources(const error_code& error) {
    return error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
           error == asio::error::no_memory ||
           error == error_code{ENFILE, boost::system::system_category()};
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

std::unique_ptr<TlsContext> tls_for(const StubSpec& spec, const WorldClock& clock,
                                    const StubPlace& place) {
    if (!spec.tls) return nullptr;
    const std::string certificate = make_certificate({.kind = spec.tls->certificate,
                                                      .names = place.names,
                                                      .addresses = place.addresses,
                                                      .wall_clock = clock.wall_begin()});
    return std::make_unique<TlsContext>(certificate, server_private_key(), spec.tls->version);
}

}  // namespace

class Stub::Server {
public:
    Server(std::string name, StubSpec spec, const WorldClock& clock, const StubPlace& place)
        : upstream_{.name = std::move(name),
                    .spec = spec,
                    .clock = &clock,
                    .seed = place.seed,
                    .pool = {{spec.workers, spec.queue}, &clock},
                    .tls = tls_for(spec, clock, place)},
          scope_{context_.get_executor()} {
        upstream_.on_room = [this] { resumed_.cancel(); };
        Listeners listeners = open_listeners(upstream_.name, upstream_.spec, Listening::everywhere,
                                             upstream_.spec.port.number);
        port_ = listeners.port;
        listen(std::move(listeners));
        thread_ = std::thread{[this] { run(); }};
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): a thread that cannot be told to end is a bug.
    ~Server() {
        go_on();
        asio::post(context_, [this] {
            ending_ = true;
            work_.reset();
            scope_.cancel();
        });
        thread_.join();
        upstream_.on_room = nullptr;
    }

    std::uint16_t port() const { return port_; }
    void set_accepting(bool accepting) {
        accepting_ = accepting;
        if (accepting) asio::post(context_, [this] { resumed_.cancel(); });
    }
    void listen_at(Listening place, std::uint16_t port) {
        on_its_thread([this] {
            for (const Door& door : doors_) door->close();
            doors_.clear();
        });
        if (place == Listening::nowhere) return;
        // On the caller's thread, which is in the node's namespace.
        Listeners opened = open_listeners(upstream_.name, upstream_.spec, place, port);
        on_its_thread([this, &v4 = opened.v4, &v6 = opened.v6] {
            listen(tcp::v4(), std::move(v4));
            if (v6) listen(tcp::v6(), std::move(v6));
        });
    }
    void stand_still() {
        const std::lock_guard lock{standing_};
        if (std::exchange(still_, true)) return;
        asio::post(context_, [this] {
            std::unique_lock waiting{standing_};
            moving_.wait(waiting, [this] { return !still_; });
        });
    }
    void go_on() {
        const std::lock_guard lock{standing_};
        still_ = false;
        moving_.notify_all();
    }
    void occupy_workers(std::optional<std::int64_t> count) { upstream_.pool.occupy(count); }
    void release_workers() {
        upstream_.pool.release();
        asio::post(context_, [this] {
            upstream_.pool.grant();
            resumed_.cancel();
        });
    }
    StubRecord record() const {
        const WorkerRecord workers = upstream_.pool.record();
        const std::lock_guard lock{mutex_};
        return {.connections = upstream_.connections,
                .requests = upstream_.requests,
                .trouble = trouble_,
                .waiting = workers.waiting,
                .waited = workers.waited,
                .longest_wait = workers.longest_wait,
                .refused = upstream_.refused};
    }

private:
    using Door = std::shared_ptr<tcp::acceptor>;

    void listen(Listeners listeners) {
        listen(tcp::v4(), std::move(listeners.v4));
        if (listeners.v6) listen(tcp::v6(), std::move(listeners.v6));
    }
    void listen(const tcp& protocol, Fd fd) {
        auto door = std::make_shared<tcp::acceptor>(context_);
        door->assign(protocol, fd.get());
        fd.release();
        doors_.push_back(door);
        scope_.spawn(accept(std::move(door)));
    }

    // Done when this returns.
    void on_its_thread(const std::function<void()>& what) {
        std::promise<void> done;
        asio::post(context_, [&] {
            what();
            done.set_value();
        });
        done.get_future().wait();
    }

    // Signals are for the thread that asked for them, never for this one.
    void run() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        context_.run();  // what tasks throw ends in the scope
        if (scope_.first_error()) complain(text_of(scope_.first_error()));
    }

    void complain(std::string what) {
        const std::lock_guard lock{mutex_};
        if (trouble_.empty()) trouble_ = std::move(what);
    }

    // With an accept delay each connection is left in the kernel's queue for that long, so that
    // the backlog fills as that of a slow server does.
    awaitable<void> accept(Door door) {
        while (true) {
            const auto [arrived] = co_await door->async_wait(tcp::acceptor::wait_read, as_values);
            if (arrived == asio::error::operation_aborted) co_return;
            while (!accepting_ || is_crowded()) {
                co_await resumed_.async_wait(as_values);
                if (ending_) co_return;
            }
            if (upstream_.spec.accept_delay > Duration::zero()) {
                const Duration delay = upstream_.spec.accept_delay;
                co_await pause(delay);
            }
            if (!door->is_open()) co_return;
            auto [error, socket] = co_await door->async_accept(as_values);
            if (error == asio::error::operation_aborted) co_return;
            if (is_out_of_resources(error)) {
                const Duration delay = breather;
                co_await pause(delay);
            }
            if (error) continue;  // that connection was gone before it was taken
            ++upstream_.connections;
            serve(std::move(socket));
        }
    }

    // Whether whoever comes is left in the kernel's queue, since workers and their own are full.
    bool is_crowded() const {
        if (upstream_.spec.queue_full != StubOverflow::backlog) return false;
        const std::optional<std::int64_t> room = upstream_.pool.room();
        return room && upstream_.open >= *room;
    }

    void serve(tcp::socket socket) {
        ++upstream_.open;
        switch (upstream_.spec.kind) {
            case StubKind::http:
            case StubKind::llm:
                scope_.spawn(serve_http(&upstream_, std::move(socket)));
                return;
            case StubKind::tcp:
                scope_.spawn(serve_tcp(&upstream_, std::move(socket)));
                return;
        }
    }

    awaitable<void> pause(Duration duration) {
        asio::steady_timer timer{context_, duration};
        const auto [error] = co_await timer.async_wait(as_values);
        if (error) throw boost::system::system_error{error};
    }

    std::uint16_t port_ = 0;
    Upstream upstream_;
    asio::io_context context_{1};
    // It runs on while nothing listens and nobody is connected.
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    Scope scope_;
    std::vector<Door> doors_;  // of its own thread, once that runs
    std::atomic<bool> accepting_{true};
    bool ending_ = false;
    asio::steady_timer resumed_{context_, asio::steady_timer::time_point::max()};
    std::mutex standing_;
    std::condition_variable moving_;
    bool still_ = false;
    mutable std::mutex mutex_;
    std::string trouble_;
    std::thread thread_;
};

Stub::Stub(std::string name, StubSpec spec, const WorldClock& clock, StubPlace place)
    : server_{std::make_unique<Server>(std::move(name), std::move(spec), clock, place)} {}

Stub::~Stub() = default;

std::uint16_t Stub::port() const { return server_->port(); }
void Stub::set_accepting(bool accepting) { server_->set_accepting(accepting); }
void Stub::listen_at(Listening place, std::uint16_t port) { server_->listen_at(place, port); }
void Stub::stand_still() { server_->stand_still(); }
void Stub::go_on() { server_->go_on(); }
void Stub::occupy_workers(std::optional<std::int64_t> count) { server_->occupy_workers(count); }
void Stub::release_workers() { server_->release_workers(); }
StubRecord Stub::record() const { return server_->record(); }

}  // namespace etimedout
