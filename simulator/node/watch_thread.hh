// WatchThread: one thread per world that waits on many descriptors and calls their handlers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "simulator/base/fd.hh"

namespace etimedout {

class WatchThread {
public:
    enum class Next { watch_on, done };
    using Handler = std::function<Next()>;

    // While it lives its handler may be called; once the destructor has returned, no more. The
    // WatchThread must outlive it.
    class Watch {
    public:
        Watch() = default;
        Watch(Watch&& other) noexcept;
        Watch& operator=(Watch&& other) noexcept;
        ~Watch() { reset(); }
        void reset() noexcept;

    private:
        friend class WatchThread;
        Watch(WatchThread* owner, std::uint64_t id) : owner_{owner}, id_{id} {}
        WatchThread* owner_ = nullptr;
        std::uint64_t id_ = 0;
    };

    WatchThread();
    WatchThread(const WatchThread&) = delete;
    WatchThread& operator=(const WatchThread&) = delete;
    ~WatchThread();

    // Calls `handler` on the thread whenever `fd` is readable or at its end. `fd` must stay open
    // as long as the watch is there. Handlers run one at a time, must not block and must not
    // throw; one that has seen the end says `done`, or it would be called for ever.
    [[nodiscard]] Watch watch(int fd, Handler handler);

private:
    struct Entry {
        int fd = -1;
        std::shared_ptr<Handler> handler{};
    };

    void run();
    void call(std::uint64_t id);
    void forget(std::uint64_t id) noexcept;

    Fd epoll_;
    Fd stop_;
    std::recursive_mutex mutex_{};  // a handler may drop watches, its own too
    std::map<std::uint64_t, Entry> entries_{};
    std::uint64_t next_ = 1;
    std::thread thread_{};
};

}  // namespace etimedout
