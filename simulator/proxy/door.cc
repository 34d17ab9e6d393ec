// Door: a proxy's listening socket, and what rules do to those who knock.
#include "simulator/proxy/door.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "simulator/proxy/socket_errors.hh"
#include "simulator/proxy/worker.hh"
#include "simulator/stream/serving.hh"

namespace etimedout {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int backlog = 4096;  // the kernel makes it somaxconn at the most
// How long the door is left alone when there are no descriptors to let anyone in with.
constexpr int visitors_per_turn = 64;

[[noreturn]] void cannot(const char* what, const SocketAddress& where, int error) {
    throw ListenError{fmt::format("listen tcp {}: {}: {}", where.text(), what, go_text(error)),
                      "choose another address, or end the program that has it"};
}

SocketAddress any_address(const std::string& port) {
    return socket_address(in6addr_any, static_cast<std::uint16_t>(std::stoi(port)));
}

// Where to knock to reach a socket that listens at `address`.
SocketAddress reachable(const SocketAddress& address) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    if (address.family() != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) return address;
    return socket_address(in_addr{htonl(INADDR_LOOPBACK)}, address.port());
}

}  // namespace

SocketAddress listen_address(const std::string& text) {
    const auto where = split_host_port(text);
    if (!where) throw ListenError{"listen tcp: " + where.error().message, where.error().advice};
    // 0.0.0.0 is every address, as for Go: IPv6 too, where the system has it.
    if (where->host.empty() || where->host == "0.0.0.0" || where->host == "::") {
        return any_address(where->port);
    }
    const auto found = look_up(*where);
    if (!found) throw ListenError{"listen tcp: " + found.error().message, found.error().advice};
    return found->front();
}

std::string resolved_listen(const std::string& address) {
    return listen_address(address.empty() ? ":0" : address).text();
}

Fd listen_at(const SocketAddress& where, Foreign foreign) {
    Fd socket{::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
    if (!socket && where.family() == AF_INET6 && errno == EAFNOSUPPORT) {
        SocketAddress v4 = reachable(where);
        reinterpret_cast<sockaddr_in&>(v4.storage).sin_addr.s_addr = htonl(INADDR_ANY);
        return listen_at(v4, foreign);
    }
    if (!socket) cannot("socket", where, errno);
    const int on = 1;
    const int off = 0;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Inherited by what is accepted.
    set_habits(socket.get(), foreign == Foreign::none ? KeepAlive::on : KeepAlive::off);
    if (where.family() == AF_INET6) {
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (foreign == Foreign::addresses) {
        const int error = allow_foreign_addresses(socket.get());
        if (error != 0) cannot("listen for other addresses", where, error);
    }
    if (::bind(socket.get(), where.get(), where.size) != 0) cannot("bind", where, errno);
    // Two sockets may be bound with SO_REUSEADDR; only one of them can listen.
    if (::listen(socket.get(), backlog) != 0) cannot("bind", where, errno);
    return socket;
}

Door::Door(Worker& worker, std::shared_ptr<ProxyState> proxy, Fd socket, Visitor visitor)
    : worker_{worker},
      proxy_{std::move(proxy)},
      address_{own_address_of(socket.get())},
      socket_{worker.context(), socket.release()},
      visitor_{std::move(visitor)},
      timer_{worker.context()},
      listening_{socket_.native_handle()} {}

Door::~Door() = default;

void Door::open() {
    follow_rules();
    wait();
}

void Door::shut() {
    const std::lock_guard lock{mutex_};
    shut_ = true;
    // A socket that was told to stop receiving no longer listens, and its port is free for others.
    if (listening_ >= 0) ::shutdown(listening_, SHUT_RD);
}

void Door::close() {
    shut_ = true;
    timer_.cancel();
    forget_socket();
    fillers_.clear();
}

void Door::forget_socket() {
    const std::lock_guard lock{mutex_};
    listening_ = -1;
    error_code ignored;
    socket_.close(ignored);
}

void Door::follow_rules() {
    if (shut_) return;
    const auto book = proxy_->rules();
    const DoorPlan* plan = book->door(std::chrono::steady_clock::now());
    obey(plan == nullptr ? std::nullopt : std::optional{*plan});
}

void Door::obey(const std::optional<DoorPlan>& plan) {
    if (plan == plan_) return;
    const bool was_shut = plan_ && !std::holds_alternative<DoorSlow>(*plan_);
    plan_ = plan;
    if (was_shut) listen_again();
    if (!plan_) return;
    if (std::holds_alternative<DoorRefuse>(*plan_)) refuse();
    if (std::holds_alternative<DoorBlackhole>(*plan_)) fill_queue();
}

void Door::refuse() {
    forget_socket();
    waiting_ = false;
}

// With a backlog of 0 the queue has room for one connection. Once that is there and nobody takes
// it, the kernel drops every SYN (tcp_conn_request: sk_acceptq_is_full).
void Door::fill_queue() {
    ::listen(socket_.native_handle(), 0);
    const SocketAddress there = reachable(address_);
    Fd filler{::socket(there.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
    if (!filler) return;
    // It does not wait; a filler that gets nowhere fills no queue, and none is the worse for it.
    static_cast<void>(::connect(filler.get(), there.get(), there.size));
    filler_names_.push_back(own_address_of(filler.get()).text());
    fillers_.push_back(std::move(filler));
}

void Door::listen_again() {
    fillers_.clear();
    if (socket_.is_open()) {
        ::listen(socket_.native_handle(), backlog);
        wait();
        return;
    }
    try {
        Fd fresh = listen_at(address_, proxy_->transparent ? Foreign::addresses : Foreign::none);
        {
            const std::lock_guard lock{mutex_};
            if (shut_) return;
            listening_ = fresh.get();
            socket_.assign(fresh.release());
        }
        wait();
    } catch (const ListenError& error) {
        proxy_->listener->accept_paused(*proxy_->name, error.what());
        pause(breather);
    }
}

void Door::wait() {
    const bool is_shut = plan_ && !std::holds_alternative<DoorSlow>(*plan_);
    if (waiting_ || paused_ || is_shut || shut_ || !socket_.is_open()) return;
    waiting_ = true;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
        self->waiting_ = false;
        if (error || self->shut_) return;
        const auto* slow = self->plan_ ? std::get_if<DoorSlow>(&*self->plan_) : nullptr;
        if (slow != nullptr) {
            self->pause(slow->delay);
        } else {
            self->accept_some();
        }
    });
}

void Door::pause(Duration duration) {
    paused_ = true;
    timer_.expires_after(duration);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
        self->paused_ = false;
        if (error || self->shut_) return;
        if (!self->socket_.is_open()) {
            if (!self->plan_ || std::holds_alternative<DoorSlow>(*self->plan_)) {
                self->listen_again();
            }
            return;
        }
        // With a slow door one is let in at a time.
        if (self->plan_ && !std::holds_alternative<DoorSlow>(*self->plan_)) return;
        self->accept_one();
        self->wait();
    });
}

void Door::accept_some() {
    if (plan_ && !std::holds_alternative<DoorSlow>(*plan_)) return;
    for (int i = 0; i < visitors_per_turn && !paused_; ++i) {
        if (!accept_one()) break;
    }
    wait();
}

bool Door::is_own(const SocketAddress& peer) const {
    return std::find(filler_names_.begin(), filler_names_.end(), peer.text()) !=
           filler_names_.end();
}

bool Door::accept_one() {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    Fd visitor{
        ::accept4(socket_.native_handle(), peer.get(), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!visitor) {
        if (!is_out_of_resources(errno)) return errno == ECONNABORTED || errno == EINTR;
        if (!out_of_resources_) {
            proxy_->listener->accept_paused(*proxy_->name, go_text(errno));
        }
        out_of_resources_ = true;
        pause(breather);
        return false;
    }
    if (out_of_resources_) proxy_->listener->accept_resumed(*proxy_->name);
    out_of_resources_ = false;
    if (!filler_names_.empty() && is_own(peer)) {
        std::erase(filler_names_, peer.text());
        return true;
    }
    visitor_(std::move(visitor), peer);
    return true;
}

}  // namespace etimedout
