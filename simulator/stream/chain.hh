// Chain: all faults at work on one direction of one connection, in their order.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/stream/stage.hh"

namespace etimedout {

// A fault as it stands in a chain. `id` names it for the life of the connection.
struct ChainLink {
    std::string id{};
    FlowPlan plan{};
    std::shared_ptr<SharedBudget> budget{};  // of plans with `shared`
    bool operator==(const ChainLink&) const = default;
};

// Pure: whoever owns it moves bytes and waits for next().
class Chain {
public:
    // `seed` and `stream` decide what is left to chance; see Rng.
    Chain(std::uint64_t seed, std::string stream) : seed_{seed}, stream_{std::move(stream)} {}

    // Makes these the faults from now on: those gone pass on what they kept, those changed go on by
    // their new values, new ones stand in their places. Order of ids that stay is not changed.
    void set(const std::vector<ChainLink>& links, Moment now);
    bool empty() const { return !first_ && links_.empty() && ready_.empty(); }
    // A stage before all faults, which stays for the connection's life. Once, before anything else.
    void begin_with(std::unique_ptr<Stage> first) { first_ = std::move(first); }

    void take(Item item);
    std::optional<Item> give(Moment now);
    std::optional<Moment> next() const;
    std::size_t held() const;
    // Ids of the faults that have changed something, each once.
    std::vector<std::string> newly_acted();

private:
    struct Standing {
        ChainLink link;
        std::unique_ptr<Stage> stage;
        bool told = false;  // newly_acted() has said so
    };
    void pass_on(std::size_t from, Item item);
    void advance(Moment now);
    void remove(std::size_t index, Moment now);

    std::uint64_t seed_;
    std::string stream_;
    std::unique_ptr<Stage> first_;
    std::vector<Standing> links_;
    std::deque<Item> ready_;  // has passed all stages
    std::size_t ready_bytes_ = 0;
};

}  // namespace etimedout
