// One direction of a TCP connection: which of its bytes were seen, and the stream they make.
#include "simulator/wire/tcp_stream.hh"

#include <algorithm>

namespace etimedout {

namespace {

// More than a receive buffer holds is not waiting for a retransmission.
constexpr std::uint64_t most_waiting_bytes = 64ULL << 20U;
constexpr std::size_t most_waiting_pieces = 65536;

}  // namespace

void TcpStream::begin_at_syn(std::uint32_t sequence) {
    origin_ = sequence + 1;
    begun_ = true;
    begun_at_syn_ = true;
}

void TcpStream::begin_in_the_middle(std::uint32_t sequence) {
    origin_ = sequence;
    begun_ = true;
}

std::int64_t TcpStream::position_of(std::uint32_t sequence) const {
    const std::uint32_t newest = origin_ + static_cast<std::uint32_t>(next_);
    return next_ + static_cast<std::int32_t>(sequence - newest);
}

bool TcpStream::is_plausible(std::int64_t position) const {
    constexpr std::int64_t largest_window = 1LL << 30U;
    return position >= next_ - largest_window && position <= next_ + largest_window;
}

bool TcpStream::all_seen(std::int64_t position, std::uint32_t length) const {
    const std::int64_t end = position + length;
    if (end <= contiguous_) return true;
    // The island that ends at or behind `end`.
    const auto island =
        std::lower_bound(islands_.begin(), islands_.end(), end,
                         [](const Range& r, std::int64_t at) { return r.end < at; });
    return island != islands_.end() && island->begin <= position;
}

std::uint32_t TcpStream::merge(Range range) {
    range.begin = std::max(range.begin, contiguous_);
    if (range.begin >= range.end) return 0;
    std::int64_t fresh = range.end - range.begin;
    const auto first = std::lower_bound(islands_.begin(), islands_.end(), range.begin,
                                        [](const Range& r, std::int64_t at) { return r.end < at; });
    auto last = first;
    for (; last != islands_.end() && last->begin <= range.end; ++last) {
        const std::int64_t from = std::max(last->begin, range.begin);
        const std::int64_t to = std::min(last->end, range.end);
        fresh -= std::max<std::int64_t>(0, to - from);
    }
    if (first != last) {
        range.begin = std::min(range.begin, first->begin);
        range.end = std::max(range.end, std::prev(last)->end);
    }
    const auto place = islands_.erase(first, last);
    if (range.begin <= contiguous_) {
        contiguous_ = range.end;
    } else {
        islands_.insert(place, range);
    }
    return static_cast<std::uint32_t>(fresh);
}

std::uint32_t TcpStream::add(const Payload& payload) {
    const std::int64_t end = payload.position + payload.length;
    const std::uint32_t fresh = merge({payload.position, end});
    next_ = std::max(next_, end);
    last_length_ = payload.length;
    bytes_ += fresh;
    if (fresh == 0) return 0;
    if (waiting_.empty() && payload.position <= delivered_) {
        deliver(payload);
    } else {
        waiting_.emplace(payload.position, payload);
        waiting_bytes_ += payload.length;
        release();
    }
    end_if_complete(payload.t, payload.packet);
    return fresh;
}

void TcpStream::add_fin(std::int64_t position, Duration t, std::size_t packet) {
    next_ = std::max(next_, position + 1);
    if (!fin_) fin_ = position;
    end_if_complete(t, packet);
}

void TcpStream::acknowledge(std::int64_t position) {
    if (position <= acknowledged_ || position > next_) return;
    acknowledged_ = position;
    release();
}

// `payload` begins where the stream was released up to, or before.
void TcpStream::deliver(const Payload& payload) {
    const std::int64_t end = payload.position + payload.length;
    if (end <= delivered_) return;
    const auto skip = static_cast<std::size_t>(delivered_ - payload.position);
    if (skip < payload.bytes.size()) {
        ready_.push_back(
            {StreamPiece::Kind::bytes, payload.bytes.subspan(skip), payload.t, payload.packet});
    }
    if (payload.bytes.size() < payload.length) {
        ready_.push_back({StreamPiece::Kind::hole, {}, payload.t, payload.packet});
    }
    delivered_ = end;
}

// Moves what has become contiguous to the pieces that are ready.
void TcpStream::release() {
    while (!waiting_.empty()) {
        const Payload payload = waiting_.begin()->second;
        if (payload.position > delivered_) {
            // The receiver has acknowledged it, so it did arrive, but the capture missed it.
            const bool missed = acknowledged_ >= payload.position;
            const bool too_much =
                waiting_bytes_ > most_waiting_bytes || waiting_.size() > most_waiting_pieces;
            if (!missed && !too_much) return;
            ready_.push_back({StreamPiece::Kind::hole, {}, payload.t, payload.packet});
            delivered_ = payload.position;
        }
        waiting_bytes_ -= payload.length;
        waiting_.erase(waiting_.begin());
        deliver(payload);
        end_if_complete(payload.t, payload.packet);
    }
}

void TcpStream::end_if_complete(Duration t, std::size_t packet) {
    if (ended_ || !fin_ || delivered_ != *fin_) return;
    ended_ = true;
    ready_.push_back({StreamPiece::Kind::end, {}, t, packet});
}

}  // namespace etimedout
