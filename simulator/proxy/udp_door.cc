// UdpDoor: a UDP proxy's socket towards its clients, and their connections.
#include "simulator/proxy/udp_door.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <boost/asio/post.hpp>

#include "simulator/proxy/socket_errors.hh"
#include "simulator/proxy/udp_session.hh"
#include "simulator/proxy/worker.hh"

namespace etimedout {

namespace asio = boost::asio;
using boost::system::error_code;

UdpClient::UdpClient(const SocketAddress& address) : ip{address.ip()}, port{address.port()} {
    if (address.family() != AF_INET6) return;
    scope = reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_scope_id;
}

std::size_t UdpClient::Hash::operator()(const UdpClient& client) const {
    const std::string_view bytes{reinterpret_cast<const char*>(client.ip.bytes.data()),
                                 client.ip.bytes.size()};
    return std::hash<std::string_view>{}(bytes)*65'537 + client.port + client.scope;
}

UdpDoor::UdpDoor(Worker& worker, std::shared_ptr<ProxyState> proxy, Fd socket, UdpLookUp look_up)
    : worker_{worker},
      proxy_{std::move(proxy)},
      address_{own_address_of(socket.get())},
      tombstone_{
          checked("socket", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))},
      socket_{worker.context(), socket.release()},
      look_up_{std::move(look_up)} {}

UdpDoor::~UdpDoor() = default;

void UdpDoor::shut() {
    const std::lock_guard lock{mutex_};
    if (std::exchange(shut_, true)) return;
    ::dup3(tombstone_.get(), socket_.native_handle(), O_CLOEXEC);
}

void UdpDoor::close() {
    shut();
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
    for (const auto& [client, session] : std::exchange(sessions_, {})) session->end("stop");
}

void UdpDoor::follow_rules() {
    std::vector<std::shared_ptr<UdpSession>> all;  // what rules do may change the list
    for (const auto& [client, session] : sessions_) all.push_back(session);
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a->record().number < b->record().number; });
    for (const auto& session : all) session->follow_rules();
}

void UdpDoor::wait() {
    if (closed_) return;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
        if (!error && !self->closed_) self->receive_some();
    });
}

ssize_t UdpDoor::receive(UdpPeer& from) {
    const std::lock_guard lock{mutex_};
    errno = EAGAIN;
    if (shut_) return -1;
    return receive_udp(socket_.native_handle(), worker_.scratch(), from);
}

void UdpDoor::receive_some() {
    UdpPeer from;
    for (int i = 0; i < datagrams_per_turn && !closed_; ++i) {
        const ssize_t count = receive(from);
        if (count < 0) break;  // nothing there, or an error of a datagram that was sent before
        const std::string_view bytes{worker_.scratch().data(), static_cast<std::size_t>(count)};
        proxy_->received_up.fetch_add(bytes.size(), std::memory_order_relaxed);
        const auto session = session_of(from);
        if (session) session->from_client(bytes, from);
    }
    wait();
}

// Null when there is no room for one more.
std::shared_ptr<UdpSession> UdpDoor::session_of(const UdpPeer& from) {
    const auto found = sessions_.find(UdpClient{from.address});
    return found == sessions_.end() ? welcome(from) : found->second;
}

// Says so once when there are no descriptors, and when there are again.
bool UdpDoor::has_resources(bool there, int error) {
    if (!there && is_out_of_resources(error)) {
        if (!std::exchange(out_of_resources_, true)) {
            proxy_->listener->accept_paused(*proxy_->name, go_text(error));
        }
        return false;
    }
    if (std::exchange(out_of_resources_, false)) proxy_->listener->accept_resumed(*proxy_->name);
    return true;
}

std::shared_ptr<UdpSession> UdpDoor::welcome(const UdpPeer& from) {
    const bool is_known = !proxy_->upstream_addresses.empty();
    Fd upstream;
    int error = 0;
    if (is_known) {
        upstream = dial(proxy_->upstream_addresses.front());
        error = errno;
        if (!has_resources(static_cast<bool>(upstream), error)) {
            ++proxy_->datagrams.dropped;
            return nullptr;
        }
    }
    const auto record = std::make_shared<RelayRecord>();
    record->number = ++proxy_->accepted;
    record->worker = &worker_;
    record->began = std::chrono::steady_clock::now();
    record->proxy = proxy_->name;
    record->client = from.address;
    const auto session =
        std::make_shared<UdpSession>(worker_, proxy_, record, shared_from_this(), from);
    record->kill = [weak = std::weak_ptr{session}] {
        if (const auto there = weak.lock()) there->end("api");
    };
    sessions_.emplace(UdpClient{from.address}, session);
    proxy_->registry->add(record);
    ++proxy_->open;
    proxy_->listener->accepted(*proxy_->name, record->number, from.address.text());
    session->follow_rules();
    if (!is_known) {
        look_up(session);
    } else if (upstream) {
        session->start(std::move(upstream), proxy_->upstream_addresses.front());
    } else {
        session->cannot_dial(error_text(error));
    }
    return session;
}

// Empty, with errno, when there is none to be had.
Fd UdpDoor::dial(const SocketAddress& upstream) const {
    return connect_udp(proxy_->upstream_socket(upstream.family(), SOCK_DGRAM), upstream);
}

void UdpDoor::look_up(const std::shared_ptr<UdpSession>& session) {
    look_up_(proxy_->upstream, worker_,
             [self = shared_from_this(), session](const Addresses& found) {
                 if (!found) {
                     session->cannot_dial(found.error().message);
                     return;
                 }
                 const SocketAddress& address = found->front();
                 Fd upstream = self->dial(address);
                 if (upstream) {
                     session->start(std::move(upstream), address);
                 } else {
                     session->cannot_dial(error_text(errno));
                 }
             });
}

SendOutcome UdpDoor::send(std::string_view bytes, const UdpPeer& to) {
    const std::lock_guard lock{mutex_};
    if (shut_) return SendOutcome::lost;
    if (send_udp(socket_.native_handle(), bytes, to) >= 0) return SendOutcome::sent;
    return errno == EAGAIN ? SendOutcome::would_wait : SendOutcome::lost;
}

void UdpDoor::wait_to_send(std::function<void()> then) {
    if (closed_) return;
    socket_.async_wait(Socket::wait_write, [then = std::move(then)](const error_code& error) {
        if (!error) then();
    });
}

}  // namespace etimedout
