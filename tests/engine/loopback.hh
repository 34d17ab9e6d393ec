// Plain blocking sockets on loopback, for both ends of a proxy under test.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/proxy/engine.hh"

namespace etimedout {

// A listening socket on 127.0.0.1 and a free port.
class Listener {
public:
    Listener();
    std::string address() const;
    Fd accept() const;
    int fd() const { return fd_.get(); }

private:
    Fd fd_;
};

// Connects; throws Error with errno's text otherwise. Reads and writes give up after ten seconds.
Fd connect_to(const std::string& address);
void send_all(const Fd& socket, std::string_view bytes);
// So many bytes; fewer when the stream ends before.
std::string receive(const Fd& socket, std::size_t count);
// All bytes up to the end; `reset` when that was a RST.
struct Rest {
    std::string bytes;
    bool reset = false;
};
Rest receive_rest(const Fd& socket);
void say_fin(const Fd& socket);
void reset(Fd socket);

// Remembers what it was told.
class Witnessing final : public EngineListener {
public:
    void accepted(const std::string& proxy, std::int64_t connection,
                  const std::string& client) override;
    void connect_failed(const std::string& proxy, std::int64_t connection,
                        const std::string& upstream, const std::string& why) override;
    void closed(const std::string& proxy, std::int64_t connection, const std::string& by,
                std::uint64_t bytes_up, std::uint64_t bytes_down) override;
    void rule_met(const std::string& proxy, std::int64_t connection,
                  const std::string& rule) override;
    void accept_paused(const std::string& proxy, const std::string& why) override;
    void accept_resumed(const std::string& proxy) override;
    void unreachable(const std::string& proxy, std::int64_t connection, const std::string& upstream,
                     const std::string& why) override;

    std::vector<std::string> said() const;
    // Waits for it, ten seconds at the most.
    bool waits_for(const std::string& line) const;

private:
    void say(std::string line);
    mutable std::mutex mutex_;
    std::vector<std::string> said_;
};

// Asks again and again until it is true, ten seconds at the most.
template <class Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 10'000; ++i) {
        if (condition()) return true;
        const timespec pause{0, 1'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return false;
}

}  // namespace etimedout
