// Chain: all faults at work on one direction of one connection, in their order.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/stream/stage_chain.hh"

namespace etimedout {

using ChainLink = ChainLinkOf<FlowPlan>;

// Pure: whoever owns it moves bytes and waits for next().
class Chain {
public:
    // `seed` and `stream` decide what is left to chance; see Rng.
    Chain(std::uint64_t seed, std::string stream) : seed_{seed}, stream_{std::move(stream)} {}

    // See StageChain::set().
    void set(const std::vector<ChainLink>& links, Moment now);
    bool empty() const { return !first_ && !stages_.has_faults() && !stages_.has_ready(); }
    // A stage before all faults, which stays for the connection's life. Once, before anything else.
    void begin_with(std::unique_ptr<Stage> first) { first_ = std::move(first); }

    void take(Item item);
    std::optional<Item> give(Moment now);
    std::optional<Moment> next() const;
    std::size_t held() const { return stages_.held() + (first_ ? first_->held() : 0); }
    // Ids of the faults that have changed something, each once.
    std::vector<std::string> newly_acted();

private:
    std::uint64_t seed_;
    std::string stream_;
    std::unique_ptr<Stage> first_;
    StageChain<FlowPlan, Stage, Item> stages_;
};

}  // namespace etimedout
