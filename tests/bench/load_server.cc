// The upstream of the benchmark: answers, echoes, streams and ticks as each connection wishes.
#include "load_server.hh"

#include <atomic>
#include <cstdio>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "load_sockets.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace {

void echo(const Fd& socket) {
    char buffer[4096];
    for (;;) {
        const ssize_t n = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (n <= 0 || !send_all(socket, buffer, static_cast<std::size_t>(n))) return;
    }
}

void stream(const Fd& socket) {
    const std::vector<char> bytes(256 << 10, 'x');
    while (send_all(socket, bytes.data(), bytes.size())) {
    }
}

// Waits on an absolute timer for each message, as a proxy does that holds them back; how late the
// timers are goes along in the messages.
void tick(const Fd& socket) {
    TickOrder order;
    if (!receive_all(socket, &order, sizeof order) || order.per_second <= 0) return;
    const Fd timer{checked("make a timer", ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC))};
    const Fd poller{checked("make an epoll", ::epoll_create1(EPOLL_CLOEXEC))};
    epoll_event event{.events = EPOLLIN, .data = {}};
    checked("watch a timer", ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, timer.get(), &event));
    const std::int64_t begin = now_ns() + 10'000'000;
    for (std::int64_t i = 0; i < order.count; ++i) {
        Tick message{.due = begin + i * 1'000'000'000 / order.per_second};
        message.fired = now_ns();
        if (message.fired < message.due) {
            const itimerspec at{{}, {message.due / 1'000'000'000, message.due % 1'000'000'000}};
            checked("set a timer", ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &at, nullptr));
            while (::epoll_wait(poller.get(), &event, 1, -1) < 0 && errno == EINTR) {
            }
            message.fired = now_ns();
        }
        message.sent = now_ns();
        if (!send_all(socket, &message, sizeof message)) return;
    }
    char last = 0;
    receive_all(socket, &last, 1);  // until the client closes
}

// A connection that keeps a thread busy until its peer closes, or until it is told to end.
class Session {
public:
    Session(Fd socket, Wish wish) : socket_{std::move(socket)} {
        thread_ = std::thread{[this, wish] {
            if (wish == Wish::echo) echo(socket_);
            if (wish == Wish::source) stream(socket_);
            if (wish == Wish::ticks) tick(socket_);
            ::shutdown(socket_.get(), SHUT_RDWR);
            done_ = true;
        }};
    }
    ~Session() {
        ::shutdown(socket_.get(), SHUT_RDWR);
        thread_.join();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    bool done() const { return done_; }

private:
    Fd socket_;
    std::atomic<bool> done_{false};
    std::thread thread_;
};

// Accepts, reads wishes, and answers those that want one byte; all in one thread.
class Server {
public:
    explicit Server(const std::string& address)
        : listener_{listen_at(address)},
          stop_{checked("make an eventfd", ::eventfd(0, EFD_CLOEXEC))},
          poller_{checked("make an epoll", ::epoll_create1(EPOLL_CLOEXEC))} {
        watch(listener_.get());
        watch(stop_.get());
    }

    std::string address() const { return name_of(listener_); }
    void stop() {
        const std::uint64_t one = 1;
        checked("stop the server", ::write(stop_.get(), &one, sizeof one));
    }

    void run() {
        std::vector<epoll_event> events(256);
        for (;;) {
            const int n = ::epoll_wait(poller_.get(), events.data(), 256, -1);
            for (int i = 0; i < n; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == stop_.get()) return;
                if (fd == listener_.get()) {
                    accept_all();
                } else {
                    read_from(fd);
                }
            }
        }
    }

private:
    void watch(int fd) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        checked("watch a socket", ::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, fd, &event));
    }

    void accept_all() {
        for (;;) {
            Fd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (!fd) return;
            watch(fd.get());
            const int number = fd.get();
            waiting_.insert_or_assign(number, std::move(fd));
        }
    }

    void read_from(int fd) {
        Wish wish{};
        if (::recv(fd, &wish, 1, 0) <= 0) {
            waiting_.erase(fd);
            return;
        }
        if (wish == Wish::answer) {
            if (::send(fd, &wish, 1, MSG_NOSIGNAL) < 0) waiting_.erase(fd);
            return;
        }
        checked("leave a socket alone", ::epoll_ctl(poller_.get(), EPOLL_CTL_DEL, fd, nullptr));
        auto node = waiting_.extract(fd);
        sessions_.remove_if([](const auto& session) { return session->done(); });
        sessions_.push_back(std::make_unique<Session>(std::move(node.mapped()), wish));
    }

    Fd listener_;
    Fd stop_;
    Fd poller_;
    std::unordered_map<int, Fd> waiting_;
    std::list<std::unique_ptr<Session>> sessions_;
};

}  // namespace

void serve(const std::string& address, Duration at_most) {
    Server server{address};
    fmt::print("{}\n", server.address());
    std::fflush(stdout);
    std::thread thread{[&] { server.run(); }};
    wait_for_end_of_input(at_most);
    server.stop();
    thread.join();
}

}  // namespace etimedout
