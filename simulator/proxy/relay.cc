// Relay: one connection through a proxy: two sockets and the two lanes between them.
#include "simulator/proxy/relay.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>

#include "simulator/proxy/dial.hh"
#include "simulator/proxy/slabs.hh"
#include "simulator/proxy/socket_errors.hh"
#include "simulator/stream/conversation.hh"

namespace etimedout {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// How long what still comes is read after an orderly end.
constexpr Duration longest_linger = 1s;

std::size_t index_of(Way way) { return way == Way::up ? 0 : 1; }

// What an idle connection waits with goes back to the system when it is over, as the rest of it.
template <class Handler>
auto in_slab(Handler handler) {
    return asio::bind_allocator(SlabAllocator<char>{}, std::move(handler));
}

}  // namespace

Relay::Relay(Worker& worker, std::shared_ptr<ProxyState> proxy, std::shared_ptr<RelayRecord> record,
             Fd client)
    : worker_{worker},
      proxy_{std::move(proxy)},
      record_{std::move(record)},
      client_{worker.context(), client.release()},
      upstream_{worker.context()} {}

Relay::~Relay() = default;

void Relay::start(std::vector<SocketAddress> upstream) {
    addresses_ = std::move(upstream);
    std::reverse(addresses_.begin(), addresses_.end());  // taken from the end
    timer_ = std::make_unique<asio::steady_timer>(worker_.context(), proxy_->connect_timeout);
    timer_->async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->ended_ || self->up_) return;
        self->dial_failed("connection timed out (connect_timeout of the proxy)");
    });
    dial();
}

void Relay::dial() {
    const SocketAddress address = addresses_.back();
    addresses_.pop_back();
    record_->upstream = address;
    Dialling dialling = begin_to_dial(*proxy_, address, record_->client);
    if (dialling.error != 0) {
        dialled(error_code{dialling.error, boost::system::system_category()});
        return;
    }
    upstream_.assign(dialling.socket.release());
    upstream_.async_wait(Socket::wait_write,
                         [self = shared_from_this()](error_code error) { self->dialled(error); });
}

void Relay::start(Fd upstream, const SocketAddress& address) {
    upstream_.assign(upstream.release());
    record_->upstream = address;
    connected();
}

SocketAddress Relay::wanted_address() { return unmapped(own_address_of(client_.native_handle())); }

void Relay::dialled(const error_code& error) {
    if (ended_ || error == asio::error::operation_aborted) return;
    const int failure = error ? error.value() : error_of(upstream_.native_handle());
    if (failure == 0) {
        connected();
        return;
    }
    if (upstream_.is_open()) upstream_.close();
    if (addresses_.empty()) {
        dial_failed(error_text(failure));
    } else {
        dial();
    }
}

void Relay::cannot_look_up(const std::string& why) { dial_failed(why); }

// The client was let in before anyone knew; a reset tells it sooner than silence would.
void Relay::dial_failed(const std::string& why) {
    ++proxy_->failed;
    proxy_->listener->connect_failed(*proxy_->name, record_->number, proxy_->upstream_text, why);
    end(RelayEnd::reset, "upstream");
}

void Relay::connected() {
    timer_.reset();
    std::vector<SocketAddress>{}.swap(addresses_);
    record_->connected = true;
    up_.emplace(client_.native_handle(), upstream_.native_handle());
    down_.emplace(upstream_.native_handle(), client_.native_handle());
    if (proxy_->requests) begin_conversation();
    follow_rules();
}

// What the stages keep is theirs: a connection's own end is the end of them.
void Relay::begin_conversation() {
    const SocketAddress callee = unmapped(record_->upstream);
    auto stages =
        make_conversation(proxy_->requests, {record_->number, record_->client.ip(), callee.port()},
                          {.look_up = [this] { look_again_[index_of(Way::up)] = true; },
                           .look_down = [this] { look_again_[index_of(Way::down)] = true; },
                           .wall_clock = proxy_->wall_clock});
    const std::string stream = *proxy_->name + "/" + std::to_string(record_->number);
    up_->begin_with(std::move(stages.up), proxy_->seed, stream);
    down_->begin_with(std::move(stages.down), proxy_->seed, stream);
    rules_changed_ = std::move(stages.rules_changed);
}

void Relay::follow_rules() {
    if (ended_ || !up_) return;
    const auto book = proxy_->rules();
    const Moment now = std::chrono::steady_clock::now();
    if (rules_changed_) rules_changed_(now);
    const RelayFacts facts{record_->number, record_->client.ip()};
    std::vector<std::string> at_work;
    for (const Way way : {Way::up, Way::down}) {
        const auto links =
            book->links_for<FlowPlan, FlowPass>(way, facts, proxy_->seed, *proxy_->name, now);
        for (const ChainLink& link : links) at_work.push_back(link.id);
        lane(way).set_links(links, proxy_->seed,
                            *proxy_->name + "/" + std::to_string(record_->number), now);
    }
    proxy_->note_rules(*record_, std::move(at_work));
    run(Way::up);
    if (!ended_) run(Way::down);
}

void Relay::run(Way way) {
    if (ended_) return;
    const Lane::Outcome outcome = lane(way).run(worker_, proxy_->largest_queue);
    count(way);
    for (const std::string& rule : lane(way).newly_acted()) {
        proxy_->listener->rule_acted(*proxy_->name, record_->number, rule);
    }
    const Way other = way == Way::up ? Way::down : Way::up;
    if (std::exchange(look_again_[index_of(other)], false)) {
        asio::post(worker_.context(), [self = shared_from_this(), other] { self->run(other); });
    }
    const std::string who = way == Way::up ? "client" : "upstream";
    switch (outcome) {
        case Lane::Outcome::waits:
            wait(way);
            return;
        case Lane::Outcome::busy:
            asio::post(worker_.context(), [self = shared_from_this(), way] { self->run(way); });
            return;
        case Lane::Outcome::over:
            if (up_->is_over() && down_->is_over()) {
                gone(lane(way).ended_by_fault() ? "rule" : who);
            } else {
                wait(way);
            }
            return;
        case Lane::Outcome::close:
            end(RelayEnd::in_order, "rule");
            return;
        case Lane::Outcome::reset:
            end(RelayEnd::reset, lane(way).ended_by_fault() ? "rule" : who);
            return;
        case Lane::Outcome::sink_broken:
            end(RelayEnd::reset, way == Way::up ? "upstream" : "client");
            return;
    }
}

void Relay::wait(Way way) {
    wait_to_read(way);
    wait_to_write(way);
    wait_for_moment(way);
}

void Relay::wait_to_read(Way way) {
    Waits& waits = waits_[index_of(way)];
    if (waits.reading || !lane(way).wants_to_read(proxy_->largest_queue)) return;
    waits.reading = true;
    source(way).async_wait(Socket::wait_read,
                           in_slab([self = shared_from_this(), way](const error_code& error) {
                               self->waits_[index_of(way)].reading = false;
                               if (error || self->ended_) return;
                               self->lane(way).source_is_ready();
                               self->run(way);
                           }));
}

void Relay::wait_to_write(Way way) {
    Waits& waits = waits_[index_of(way)];
    if (waits.writing || !lane(way).wants_to_write()) return;
    waits.writing = true;
    sink(way).async_wait(Socket::wait_write,
                         in_slab([self = shared_from_this(), way](const error_code& error) {
                             self->waits_[index_of(way)].writing = false;
                             if (error || self->ended_) return;
                             self->lane(way).sink_is_ready();
                             self->run(way);
                         }));
}

void Relay::wait_for_moment(Way way) {
    Waits& waits = waits_[index_of(way)];
    const auto until = lane(way).wants_to_wake();
    if (until == waits.until) return;
    waits.until = until;
    if (!until) {
        if (waits.timer) waits.timer->cancel();
        return;
    }
    if (!waits.timer) waits.timer = std::make_unique<asio::steady_timer>(worker_.context());
    waits.timer->expires_at(*until);
    waits.timer->async_wait([self = shared_from_this(), way](const error_code& error) {
        if (error) return;  // another moment took its place
        self->waits_[index_of(way)].until.reset();
        self->run(way);
    });
}

void Relay::count(Way way) {
    const Lane::Moved moved = lane(way).take_moved();
    auto& received = way == Way::up ? proxy_->received_up : proxy_->received_down;
    auto& sent = way == Way::up ? proxy_->sent_up : proxy_->sent_down;
    if (moved.received > 0) received.fetch_add(moved.received, std::memory_order_relaxed);
    if (moved.sent > 0) {
        sent.fetch_add(moved.sent, std::memory_order_relaxed);
        auto& own = way == Way::up ? record_->up : record_->down;
        own.fetch_add(moved.sent, std::memory_order_relaxed);
    }
    if (moved.late_items > 0) {
        proxy_->late_items.fetch_add(moved.late_items, std::memory_order_relaxed);
        proxy_->late_ns.fetch_add(static_cast<std::uint64_t>(moved.late.count()),
                                  std::memory_order_relaxed);
    }
    if (up_->has_faults() || down_->has_faults()) record_->held = up_->held() + down_->held();
}

void Relay::end(RelayEnd how, const std::string& by) {
    if (ended_) return;
    ended_ = true;
    for (Waits& waits : waits_) waits.timer.reset();
    if (how == RelayEnd::reset) {
        make_abortive(client_.native_handle());
        if (upstream_.is_open()) make_abortive(upstream_.native_handle());
        gone(by);
        return;
    }
    ::shutdown(client_.native_handle(), SHUT_WR);
    if (upstream_.is_open()) ::shutdown(upstream_.native_handle(), SHUT_WR);
    const auto self = shared_from_this();
    timer_ = std::make_unique<asio::steady_timer>(worker_.context(), longest_linger);
    timer_->async_wait([self, by](const error_code& error) {
        if (!error) self->gone(by);
    });
    linger();
    if (client_.is_open() || upstream_.is_open()) return;
    gone(by);
}

// Waits already under way end by themselves: after `ended_` run() does nothing.
void Relay::linger() {
    discard(client_);
    discard(upstream_);
}

void Relay::discard(Socket& socket) {
    if (is_gone_ || !socket.is_open()) return;
    auto& scratch = worker_.scratch();
    while (true) {
        const ssize_t count =
            ::recv(socket.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
        if (count > 0) continue;
        if (count < 0 && errno == EAGAIN) break;
        error_code ignored;
        socket.close(ignored);
        if (!client_.is_open() && !upstream_.is_open()) gone("rule");
        return;
    }
    socket.async_wait(Socket::wait_read,
                      [self = shared_from_this(), &socket](const error_code& error) {
                          if (!error) self->discard(socket);
                      });
}

void Relay::gone(const std::string& by) {
    if (is_gone_) return;
    is_gone_ = true;
    ended_ = true;
    error_code ignored;
    client_.close(ignored);
    upstream_.close(ignored);
    timer_.reset();
    for (Waits& waits : waits_) waits.timer.reset();
    --proxy_->open;
    proxy_->listener->closed(*proxy_->name, record_->number, by, record_->up, record_->down);
    proxy_->registry->remove(record_->id);
    // The list may hold the last reference; this object is still in use.
    asio::post(worker_.context(),
               [self = shared_from_this()] { self->worker_.forget(self->record_->id); });
}

}  // namespace etimedout
