// Outlet: bytes and ends that wait for their moment, paced by the piece, or held at a barrier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "simulator/base/quantity.hh"
#include "simulator/stream/item.hh"

namespace etimedout {

// How bytes leave: the first piece `first` after the tempo began, each further one `between` after
// the one before. Without `between` a piece is all there is. The tempo ends when its fault is
// healed.
struct Tempo {
    std::string fault{};
    Duration first{};
    Duration between{};
    std::int64_t piece = 1;
};

// What bytes mean to the tempo.
enum class Weight {
    free,   // none: they leave when it is their turn
    gated,  // they wait for the next piece and go with it
    byte,   // each counts one
    unit    // all together count one
};

// Order is kept. Pure, on the clock of its callers.
class Outlet {
public:
    void put(std::string bytes, Moment at, Weight weight = Weight::free);
    // From here on this tempo; one that is empty means none.
    void set_tempo(Tempo tempo, Moment at);
    // Nothing behind this leaves until the fault is healed.
    void block(std::string fault);
    // No bytes after an end, and no end after `close` or `reset`.
    void end(Item::Kind kind, Moment at);
    bool closed() const { return closed_; }

    // Barriers and tempos of faults that are not armed any more go.
    void lift_healed(const std::function<bool(const std::string&)>& is_armed, Moment now);
    // From now on an end behind a barrier passes it, and what stood between is dropped.
    void let_ends_pass();

    std::optional<Item> give(Moment now);
    std::optional<Moment> next() const;
    std::size_t held() const { return held_; }
    std::vector<Item> dissolve(Moment now);
    // Grows with every change that may move next().
    std::uint64_t version() const { return version_; }

private:
    struct Data {
        std::string bytes;
        std::size_t taken = 0;
        Weight weight = Weight::free;
        Moment at{};
        std::size_t size() const { return bytes.size() - taken; }
    };
    struct End {
        Item::Kind kind;
        Moment at;
    };
    struct Change {
        Tempo tempo;
        Moment at;
    };
    struct Barrier {
        std::string fault;
    };
    using Run = std::variant<Data, End, Change, Barrier>;

    void begin_tempos();
    std::optional<Moment> due() const;
    std::string take_piece(Moment when);
    void drop_before_ends();

    std::deque<Run> runs_;
    Tempo tempo_{};
    Moment next_piece_{};
    Moment last_due_{};
    std::size_t held_ = 0;
    std::uint64_t version_ = 0;
    bool ended_ = false;
    bool closed_ = false;
    bool ends_pass_ = false;
};

}  // namespace etimedout
