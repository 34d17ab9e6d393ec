// WatchThread: one thread per world that waits on many descriptors and calls their handlers.
#include "simulator/node/watch_thread.hh"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

constexpr std::uint64_t stop_id = 0;

void add(const Fd& epoll, int fd, std::uint64_t id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    checked("watch a descriptor", ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event));
}

}  // namespace

WatchThread::Watch::Watch(Watch&& other) noexcept
    : owner_{std::exchange(other.owner_, nullptr)}, id_{other.id_} {}

WatchThread::Watch& WatchThread::Watch::operator=(Watch&& other) noexcept {
    if (this != &other) {
        reset();
        owner_ = std::exchange(other.owner_, nullptr);
        id_ = other.id_;
    }
    return *this;
}

void WatchThread::Watch::reset() noexcept {
    if (auto* owner = std::exchange(owner_, nullptr)) owner->forget(id_);
}

WatchThread::WatchThread()
    : epoll_{checked("epoll_create1", ::epoll_create1(EPOLL_CLOEXEC))},
      stop_{checked("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))} {
    add(epoll_, stop_.get(), stop_id);
    thread_ = std::thread{[this] { run(); }};
}

WatchThread::~WatchThread() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
}

WatchThread::Watch WatchThread::watch(int fd, Handler handler) {
    const std::lock_guard lock{mutex_};
    const std::uint64_t id = next_++;
    entries_.emplace(id, Entry{fd, std::make_shared<Handler>(std::move(handler))});
    try {
        add(epoll_, fd, id);
    } catch (...) {
        entries_.erase(id);
        throw;
    }
    return Watch{this, id};
}

void WatchThread::run() {
    std::array<epoll_event, 16> events{};
    for (;;) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
        if (count < 0 && errno != EINTR) return;  // only a closed epoll descriptor could say so
        for (int i = 0; i < count; ++i) {
            const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
            if (id == stop_id) return;
            call(id);
        }
    }
}

void WatchThread::call(std::uint64_t id) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;         // forgotten while the event was on its way
    const auto handler = found->second.handler;  // alive even if it drops its own watch
    if ((*handler)() == Next::done) forget(id);
}

void WatchThread::forget(std::uint64_t id) noexcept {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
    entries_.erase(found);
}

}  // namespace etimedout
