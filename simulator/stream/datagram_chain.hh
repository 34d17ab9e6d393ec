// DatagramChain: all faults at work on the datagrams of one direction of one UDP connection.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/stream/datagram_stage.hh"
#include "simulator/stream/stage_chain.hh"

namespace etimedout {

using DatagramLink = ChainLinkOf<DatagramPlan>;

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

    // See StageChain::set().
    void set(const std::vector<DatagramLink>& links, Moment now);
    bool empty() const { return !stages_.has_faults() && !stages_.has_ready(); }
    bool has_faults() const { return stages_.has_faults(); }

    // Numbers it. False when there is no room: it is dropped.
    bool take(std::string bytes, Moment now);
    // Counts one that passed without having been taken, so that numbers are those of all.
    void passed() { ++last_number_; }
    std::optional<Datagram> give(Moment now) { return stages_.give(now); }
    std::optional<Moment> next() const { return stages_.next(); }
    std::size_t held() const { return stages_.held(); }
    std::size_t count() const;
    // When a fault ends the connection, unless more comes before.
    std::optional<Moment> ends() const;
    // Since it was asked last.
    DatagramCounts take_counts() { return std::exchange(*counts_, DatagramCounts{}); }

private:
    std::uint64_t seed_;
    std::string stream_;
    DatagramLimits limits_;
    std::uint64_t last_number_ = 0;
    std::unique_ptr<DatagramCounts> counts_ = std::make_unique<DatagramCounts>();
    StageChain<DatagramPlan, DatagramStage, Datagram> stages_;
};

}  // namespace etimedout
