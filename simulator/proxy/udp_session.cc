// UdpSession: one connection through a UDP proxy.
#include "simulator/proxy/udp_session.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <boost/asio/post.hpp>

#include "simulator/proxy/socket_errors.hh"

namespace etimedout {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

std::string name_of(const ProxyState& proxy, const RelayRecord& record, std::string_view way) {
    return *proxy.name + "/" + std::to_string(record.number) + "/" + std::string{way};
}

DatagramLimits limits_of(const ProxyState& proxy) {
    DatagramLimits limits;
    limits.bytes = proxy.largest_queue;
    return limits;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
    if (count > 0) counter.fetch_add(count, std::memory_order_relaxed);
}

}  // namespace

UdpSession::UdpSession(Worker& worker, std::shared_ptr<ProxyState> proxy,
                       std::shared_ptr<RelayRecord> record, std::shared_ptr<UdpDoor> door,
                       UdpPeer client)
    : worker_{worker},
      proxy_{std::move(proxy)},
      record_{std::move(record)},
      door_{std::move(door)},
      client_{client},
      upstream_{worker.context()},
      up_{proxy_->seed, name_of(*proxy_, *record_, "up"), limits_of(*proxy_)},
      down_{proxy_->seed, name_of(*proxy_, *record_, "down"), limits_of(*proxy_)},
      timer_{worker.context()},
      last_{record_->began} {}

UdpSession::~UdpSession() = default;

void UdpSession::start(Fd upstream, const SocketAddress& address) {
    if (ended_) return;
    upstream_.assign(upstream.release());
    record_->upstream = address;
    record_->connected = true;
    run(Way::up);
    if (!ended_) read_upstream();
}

void UdpSession::cannot_dial(const std::string& why) {
    if (ended_) return;
    ++proxy_->failed;
    proxy_->listener->connect_failed(*proxy_->name, record_->number, proxy_->upstream_text, why);
    end("upstream");
}

void UdpSession::from_client(std::string_view bytes, const UdpPeer& client) {
    if (ended_) return;
    client_ = client;  // the address it asked may be another one of ours
    pass(Way::up, bytes);
}

void UdpSession::follow_rules() {
    if (ended_) return;
    const auto book = proxy_->rules();
    const Moment now = std::chrono::steady_clock::now();
    const RelayFacts facts{record_->number, record_->client.ip()};
    std::vector<std::string> at_work;
    for (const Way way : {Way::up, Way::down}) {
        const auto links = book->links_for<DatagramPlan, DatagramPass>(way, facts, proxy_->seed,
                                                                       *proxy_->name, now);
        for (const DatagramLink& link : links) at_work.push_back(link.id);
        course(way).chain.set(links, now);
    }
    proxy_->note_rules(*record_, std::move(at_work));
    run(Way::up);
    run(Way::down);
}

// One that came, from either side.
void UdpSession::pass(Way way, std::string_view bytes) {
    last_ = std::chrono::steady_clock::now();
    Course& there = course(way);
    if (there.chain.empty() && !there.stuck && can_send(way)) {
        there.chain.passed();
        if (send(way, bytes) == SendOutcome::would_wait) {
            there.stuck = Datagram{std::string{bytes}, last_, 0};
            wait_to_send(way);
        }
    } else {
        if (!there.chain.take(std::string{bytes}, last_)) add(proxy_->datagrams.dropped, 1);
        run(way);
    }
    plan_wake();
}

// Not while the socket is full, or, up, while the upstream's address is not known yet.
bool UdpSession::can_send(Way way) const {
    return way == Way::up ? upstream_.is_open() && !up_.waiting : !down_.waiting;
}

// Sends what is due.
void UdpSession::run(Way way) {
    Course& there = course(way);
    while (!ended_ && can_send(way)) {
        const Moment now = std::chrono::steady_clock::now();
        if (!there.stuck) {
            there.stuck = there.chain.give(now);
            if (!there.stuck) break;
            if (there.chain.has_faults()) count_lateness(now - there.stuck->at);
        }
        if (send(way, there.stuck->bytes) == SendOutcome::would_wait) {
            wait_to_send(way);
        } else {
            there.stuck.reset();
        }
    }
    count_faults(way);
    plan_wake();
}

void UdpSession::count_lateness(Duration late) {
    add(proxy_->late_items, 1);
    add(proxy_->late_ns, static_cast<std::uint64_t>(std::max(late, Duration{}).count()));
}

void UdpSession::count_faults(Way way) {
    const DatagramCounts counts = course(way).chain.take_counts();
    add(proxy_->datagrams.lost, counts.lost);
    add(proxy_->datagrams.duplicated, counts.duplicated);
    add(proxy_->datagrams.reordered, counts.reordered);
    add(proxy_->datagrams.corrupted, counts.corrupted);
    record_->held = held();
}

SendOutcome UdpSession::send(Way way, std::string_view bytes) {
    const SendOutcome outcome = way == Way::up ? send_up(bytes) : door_->send(bytes, client_);
    if (outcome == SendOutcome::lost) add(proxy_->datagrams.dropped, 1);
    if (outcome != SendOutcome::sent) return outcome;
    const bool is_up = way == Way::up;
    add(is_up ? proxy_->sent_up : proxy_->sent_down, bytes.size());
    add(is_up ? record_->up : record_->down, bytes.size());
    add(is_up ? proxy_->datagrams.up : proxy_->datagrams.down, 1);
    return outcome;
}

SendOutcome UdpSession::send_up(std::string_view bytes) {
    // What an earlier datagram came to is told in place of sending this one.
    constexpr int tries = 3;
    for (int i = 0; i < tries; ++i) {
        const ssize_t count = ::send(upstream_.native_handle(), bytes.data(), bytes.size(),
                                     MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) return SendOutcome::sent;
        if (errno == EAGAIN) return SendOutcome::would_wait;
        if (errno != ECONNREFUSED) break;
        unreachable(errno);
    }
    return SendOutcome::lost;
}

void UdpSession::wait_to_send(Way way) {
    course(way).waiting = true;
    const auto go_on = [self = shared_from_this(), way] {
        self->course(way).waiting = false;
        self->run(way);
    };
    if (way == Way::down) {
        door_->wait_to_send(go_on);
        return;
    }
    upstream_.async_wait(Socket::wait_write, [go_on](const error_code& error) {
        if (!error) go_on();
    });
}

// A proxy cannot forge the ICMP message that its client would have got.
void UdpSession::unreachable(int error) {
    add(proxy_->datagrams.unreachable, 1);
    if (std::exchange(told_unreachable_, true)) return;
    proxy_->listener->unreachable(*proxy_->name, record_->number, record_->upstream.text(),
                                  error_text(error));
}

void UdpSession::read_upstream() {
    upstream_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
        if (!error && !self->ended_) self->receive_some();
    });
}

void UdpSession::receive_some() {
    auto& scratch = worker_.scratch();
    for (int i = 0; i < datagrams_per_turn && !ended_; ++i) {
        const ssize_t count =
            ::recv(upstream_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            unreachable(errno);
            continue;
        }
        const auto size = static_cast<std::size_t>(count);
        add(proxy_->received_down, size);
        pass(Way::down, {scratch.data(), size});
    }
    if (!ended_) read_upstream();
}

// A connection ends when nothing came for so long and nothing is under way, or when a fault says
// so. A timer that fires too early costs less than one that is set anew for each datagram.
std::optional<Moment> UdpSession::next_moment() const {
    std::optional<Moment> soonest;
    const auto consider = [&](std::optional<Moment> t) {
        if (t && (!soonest || *t < *soonest)) soonest = t;
    };
    for (const Way way : {Way::up, Way::down}) {
        const DatagramChain& chain = way == Way::up ? up_.chain : down_.chain;
        if (can_send(way)) consider(chain.next());
        consider(chain.ends());
    }
    if (is_idle()) consider(last_ + proxy_->idle_timeout);
    return soonest;
}

bool UdpSession::is_idle() const {
    return up_.chain.count() == 0 && down_.chain.count() == 0 && !up_.stuck && !down_.stuck;
}

void UdpSession::plan_wake() {
    if (ended_) return;
    const auto next = next_moment();
    if (!next || (wakes_ && *wakes_ <= *next)) return;
    wakes_ = next;
    timer_.expires_at(*next);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error) return;  // an earlier moment took its place
        self->wakes_.reset();
        self->wake();
    });
}

void UdpSession::wake() {
    if (ended_) return;
    const Moment now = std::chrono::steady_clock::now();
    for (const Course* one : {&up_, &down_}) {
        const auto ends = one->chain.ends();
        if (ends && *ends <= now) return end("rule");
    }
    if (is_idle() && last_ + proxy_->idle_timeout <= now) return end("idle");
    run(Way::up);
    run(Way::down);
}

void UdpSession::end(const std::string& by) {
    if (ended_) return;
    const auto self = shared_from_this();  // the door's list may hold the last reference
    ended_ = true;
    error_code ignored;
    upstream_.close(ignored);
    timer_.cancel();
    count_faults(Way::up);
    count_faults(Way::down);
    --proxy_->open;
    proxy_->listener->closed(*proxy_->name, record_->number, by, record_->up, record_->down);
    proxy_->registry->remove(record_->id);
    door_->forget(UdpClient{record_->client});
}

}  // namespace etimedout
