// DatagramChain: all faults at work on the datagrams of one direction of one UDP connection.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/stream/datagram_stage.hh"

namespace etimedout {

// A fault as it stands in a chain. `id` names it for the life of the connection.
struct DatagramLink {
    std::string id{};
    DatagramPlan plan{};
    std::shared_ptr<SharedBudget> budget{};  // of plans with `shared`
    bool operator==(const DatagramLink&) const = default;
};

// What a chain keeps at the most; what comes when it is full is dropped.
struct DatagramLimits {
    std::size_t bytes = 32U << 20U;
    std::size_t datagrams = 65'536;
};

// Pure: whoever owns it moves datagrams and waits for next().
class DatagramChain {
public:
    // `seed` and `stream` decide what is left to chance; see DatagramChance.
    DatagramChain(std::uint64_t seed, std::string stream, DatagramLimits limits)
        : seed_{seed}, stream_{std::move(stream)}, limits_{limits} {}
    DatagramChain(const DatagramChain&) = delete;
    DatagramChain& operator=(const DatagramChain&) = delete;

    // Makes these the faults from now on: those gone pass on what they kept, those changed go on by
    // their new values, new ones stand in their places. Order of ids that stay is not changed.
    void set(const std::vector<DatagramLink>& links, Moment now);
    bool empty() const { return links_.empty() && ready_.empty(); }
    bool has_faults() const { return !links_.empty(); }

    // Numbers it. False when there is no room: it is dropped.
    bool take(std::string bytes, Moment now);
    // Counts one that passed without having been taken, so that numbers are those of all.
    void passed() { ++last_number_; }
    std::optional<Datagram> give(Moment now);
    std::optional<Moment> next() const;
    std::size_t held() const;
    std::size_t count() const;
    // When a fault ends the connection, unless more comes before.
    std::optional<Moment> ends() const;
    // Since it was asked last.
    DatagramCounts take_counts() { return std::exchange(*counts_, DatagramCounts{}); }

private:
    struct Standing {
        DatagramLink link;
        std::unique_ptr<DatagramStage> stage;
    };
    void pass_on(std::size_t place, Datagram datagram);
    void advance(Moment now);
    void remove(std::size_t index, Moment now);

    std::uint64_t seed_;
    std::string stream_;
    DatagramLimits limits_;
    std::uint64_t last_number_ = 0;
    std::unique_ptr<DatagramCounts> counts_ = std::make_unique<DatagramCounts>();
    std::vector<Standing> links_;
    std::deque<Datagram> ready_;  // has passed all stages
    std::size_t ready_bytes_ = 0;
};

}  // namespace etimedout
