// UdpDoor: a UDP proxy's socket towards its clients, and their connections. Internal to the engine.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "simulator/base/fd.hh"
#include "simulator/proxy/shared_state.hh"
#include "simulator/proxy/udp_socket.hh"

namespace etimedout {

class UdpSession;

// A client's address as a key: UDP has nothing else that tells connections apart.
struct UdpClient {
    explicit UdpClient(const SocketAddress& address);
    bool operator==(const UdpClient&) const = default;
    struct Hash {
        std::size_t operator()(const UdpClient& client) const;
    };

    IpAddress ip{};
    std::uint32_t scope = 0;  // of an IPv6 address that is local to a link
    std::uint16_t port = 0;
};

// Looks names up and answers on the worker's thread: addresses, or what is wrong.
using Addresses = Result<std::vector<SocketAddress>>;
using UdpLookUp =
    std::function<void(const HostPort&, Worker&, std::function<void(const Addresses&)>)>;

// Before others have their turn.
inline constexpr int datagrams_per_turn = 64;

enum class SendOutcome { sent, would_wait, refused, lost };

// Lives on its worker's thread, but for shut(); all its connections do too.
class UdpDoor : public std::enable_shared_from_this<UdpDoor> {
public:
    UdpDoor(Worker& worker, std::shared_ptr<ProxyState> proxy, Fd socket, UdpLookUp look_up);
    UdpDoor(const UdpDoor&) = delete;
    UdpDoor& operator=(const UdpDoor&) = delete;
    ~UdpDoor();

    void open() { wait(); }
    void follow_rules();
    // From any thread: the port is free when this returns.
    void shut();
    // On the worker's thread, afterwards: ends all connections.
    void close();

    const SocketAddress& address() const { return address_; }

    // For the connections.
    SendOutcome send(std::string_view bytes, const UdpPeer& to);
    void wait_to_send(std::function<void()> then);
    void forget(const UdpClient& client) { sessions_.erase(client); }

private:
    using Socket = boost::asio::posix::stream_descriptor;
    void wait();
    void receive_some();
    ssize_t receive(UdpPeer& from);
    std::shared_ptr<UdpSession> session_of(const UdpPeer& from);
    std::shared_ptr<UdpSession> welcome(const UdpPeer& from);
    bool has_resources(bool there, int error);
    Fd dial(const SocketAddress& upstream) const;
    void look_up(const std::shared_ptr<UdpSession>& session);

    Worker& worker_;
    std::shared_ptr<ProxyState> proxy_;
    SocketAddress address_;
    // Closing a bound socket from another thread would leave its number to whoever opens the next
    // file; this one takes its place there instead.
    Fd tombstone_;
    std::mutex mutex_;  // of the socket's use: held for one system call that does not wait
    bool shut_ = false;
    Socket socket_;
    UdpLookUp look_up_;
    bool out_of_resources_ = false;
    bool closed_ = false;
    std::unordered_map<UdpClient, std::shared_ptr<UdpSession>, UdpClient::Hash> sessions_;
};

}  // namespace etimedout
