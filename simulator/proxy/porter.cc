// Porter: lets a client in when the upstream has answered, and not before.
#include "simulator/proxy/porter.hh"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "simulator/proxy/dial.hh"
#include "simulator/proxy/socket_errors.hh"
#include "simulator/proxy/worker.hh"

namespace etimedout {

using boost::system::error_code;

namespace {

// A client that is still there knocks again after its retransmission timeout, which doubles each
// time from one second on (RFC 6298, section 5.5). One that does not come back in time has gone.
constexpr Duration first_pause = 1s;
constexpr Duration grace = 500ms;
Duration longest_absence(Duration last_pause) { return 2 * last_pause + last_pause / 4 + grace; }

// What the upstream, or a router before it, has said of it.
bool tells_the_client(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EACCES;
}

}  // namespace

struct Porter::Attempt {
    Attempt(Worker& worker, const Knock& first)
        : knock{first}, upstream{worker.context()}, patience{worker.context()} {}
    Knock knock;                             // the last one; held until `connected`
    std::vector<SocketAddress> addresses{};  // still to be tried, the last one first
    SocketAddress address{};
    Socket upstream;
    boost::asio::steady_timer patience;
    Moment knocked{};
    Duration pause = first_pause;
    bool connected = false;
    bool over = false;
};

Porter::Porter(Worker& worker, std::shared_ptr<ProxyState> proxy, std::shared_ptr<Gate> gate)
    : worker_{worker},
      proxy_{std::move(proxy)},
      gate_{std::move(gate)},
      knocks_{worker.context(), ::dup(gate_->descriptor())} {}

Porter::~Porter() = default;

void Porter::open() { wait(); }

void Porter::close() {
    closed_ = true;
    error_code ignored;
    knocks_.close(ignored);
    while (!attempts_.empty()) forget(attempts_.begin()->second);
}

void Porter::wait() {
    knocks_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
        if (error || self->closed_) return;
        while (const auto knock = self->gate_->next()) self->answer(*knock);
        self->wait();
    });
}

void Porter::answer(const Knock& knock) {
    // A door with faults of its own decides when the upstream hears of a client.
    if (proxy_->rules()->door(std::chrono::steady_clock::now()) != nullptr) {
        gate_->let_in(knock);
        return;
    }
    const auto found = attempts_.find({knock.client.text(), knock.callee.text()});
    if (found == attempts_.end()) {
        begin(knock);
        return;
    }
    const auto attempt = found->second;
    if (attempt->knock.sequence != knock.sequence) {  // another connection from the same port
        if (!attempt->connected) gate_->ignore(attempt->knock);
        forget(attempt);
        begin(knock);
        return;
    }
    if (attempt->connected) {
        gate_->let_in(knock);
    } else {
        gate_->ignore(attempt->knock);
        attempt->knock = knock;
    }
    const Moment now = std::chrono::steady_clock::now();
    attempt->pause = std::max(first_pause, Duration{now - attempt->knocked});
    attempt->knocked = now;
    be_patient(attempt);
}

void Porter::begin(const Knock& knock) {
    const auto attempt = std::make_shared<Attempt>(worker_, knock);
    attempt->knocked = std::chrono::steady_clock::now();
    if (proxy_->transparent) {
        attempt->addresses = {knock.callee};
    } else {
        attempt->addresses = proxy_->upstream_addresses;
        std::reverse(attempt->addresses.begin(), attempt->addresses.end());
    }
    attempts_.emplace(Key{knock.client.text(), knock.callee.text()}, attempt);
    be_patient(attempt);
    dial(attempt);
}

void Porter::dial(const std::shared_ptr<Attempt>& attempt) {
    attempt->address = attempt->addresses.back();
    attempt->addresses.pop_back();
    Dialling dialling = begin_to_dial(*proxy_, attempt->address, attempt->knock.client);
    if (dialling.error != 0) {
        failed(attempt, dialling.error);
        return;
    }
    attempt->upstream.assign(dialling.socket.release());
    attempt->upstream.async_wait(
        Socket::wait_write, [self = shared_from_this(), attempt](const error_code& error) {
            if (error || attempt->over) return;
            if (const int failure = error_of(attempt->upstream.native_handle()); failure != 0) {
                self->failed(attempt, failure);
                return;
            }
            attempt->connected = true;
            self->gate_->let_in(attempt->knock);
        });
}

void Porter::failed(const std::shared_ptr<Attempt>& attempt, int error) {
    error_code ignored;
    attempt->upstream.close(ignored);
    if (!attempt->addresses.empty()) {
        dial(attempt);
        return;
    }
    if (tells_the_client(error)) {
        gate_->refuse(attempt->knock, error);
        ++proxy_->failed;
        proxy_->listener->connect_failed(*proxy_->name, 0, attempt->address.text(),
                                         error_text(error));
    } else if (error == ETIMEDOUT) {
        gate_->ignore(attempt->knock);
    } else {
        // The proxy's own trouble: it is found again, and told, when the connection is there.
        gate_->let_in(attempt->knock);
    }
    forget(attempt);
}

void Porter::be_patient(const std::shared_ptr<Attempt>& attempt) {
    attempt->patience.expires_after(longest_absence(attempt->pause));
    attempt->patience.async_wait([self = shared_from_this(), attempt](const error_code& error) {
        if (error || attempt->over) return;
        if (!attempt->connected) self->gate_->ignore(attempt->knock);
        self->forget(attempt);
    });
}

// What was dialled for nobody ends as a connection whose client never was: without a word.
void Porter::forget(const std::shared_ptr<Attempt>& attempt) {
    attempt->over = true;
    attempt->patience.cancel();
    if (attempt->upstream.is_open()) {
        make_abortive(attempt->upstream.native_handle());
        error_code ignored;
        attempt->upstream.close(ignored);
    }
    attempts_.erase({attempt->knock.client.text(), attempt->knock.callee.text()});
}

std::optional<Porter::Dialled> Porter::claim(const SocketAddress& client,
                                             const SocketAddress& callee) {
    const auto found = attempts_.find({client.text(), callee.text()});
    if (found == attempts_.end() || !found->second->connected) return std::nullopt;
    const auto attempt = found->second;
    Dialled dialled{Fd{attempt->upstream.release()}, attempt->address};
    forget(attempt);
    return dialled;
}

}  // namespace etimedout
