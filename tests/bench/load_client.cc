// The client's side of the benchmark: one measurement for each function, each bounded in time.
#include "load_client.hh"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

// A lost connection is a failed measurement, never a figure.
[[noreturn]] void lost(const std::string& address) {
    throw Error{"the connection to " + address + " ended in the middle of the measurement",
                "look at what the proxy says"};
}

}  // namespace

PingPong ping_pong(const std::string& address, std::int64_t rounds, Duration at_most) {
    const Fd socket = connect_and_wish(address, Wish::echo);
    char message[64] = {};
    const std::int64_t end = now_ns() + at_most.count();
    std::vector<std::int64_t> samples;
    samples.reserve(static_cast<std::size_t>(rounds));
    for (std::int64_t before = now_ns(); before < end && std::ssize(samples) < rounds;) {
        if (!send_all(socket, message, sizeof message)) lost(address);
        if (!receive_all(socket, message, sizeof message)) lost(address);
        const std::int64_t after = now_ns();
        samples.push_back(after - before);
        before = after;
    }
    return {std::ssize(samples), spread_us(samples)};
}

StreamRate stream_rate(const std::string& address, int connections, Duration lasts) {
    std::vector<Fd> sockets;
    for (int i = 0; i < connections; ++i) {
        sockets.push_back(connect_and_wish(address, Wish::source));
    }
    std::atomic<std::int64_t> received{0};
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (const Fd& socket : sockets) {
        threads.emplace_back([&] {
            std::vector<char> buffer(256 << 10);
            for (;;) {
                const ssize_t n = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
                if (n <= 0) break;
                received.fetch_add(n, std::memory_order_relaxed);
            }
            ++ended;
        });
    }
    std::this_thread::sleep_for(200ms);
    const std::int64_t first = received.load();
    const std::int64_t begin = now_ns();
    std::this_thread::sleep_for(lasts);
    const std::int64_t bytes = received.load() - first;
    const std::int64_t took = now_ns() - begin;
    const bool whole = ended == 0;
    for (const Fd& socket : sockets) ::shutdown(socket.get(), SHUT_RDWR);
    for (std::thread& thread : threads) thread.join();
    if (!whole) lost(address);
    return {static_cast<double>(bytes) * 1e9 / static_cast<double>(took), received.load()};
}

namespace {

class ConnectionLoad {
public:
    explicit ConnectionLoad(std::string address)
        : address_{std::move(address)},
          poller_{checked("make an epoll", ::epoll_create1(EPOLL_CLOEXEC))} {}

    void open_one() {
        Fd fd = begin_connect(address_);
        epoll_event event{.events = EPOLLOUT, .data = {.fd = fd.get()}};
        checked("watch a socket", ::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, fd.get(), &event));
        const int number = fd.get();
        open_.insert_or_assign(number, std::move(fd));
    }

    // Moves on each connection that can; a finished one is replaced by a new one.
    void step() {
        epoll_event events[64];
        const int n = ::epoll_wait(poller_.get(), events, 64, 100);
        for (int i = 0; i < n; ++i) {
            const int fd = events[i].data.fd;
            if ((events[i].events & EPOLLOUT) != 0) {
                send_byte(fd);
            } else {
                receive_byte(fd);
            }
        }
    }

    std::int64_t finished() const { return finished_; }
    std::int64_t failed() const { return failed_; }

private:
    void send_byte(int fd) {
        const Wish wish = Wish::answer;
        if (::send(fd, &wish, 1, MSG_NOSIGNAL) != 1) {
            replace(fd, failed_);
            return;
        }
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        checked("watch a socket", ::epoll_ctl(poller_.get(), EPOLL_CTL_MOD, fd, &event));
    }

    void receive_byte(int fd) {
        char byte = 0;
        replace(fd, ::recv(fd, &byte, 1, 0) == 1 ? finished_ : failed_);
    }

    void replace(int fd, std::int64_t& count) {
        ++count;
        open_.erase(fd);
        if (failed_ > 1000) {
            throw Error{fmt::format("more than 1000 connections to {} failed", address_),
                        "look at what the proxy says"};
        }
        open_one();
    }

    std::string address_;
    Fd poller_;
    std::unordered_map<int, Fd> open_;
    std::int64_t finished_ = 0;
    std::int64_t failed_ = 0;
};

}  // namespace

ConnectionRate connection_rate(const std::string& address, int parallel, Duration lasts) {
    ConnectionLoad load{address};
    for (int i = 0; i < parallel; ++i) load.open_one();
    const std::int64_t warm = now_ns() + 100'000'000;
    while (now_ns() < warm) load.step();
    const std::int64_t first = load.finished();
    const std::int64_t begin = now_ns();
    while (now_ns() < begin + lasts.count()) load.step();
    const auto finished = static_cast<double>(load.finished() - first);
    return {finished * 1e9 / static_cast<double>(now_ns() - begin), load.finished(), load.failed()};
}

void hold_idle(const std::string& address, int connections, Duration at_most) {
    std::vector<Fd> sockets;
    for (int i = 0; i < connections; ++i) {
        sockets.push_back(connect_and_wish(address, Wish::answer));
        char byte = 0;
        if (!receive_all(sockets.back(), &byte, 1)) lost(address);
    }
    fmt::print("ready\n");
    std::fflush(stdout);
    wait_for_end_of_input(at_most);
}

DelayError delay_error(const std::string& address, std::int64_t per_second, Duration asked,
                       Duration lasts) {
    const Fd socket = connect_and_wish(address, Wish::ticks);
    const TickOrder order{per_second, per_second * lasts.count() / 1'000'000'000};
    if (!send_all(socket, &order, sizeof order)) lost(address);
    std::vector<std::int64_t> delays;
    std::vector<std::int64_t> timers;
    std::vector<char> buffer(256 << 10);
    std::size_t filled = 0;
    while (std::ssize(delays) < order.count) {
        const ssize_t n = ::recv(socket.get(), buffer.data() + filled, buffer.size() - filled, 0);
        const std::int64_t arrived = now_ns();
        if (n <= 0) lost(address);
        filled += static_cast<std::size_t>(n);
        std::size_t used = 0;
        for (; filled - used >= sizeof(Tick); used += sizeof(Tick)) {
            Tick tick;
            std::memcpy(&tick, buffer.data() + used, sizeof tick);
            delays.push_back(arrived - tick.sent - asked.count());
            timers.push_back(tick.fired - tick.due);
        }
        std::memmove(buffer.data(), buffer.data() + used, filled - used);
        filled -= used;
    }
    DelayError result{
        .messages = std::ssize(delays), .delay = spread_us(delays), .timer = spread_us(timers)};
    if (!delays.empty()) result.least = static_cast<double>(delays.front()) / 1000.0;
    return result;
}

}  // namespace etimedout
