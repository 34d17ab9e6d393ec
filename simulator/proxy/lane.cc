// Lane: one direction of a connection: from one socket through its faults to the other.
#include "simulator/proxy/lane.hh"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>

#include "simulator/proxy/worker.hh"

namespace etimedout {

namespace {

constexpr std::size_t largest_splice = 512U << 10U;
// What faults see as one chunk at the most, as in Toxiproxy.
constexpr std::size_t largest_chunk = 32U << 10U;
// Output gathered from the chain for one write.
constexpr std::size_t enough_output = 64U << 10U;
// A read of less has most likely taken all there was; whoever waits is told if it has not.
constexpr std::size_t worth_another_look = 16U << 10U;
// So many reads and writes, and others have their turn.
constexpr int steps_per_turn = 32;

// On Linux EWOULDBLOCK is the same.
bool would_block(int error) { return error == EAGAIN; }

}  // namespace

Lane::Outcome Lane::run(Worker& worker, std::size_t largest_queue) {
    if (over_) return Outcome::over;
    outcome_ = Outcome::waits;
    for (int step = 0; step < steps_per_turn; ++step) {
        const Step wrote = write(worker);
        if (wrote == Step::ended) return outcome_;
        const Step got = read(worker, largest_queue);
        if (got == Step::ended) return outcome_;
        if (wrote == Step::blocked && got == Step::blocked) return Outcome::waits;
    }
    return Outcome::busy;
}

bool Lane::wants_to_read(std::size_t largest_queue) const {
    if (source_ended_ || over_) return false;
    if (chain_) return held() < largest_queue;
    return !has_output();
}

std::optional<Moment> Lane::wants_to_wake() const {
    if (!chain_ || over_ || sink_is_full_) return std::nullopt;
    return chain_->next();
}

std::size_t Lane::held() const {
    return (chain_ ? chain_->held() : 0) + (out_.size() - out_at_) + in_pipe_;
}

void Lane::set_links(const std::vector<ChainLink>& links, std::uint64_t seed,
                     const std::string& stream, Moment now) {
    if (links.empty() && !chain_) return;
    if (!chain_) chain_ = std::make_unique<Chain>(seed, stream);
    chain_->set(links, now);
}

void Lane::begin_with(std::unique_ptr<Stage> first, std::uint64_t seed, const std::string& stream) {
    chain_ = std::make_unique<Chain>(seed, stream);
    chain_->begin_with(std::move(first));
}

Lane::Step Lane::write(Worker& worker) {
    if (sink_is_full_) return Step::blocked;
    if (in_pipe_ > 0) return write_from_pipe(worker);
    if (out_at_ < out_.size()) return write_bytes();
    if (end_) return say_end();
    if (chain_ && collect(std::chrono::steady_clock::now())) return Step::moved;
    return Step::blocked;
}

// From the chain to out_ and end_: what is due. True when there was any.
bool Lane::collect(Moment now) {
    out_.clear();
    out_at_ = 0;
    bool any = false;
    while (!end_ && out_.size() < enough_output) {
        auto item = chain_->give(now);
        if (!item) break;
        any = true;
        ++moved_.late_items;
        moved_.late += std::max(now - item->at, Moment::duration{});
        if (item->kind == Item::Kind::data) {
            if (out_.empty()) {
                out_ = std::move(item->bytes);
            } else {
                out_ += item->bytes;
            }
        } else {
            end_ = item->kind;
            ended_by_fault_ = !source_ended_ || item->kind == Item::Kind::close;
        }
    }
    if (!any && chain_->empty()) chain_.reset();  // from here on the kernel carries the bytes
    return any;
}

Lane::Step Lane::write_from_pipe(Worker& worker) {
    const ssize_t count = ::splice(pipe_->out.get(), nullptr, sink_, nullptr, in_pipe_,
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count < 0) return failed_to_write(errno);
    in_pipe_ -= static_cast<std::size_t>(count);
    moved_.sent += static_cast<std::uint64_t>(count);
    if (in_pipe_ == 0) {
        worker.pipes().give_back(std::move(*pipe_));
        pipe_.reset();
    }
    return Step::moved;
}

Lane::Step Lane::write_bytes() {
    const ssize_t count =
        ::send(sink_, out_.data() + out_at_, out_.size() - out_at_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return failed_to_write(errno);
    out_at_ += static_cast<std::size_t>(count);
    moved_.sent += static_cast<std::uint64_t>(count);
    if (out_at_ == out_.size()) {
        std::string{}.swap(out_);
        out_at_ = 0;
    }
    return Step::moved;
}

Lane::Step Lane::say_end() {
    switch (*end_) {
        case Item::Kind::fin:
            ::shutdown(sink_, SHUT_WR);
            over_ = true;
            outcome_ = Outcome::over;
            break;
        case Item::Kind::close:
            outcome_ = Outcome::close;
            break;
        case Item::Kind::reset:
        case Item::Kind::data:
            outcome_ = Outcome::reset;
            break;
    }
    return Step::ended;
}

Lane::Step Lane::failed_to_write(int error) {
    if (error == EINTR) return Step::moved;
    if (would_block(error)) {
        sink_is_full_ = true;
        return Step::blocked;
    }
    outcome_ = Outcome::sink_broken;
    return Step::ended;
}

Lane::Step Lane::read(Worker& worker, std::size_t largest_queue) {
    if (source_is_dry_ || !wants_to_read(largest_queue)) return Step::blocked;
    return chain_ ? read_bytes(worker) : splice_in(worker);
}

Lane::Step Lane::splice_in(Worker& worker) {
    if (!pipe_) pipe_ = worker.pipes().borrow();
    if (!pipe_) return read_bytes(worker);
    const ssize_t count = ::splice(source_, nullptr, pipe_->in.get(), nullptr, largest_splice,
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count > 0) {
        in_pipe_ = static_cast<std::size_t>(count);
        source_is_dry_ = in_pipe_ < worth_another_look;
        moved_.received += static_cast<std::uint64_t>(count);
        return Step::moved;
    }
    const int error = errno;
    worker.pipes().give_back(std::move(*pipe_));
    pipe_.reset();
    if (count < 0) return failed_to_read(error);
    source_ended_ = true;
    end_ = Item::Kind::fin;
    return Step::moved;
}

Lane::Step Lane::read_bytes(Worker& worker) {
    auto& scratch = worker.scratch();
    const std::size_t most = std::min(largest_chunk, scratch.size());
    const ssize_t count = ::recv(source_, scratch.data(), most, MSG_DONTWAIT);
    if (count < 0) return failed_to_read(errno);
    const Moment now = std::chrono::steady_clock::now();
    if (count == 0) {
        source_ended_ = true;
        if (chain_) {
            chain_->take(Item::end(Item::Kind::fin, now));
        } else {
            end_ = Item::Kind::fin;
        }
        return Step::moved;
    }
    const auto size = static_cast<std::size_t>(count);
    moved_.received += size;
    if (size < most) source_is_dry_ = true;
    std::string bytes{scratch.data(), size};
    if (chain_) {
        chain_->take(Item::data(std::move(bytes), now));
    } else {
        out_ = std::move(bytes);
        out_at_ = 0;
    }
    return Step::moved;
}

// A reset travels as everything else does: behind the bytes that faults keep back.
Lane::Step Lane::failed_to_read(int error) {
    if (error == EINTR) return Step::moved;
    if (would_block(error)) {
        source_is_dry_ = true;
        return Step::blocked;
    }
    source_ended_ = true;
    if (chain_) {
        chain_->take(Item::end(Item::Kind::reset, std::chrono::steady_clock::now()));
        return Step::moved;
    }
    outcome_ = Outcome::reset;
    return Step::ended;
}

}  // namespace etimedout
