// DatagramStage: one fault at work on the datagrams of one direction of one UDP connection; pure,
// on a clock that is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/rng.hh"
#include "simulator/faults/datagram.hh"
#include "simulator/stream/item.hh"
#include "simulator/stream/stage.hh"

namespace etimedout {

struct Datagram {
    std::string bytes{};
    // When it entered where it is: the moment at which the stage before was due to give it.
    Moment at{};
    // Its number in this direction of its connection, from 1; a copy has one that no other has.
    std::uint64_t number = 0;
};

// What faults did, summed.
struct DatagramCounts {
    std::uint64_t lost = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;
    std::uint64_t corrupted = 0;
    bool operator==(const DatagramCounts&) const = default;
};

// What is left to chance about a datagram depends on the seed, the connection, the fault and the
// datagram's number alone: not on when it came or on what other faults do.
class DatagramChance {
public:
    DatagramChance(std::uint64_t seed, std::string_view name) : base_{Rng{seed, name}.next()} {}
    Rng of(std::uint64_t number) const {
        constexpr std::uint64_t odd = 0xd1342543de82ef95U;
        return Rng{base_ ^ (number * odd), {}};
    }
    // The number of the copy that this fault makes.
    std::uint64_t copy_of(std::uint64_t number) const { return of(number).next() | top_bit; }

private:
    static constexpr std::uint64_t top_bit = std::uint64_t{1} << 63U;
    std::uint64_t base_;
};

struct DatagramContext {
    DatagramChance chance;
    Moment now{};                            // when the fault met the connection
    std::shared_ptr<SharedBudget> budget{};  // for plans with `shared`
    DatagramCounts* counts = nullptr;        // outlives the stage
};

class DatagramStage {
public:
    virtual ~DatagramStage() = default;

    virtual void take(Datagram datagram) = 0;
    // The next one due by `now`; its `at` is when it was due.
    virtual std::optional<Datagram> give(Moment now) = 0;
    // When give() has something, unless more is taken before; nothing: not before then.
    virtual std::optional<Moment> next() const = 0;
    virtual std::size_t held() const = 0;  // in bytes
    virtual std::size_t count() const = 0;
    // The same kind of plan with other values: what waits leaves by them, counted from when it
    // came.
    virtual void change(const DatagramPlan& plan, Moment now) = 0;
    // The fault is gone: all it keeps, to be passed on at once.
    virtual std::vector<Datagram> dissolve(Moment now) = 0;
    // When it ends the connection, unless more is taken before.
    virtual std::optional<Moment> ends() const { return std::nullopt; }
};

std::unique_ptr<DatagramStage> make_datagram_stage(const DatagramPlan& plan,
                                                   const DatagramContext& context);

}  // namespace etimedout
