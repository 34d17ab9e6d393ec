// Lane: one direction of a connection: from one socket through its faults to the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/proxy/pipe_pool.hh"
#include "simulator/stream/chain.hh"

namespace etimedout {

class Worker;

// Moves bytes and says what it waits for; whoever owns it does the waiting. Sockets do not block.
//
// Without faults bytes go from socket to socket inside the kernel, through a borrowed pipe; with
// faults they are read into the chain. What has left the chain is older than what is still to be
// read, and what is in the pipe is older than both, so that no switch can reorder them.
class Lane {
public:
    enum class Outcome {
        waits,       // for the source, the sink or a moment: see wants_…()
        busy,        // has moved enough for one turn and could go on
        over,        // the sink has been told that nothing more comes
        close,       // a fault ends the connection in order
        reset,       // a fault, or the source, resets it
        sink_broken  // the sink's peer has reset it
    };

    // Descriptors that outlive the lane.
    Lane(int source, int sink) : source_{source}, sink_{sink} {}

    Outcome run(Worker& worker, std::size_t largest_queue);

    bool wants_to_read(std::size_t largest_queue) const;
    bool wants_to_write() const { return sink_is_full_ && has_output(); }
    // When a fault has something to do.
    std::optional<Moment> wants_to_wake() const;

    // From here on these faults are at work. `make` gives the chain its seed and name.
    void set_links(const std::vector<ChainLink>& links, std::uint64_t seed,
                   const std::string& stream, Moment now);
    // A stage that sees all bytes first, from the connection's beginning to its end.
    void begin_with(std::unique_ptr<Stage> first, std::uint64_t seed, const std::string& stream);
    bool has_faults() const { return chain_ != nullptr; }
    // Of the faults that have changed something, each once.
    std::vector<std::string> newly_acted() {
        return chain_ ? chain_->newly_acted() : std::vector<std::string>{};
    }

    // The source has something; the sink can take more.
    void source_is_ready() { source_is_dry_ = false; }
    void sink_is_ready() { sink_is_full_ = false; }
    bool is_over() const { return over_; }
    // A fault is why it ended, rather than the source.
    bool ended_by_fault() const { return ended_by_fault_; }
    std::size_t held() const;

    // Since they were last taken.
    struct Moved {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
        std::uint64_t late_items = 0;
        Duration late{};
    };
    Moved take_moved() { return std::exchange(moved_, {}); }

private:
    enum class Step { moved, blocked, ended };

    bool has_output() const { return in_pipe_ > 0 || out_at_ < out_.size() || end_.has_value(); }
    Step write(Worker& worker);
    Step write_from_pipe(Worker& worker);
    Step write_bytes();
    Step say_end();
    bool collect(Moment now);
    Step read(Worker& worker, std::size_t largest_queue);
    Step splice_in(Worker& worker);
    Step read_bytes(Worker& worker);
    Step failed_to_read(int error);
    Step failed_to_write(int error);

    int source_;
    int sink_;
    std::unique_ptr<Chain> chain_;
    std::optional<Pipe> pipe_;
    std::size_t in_pipe_ = 0;
    std::string out_;
    std::size_t out_at_ = 0;
    std::optional<Item::Kind> end_;  // behind all that is in the pipe and in out_
    Outcome outcome_ = Outcome::waits;
    Moved moved_;
    bool sink_is_full_ = false;
    bool source_is_dry_ = false;  // the last read took all there was
    bool source_ended_ = false;
    bool ended_by_fault_ = false;
    bool over_ = false;
};

}  // namespace etimedout
