// UdpSession: one connection through a UDP proxy: a client's address and a socket of its own
// towards the upstream. Internal to the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/proxy/shared_state.hh"
#include "simulator/proxy/udp_door.hh"
#include "simulator/proxy/worker.hh"
#include "simulator/stream/datagram_chain.hh"

namespace etimedout {

// Lives on its door's worker; the door's list and the handlers under way keep it alive.
class UdpSession : public std::enable_shared_from_this<UdpSession> {
public:
    UdpSession(Worker& worker, std::shared_ptr<ProxyState> proxy,
               std::shared_ptr<RelayRecord> record, std::shared_ptr<UdpDoor> door, UdpPeer client);
    UdpSession(const UdpSession&) = delete;
    UdpSession& operator=(const UdpSession&) = delete;
    ~UdpSession();

    // `upstream` is connected to that address. Until it is there, what the client sends waits.
    void start(Fd upstream, const SocketAddress& address);
    void cannot_dial(const std::string& why);
    void from_client(std::string_view bytes, const UdpPeer& client);
    // Looks again at which of the proxy's rules are for this connection.
    void follow_rules();
    // What is under way is thrown away. `by` is for the log.
    void end(const std::string& by);
    const RelayRecord& record() const { return *record_; }

private:
    using Socket = boost::asio::posix::stream_descriptor;
    // One direction.
    struct Course {
        Course(std::uint64_t seed, const std::string& name, DatagramLimits limits)
            : chain{seed, name, limits} {}
        DatagramChain chain;
        std::optional<Datagram> stuck{};  // to be sent next
        bool waiting = false;             // until the socket can take more
    };

    void pass(Way way, std::string_view bytes);
    bool can_send(Way way) const;
    void run(Way way);
    void read_upstream();
    void receive_some();
    SendOutcome send(Way way, std::string_view bytes);
    SendOutcome send_up(std::string_view bytes);
    void wait_to_send(Way way);
    void count_faults(Way way);
    void count_lateness(Duration late);
    void unreachable(int error);
    std::size_t held() const { return up_.chain.held() + down_.chain.held(); }
    bool is_idle() const;
    std::optional<Moment> next_moment() const;
    void plan_wake();
    void wake();
    Course& course(Way way) { return way == Way::up ? up_ : down_; }

    Worker& worker_;
    std::shared_ptr<ProxyState> proxy_;
    std::shared_ptr<RelayRecord> record_;
    std::shared_ptr<UdpDoor> door_;
    UdpPeer client_;
    Socket upstream_;
    Course up_;
    Course down_;
    boost::asio::steady_timer timer_;
    std::optional<Moment> wakes_{};
    Moment last_{};  // when a datagram came, from either side
    bool told_unreachable_ = false;
    bool ended_ = false;
};

}  // namespace etimedout
