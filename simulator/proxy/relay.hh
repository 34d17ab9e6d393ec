// Relay: one connection through a proxy: two sockets and the two lanes between them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/base/fd.hh"
#include "simulator/proxy/lane.hh"
#include "simulator/proxy/shared_state.hh"
#include "simulator/proxy/worker.hh"

namespace etimedout {

enum class RelayEnd { in_order, reset };

// Lives on its worker's thread; the worker's list and the handlers under way keep it alive.
class Relay : public std::enable_shared_from_this<Relay> {
public:
    Relay(Worker& worker, std::shared_ptr<ProxyState> proxy, std::shared_ptr<RelayRecord> record,
          Fd client);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay();

    // Dials the first address that answers, then carries bytes.
    void start(std::vector<SocketAddress> upstream);
    // Connected to the upstream already.
    void start(Fd upstream, const SocketAddress& address);
    void cannot_look_up(const std::string& why);
    // Where the client meant to connect to, for a transparent proxy.
    SocketAddress wanted_address();
    // Looks again at which of the proxy's rules are for this connection.
    void follow_rules();
    // In order: FIN to both, and what still comes is read for a moment, so that it does not turn
    // the FIN into a RST. `by` is for the log.
    void end(RelayEnd how, const std::string& by);

    const ProxyState* proxy() const { return proxy_.get(); }
    std::uint64_t id() const { return record_->id; }

private:
    using Socket = boost::asio::posix::stream_descriptor;
    struct Side;
    enum class Task { run, writable };

    void dial();
    void begin_conversation();
    void dialled(const boost::system::error_code& error);
    void dial_failed(const std::string& why);
    void connected();
    void run(Way way);
    void wait(Way way);
    void wait_to_read(Way way);
    void wait_to_write(Way way);
    void wait_for_moment(Way way);
    void count(Way way);
    void linger();
    void discard(Socket& socket);
    void gone(const std::string& by);

    Lane& lane(Way way) { return way == Way::up ? *up_ : *down_; }
    Socket& source(Way way) { return way == Way::up ? client_ : upstream_; }
    Socket& sink(Way way) { return way == Way::up ? upstream_ : client_; }

    // What is outstanding in one direction.
    struct Waits {
        bool reading = false;
        bool writing = false;
        std::optional<Moment> until{};
        std::unique_ptr<boost::asio::steady_timer> timer{};
    };

    Worker& worker_;
    std::shared_ptr<ProxyState> proxy_;
    std::shared_ptr<RelayRecord> record_;
    Socket client_;
    Socket upstream_;
    std::optional<Lane> up_;
    std::optional<Lane> down_;
    Waits waits_[2];
    std::function<void(Moment)> rules_changed_;         // of the conversation; empty without one
    bool look_again_[2] = {false, false};               // a lane has something because of the other
    std::unique_ptr<boost::asio::steady_timer> timer_;  // of dialling, then of lingering
    std::vector<SocketAddress> addresses_;
    bool ended_ = false;
    bool is_gone_ = false;
};

}  // namespace etimedout
