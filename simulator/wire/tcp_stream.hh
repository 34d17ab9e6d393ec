// One direction of a TCP connection: which of its bytes were seen, and the stream they make.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

// A piece of the stream, in order.
struct StreamPiece {
    enum class Kind {
        bytes,
        hole,  // what was there was not captured
        end,   // the FIN, with all before it
    };
    Kind kind = Kind::bytes;
    ByteView bytes{};
    Duration t{};
    std::size_t packet = 0;  // which packet of the capture brought it
};

// Positions count from 0, the first payload byte; a SYN is at -1, a FIN behind the last byte. They
// have 64 bits, so sequence numbers may wrap as often as they like (RFC 9293 section 3.4).
class TcpStream {
public:
    struct Payload {
        std::int64_t position = 0;
        std::uint32_t length = 0;  // on the wire
        ByteView bytes{};          // as captured; must outlive the stream
        Duration t{};
        std::size_t packet = 0;
    };

    // The first sequence number, of a SYN; or, for a connection met in the middle, of its next
    // byte.
    void begin_at_syn(std::uint32_t sequence);
    void begin_in_the_middle(std::uint32_t sequence);
    bool begun() const { return begun_; }
    bool begun_at_syn() const { return begun_at_syn_; }
    std::uint32_t initial_sequence() const { return origin_ - 1; }

    // Where a sequence number is, near the newest byte sent.
    std::int64_t position_of(std::uint32_t sequence) const;
    // Whether a segment there can belong to this connection: no window is larger than 2^30
    // (RFC 7323 section 2.3).
    bool is_plausible(std::int64_t position) const;

    // Behind the last byte, SYN or FIN sent.
    std::int64_t next() const { return next_; }
    bool all_seen(std::int64_t position, std::uint32_t length) const;
    // How many of the bytes are new. From here on they are seen.
    std::uint32_t add(const Payload& payload);
    void add_fin(std::int64_t position, Duration t, std::size_t packet);
    // How often what begins here was counted as sent again, this time included.
    std::int64_t count_again(std::int64_t position) { return ++again_[position]; }

    // The highest position that the other side has acknowledged.
    std::int64_t acknowledged() const { return acknowledged_; }
    void acknowledge(std::int64_t position);

    std::uint64_t bytes() const { return bytes_; }
    std::uint32_t last_length() const { return last_length_; }

    // The stream as far as it is complete and not yet discarded, each byte once. A hole that the
    // receiver has acknowledged, or behind which more than 64 MiB wait, is given up.
    std::span<const StreamPiece> ready() const { return ready_; }
    void discard_ready() { ready_.clear(); }

private:
    struct Range {
        std::int64_t begin;
        std::int64_t end;
    };

    std::uint32_t merge(Range range);
    void deliver(const Payload& payload);
    void release();
    void end_if_complete(Duration t, std::size_t packet);

    std::uint32_t origin_ = 0;  // sequence number of position 0
    bool begun_ = false;
    bool begun_at_syn_ = false;
    std::int64_t next_ = 0;
    std::int64_t acknowledged_ = 0;
    std::int64_t contiguous_ = 0;  // every position below was seen
    std::vector<Range> islands_;   // seen beyond it: sorted, disjoint, not touching
    std::map<std::int64_t, std::int64_t> again_;
    std::uint64_t bytes_ = 0;
    std::uint32_t last_length_ = 0;

    std::int64_t delivered_ = 0;                    // up to here the stream was released
    std::multimap<std::int64_t, Payload> waiting_;  // beyond a hole, by position
    std::uint64_t waiting_bytes_ = 0;
    std::vector<StreamPiece> ready_;
    std::optional<std::int64_t> fin_;
    bool ended_ = false;
};

}  // namespace etimedout
