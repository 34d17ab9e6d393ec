// The tcp call: connect, send, and wait for what is expected, with what the kernel says of it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/call/call_state.hh"

namespace etimedout {

namespace {

constexpr std::size_t block = 64U << 10U;

class TcpCaller {
public:
    TcpCaller(const CallPlan& plan, const WorldClock& clock, CallEnd& end)
        : call_{std::get<TcpCall>(plan.step.what)},
          clock_{clock},
          limits_{Limits::of(plan.step, clock.now())},
          end_{end} {
        if (call_.send) {
            to_send_ = static_cast<std::int64_t>(call_.send->size());
        } else if (call_.send_size) {
            to_send_ = call_.send_size->count;
        }
    }

    const Limits& limits() const { return limits_; }
    Fd take_connection() { return std::move(fd_); }

    // True when one of the addresses was reached; else the end tells of the last one.
    bool connect(const std::vector<CalleeAddress>& addresses) {
        for (const auto& address : addresses) {
            if (connect(address)) return true;
            if (end_.outcome == "never_ended") return false;
        }
        return false;
    }

    // Sends all and receives what is expected, both at once, since a server that answers while
    // it is sent to may stop reading until its answer is taken.
    void exchange() {
        while (true) {
            if (sent_ < to_send_ && !send_some()) return;
            const bool expects = is_expecting();
            if (sent_ == to_send_ && !expects) {
                end_.outcome = "ok";
                return;
            }
            if (is_at_end_ && expects) {
                end_.outcome = "closed_early";
                return;
            }
            const bool writes = sent_ < to_send_;
            const auto events =
                static_cast<short>((is_at_end_ ? 0 : POLLIN) | (writes ? POLLOUT : 0));
            if (!wait_for(fd_.get(), events, clock_, limits_.afterwards())) {
                time_out();
                return;
            }
            if (!is_at_end_ && !receive_some()) return;
        }
    }

    void describe() {
        end_.sent = sent_;
        end_.received = received_.size;
        end_.body = std::move(received_.text);
    }

private:
    bool connect(const CalleeAddress& address) {
        fd_ =
            Fd{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
        if (!fd_) {
            fail_to_connect(errno);
            return false;
        }
        int error = 0;
        if (::connect(fd_.get(), address.get(), address.size) != 0) error = errno;
        end_.local_address = local_address(fd_.get());
        if (error == EINPROGRESS) {
            if (!wait_for(fd_.get(), POLLOUT, clock_, limits_.while_connecting())) {
                const bool own = limits_.is_own_while_connecting();
                end_.outcome = own ? "connect_timeout" : "never_ended";
                end_.error.clear();
                end_.detail = fmt::format("still connecting to {}", address.text());
                return false;
            }
            socklen_t size = sizeof error;
            checked("SO_ERROR", ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size));
        }
        if (error != 0) {
            fail_to_connect(error);
            end_.detail = fmt::format("connect to {}: {}", address.text(), error_text(error));
            return false;
        }
        end_.outcome.clear();
        end_.error.clear();
        end_.detail.clear();
        end_.connect = clock_.now() - limits_.begin;
        return true;
    }

    static std::string error_text(int error_number) {
        return std::generic_category().message(error_number);
    }

    void fail_to_connect(int error_number) {
        end_.outcome = connect_outcome(error_number);
        end_.error = errno_name(error_number);
        end_.detail = error_text(error_number);
    }

    // False when the connection broke.
    bool send_some() {
        std::string filler;
        while (sent_ < to_send_) {
            const auto left = static_cast<std::size_t>(to_send_ - sent_);
            std::string_view next;
            if (call_.send) {
                next = std::string_view{*call_.send}.substr(static_cast<std::size_t>(sent_));
            } else {
                filler.resize(std::min(left, block), 'x');
                next = std::string_view{filler}.substr(0, left);
            }
            const auto count = ::send(fd_.get(), next.data(), next.size(), MSG_NOSIGNAL);
            if (count >= 0) {
                sent_ += count;
            } else if (errno == EAGAIN) {
                return true;
            } else if (errno != EINTR) {
                break_off(errno);
                return false;
            }
        }
        return true;
    }

    // False when the connection broke.
    bool receive_some() {
        std::array<char, 16384> buffer{};
        const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (count == 0) {
            is_at_end_ = true;
        } else if (count > 0) {
            if (!end_.first_byte) end_.first_byte = clock_.now() - limits_.begin;
            flow_.arrived(clock_.now());
            look_at({buffer.data(), static_cast<std::size_t>(count)});
        } else if (errno != EAGAIN && errno != EINTR) {
            break_off(errno);
            return false;
        }
        return true;
    }

    // Looks for the expected text also where it lies across two reads.
    void look_at(std::string_view more) {
        received_.add(more);
        if (!call_.expect || found_) return;
        window_ += more;
        found_ = window_.find(*call_.expect) != std::string::npos;
        const std::size_t kept = call_.expect->empty() ? 0 : call_.expect->size() - 1;
        if (window_.size() > kept) window_.erase(0, window_.size() - kept);
    }

    bool is_expecting() const {
        if (call_.expect && !call_.expect->empty() && !found_) return true;
        return call_.expect_size && received_.size < call_.expect_size->count;
    }

    void break_off(int error_number) {
        end_.error = errno_name(error_number);
        end_.detail = error_text(error_number);
        if (error_number == ETIMEDOUT) {
            end_.outcome = sent_ < to_send_    ? "write_timeout"
                           : flow_.has_begun() ? "idle_timeout"
                                               : "first_byte_timeout";
        } else {
            const bool reset = error_number == ECONNRESET || error_number == EPIPE;
            end_.outcome = reset ? "reset" : "unreachable";
        }
    }

    void time_out() {
        if (!limits_.is_own_afterwards()) {
            end_.outcome = "never_ended";
        } else if (sent_ < to_send_) {
            end_.outcome = "write_timeout";
        } else {
            end_.outcome = flow_.timeout_word(clock_.now());
        }
    }

    const TcpCall& call_;
    const WorldClock& clock_;
    Limits limits_;
    CallEnd& end_;
    Fd fd_;
    std::int64_t to_send_ = 0;
    std::int64_t sent_ = 0;
    Collected received_;
    Flow flow_;
    std::string window_;
    bool found_ = false;
    bool is_at_end_ = false;
};

}  // namespace

CallEnd run_tcp(const CallPlan& plan, const WorldClock& clock, CallState& state) {
    CallEnd end;
    TcpCaller caller{plan, clock, end};
    const auto addresses = callee_addresses(plan, clock, state, caller.limits(), end);
    if (!addresses || !caller.connect(*addresses)) return end;
    caller.exchange();
    caller.describe();
    end.total = clock.now() - caller.limits().begin;
    if (plan.step.hold_open) state.parts().hold(caller.take_connection());
    return end;
}

}  // namespace etimedout
