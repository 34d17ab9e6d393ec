// Door: a proxy's listening socket, and what rules do to those who knock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/base/fd.hh"
#include "simulator/proxy/address.hh"
#include "simulator/proxy/shared_state.hh"

namespace etimedout {

// Whether a listener takes connections to addresses that are not this machine's.
enum class Foreign { none, addresses };

// A socket that listens there. Throws ListenError.
Fd listen_at(const SocketAddress& where, Foreign foreign = Foreign::none);
// What "host:port" means for a listener: the first address of its host, or every one. Throws
// ListenError.
SocketAddress listen_address(const std::string& text);

// Lives on its worker's thread, but for shut().
class Door : public std::enable_shared_from_this<Door> {
public:
    using Visitor = std::function<void(Fd, const SocketAddress&)>;
    Door(Worker& worker, std::shared_ptr<ProxyState> proxy, Fd socket, Visitor visitor);
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    ~Door();

    void open();
    // Looks again at what the proxy's rules say of it.
    void follow_rules();
    // From any thread: nobody gets in any more, and the port is free when this returns.
    void shut();
    // On the worker's thread, afterwards.
    void close();

    const SocketAddress& address() const { return address_; }

private:
    using Socket = boost::asio::posix::stream_descriptor;
    void wait();
    void accept_some();
    bool accept_one();
    void pause(Duration duration);
    void obey(const std::optional<DoorPlan>& plan);
    void refuse();
    void fill_queue();
    void listen_again();
    void forget_socket();
    bool is_own(const SocketAddress& peer) const;

    Worker& worker_;
    std::shared_ptr<ProxyState> proxy_;
    SocketAddress address_;
    Socket socket_;
    Visitor visitor_;
    boost::asio::steady_timer timer_;
    std::optional<DoorPlan> plan_;
    std::vector<Fd> fillers_;
    std::vector<std::string> filler_names_;
    bool waiting_ = false;
    bool paused_ = false;
    bool out_of_resources_ = false;
    std::atomic<bool> shut_{false};
    // What shut() may touch while the worker opens and closes the socket.
    std::mutex mutex_;
    int listening_ = -1;
};

}  // namespace etimedout
