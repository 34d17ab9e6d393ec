// The ping call: echo requests at a pace, until all are answered or the wait is over.
#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <poll.h>

#include "harness/call/call_state.hh"
#include "harness/call/ping_socket.hh"

namespace etimedout {

namespace {

class Pinger {
public:
    Pinger(const PingCall& call, const WorldClock& clock, PingSocket& socket)
        : call_{call}, clock_{clock}, socket_{socket} {}

    // Until all that was sent is settled, the wait after the last is over, or `limit` comes.
    // False for the last.
    bool run(Duration limit) {
        const Duration begin = clock_.now();
        while (true) {
            const Duration now = clock_.now();
            if (now >= limit) return false;
            const bool all_sent = sent() == call_.count;
            const Duration next = begin + sent() * call_.every;
            if (!all_sent && now >= next) {
                send();
                continue;
            }
            if (all_sent && answered_ + refused_ >= call_.count) return true;
            const Duration until = all_sent ? sent_at_.back() + call_.wait : next;
            if (now >= until) return true;
            if (wait_for(socket_.fd(), POLLIN, clock_, std::min(until, limit))) read();
        }
    }

    std::int64_t sent() const { return static_cast<std::int64_t>(sent_at_.size()); }
    std::int64_t answered() const { return answered_; }
    int error_number() const { return error_number_; }
    std::optional<Duration> first_round_trip() const { return first_round_trip_; }

private:
    void send() {
        sent_at_.push_back(clock_.now());
        is_answered_.push_back(false);
        if (const int error = socket_.send(sent())) refuse(error);
    }

    void read() {
        while (true) {
            const EchoNews news = socket_.receive();
            if (std::holds_alternative<std::monostate>(news)) return;
            if (const auto* error = std::get_if<EchoError>(&news)) refuse(error->error_number);
            if (const auto* reply = std::get_if<EchoReply>(&news)) answer(reply->number);
        }
    }

    void refuse(int error_number) {
        ++refused_;
        if (error_number_ == 0) error_number_ = error_number;
    }

    void answer(std::int64_t number) {
        if (number < 1 || number > sent()) return;
        const auto index = static_cast<std::size_t>(number - 1);
        if (is_answered_[index]) return;  // the network has doubled it
        is_answered_[index] = true;
        ++answered_;
        if (!first_round_trip_) first_round_trip_ = clock_.now() - sent_at_[index];
    }

    const PingCall& call_;
    const WorldClock& clock_;
    PingSocket& socket_;
    std::vector<Duration> sent_at_;
    std::vector<bool> is_answered_;
    std::int64_t answered_ = 0;
    std::int64_t refused_ = 0;
    int error_number_ = 0;
    std::optional<Duration> first_round_trip_;
};

}  // namespace

// `sent` and `received` count requests and answers; `first_byte` is the first round trip.
CallEnd run_ping(const CallPlan& plan, const WorldClock& clock, CallState& state) {
    const Limits limits = Limits::of(plan.step, clock.now());
    CallEnd end;
    const auto addresses = callee_addresses(plan, clock, state, limits, end);
    if (!addresses) return end;
    PingSocket socket{addresses->front(), fmt::format("{}/{}", plan.call, plan.index)};
    const auto& call = std::get<PingCall>(plan.step.what);
    Pinger pinger{call, clock, socket};
    const bool ended = pinger.run(limits.afterwards());
    end.sent = pinger.sent();
    end.received = pinger.answered();
    end.first_byte = pinger.first_round_trip();
    end.detail = fmt::format("{} of {} answered", pinger.answered(), call.count);
    if (pinger.answered() == call.count) {
        end.outcome = "ok";
    } else if (!ended && !limits.is_own_afterwards()) {
        end.outcome = "never_ended";
    } else if (pinger.error_number() != 0) {
        end.outcome = "unreachable";
        end.error = errno_name(pinger.error_number());
    } else {
        end.outcome = "first_byte_timeout";
    }
    return end;
}

}  // namespace etimedout
