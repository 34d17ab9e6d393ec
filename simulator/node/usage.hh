// Usage: what the processes of a node hold, read from /proc.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulator/events/event.hh"
#include "simulator/node/node_namespaces.hh"

namespace etimedout {

// Counts every process of each node's network namespace, whoever started it, zombies and this
// process excepted. Called from process 1, whose /proc shows them all. A process that ends while
// it is looked at counts as far as it was seen.
Usage usage_of(const std::string& node, const NodeNamespaces& namespaces);

using NodesToMeasure = std::vector<std::pair<std::string, const NodeNamespaces*>>;

// The same for several nodes, again and again, in one walk through /proc each time.
class UsageMeter {
public:
    // Who is there now and in none of their networks, such as the kernel's threads, is taken for
    // no part of them later either: to be made before their programs are started.
    explicit UsageMeter(NodesToMeasure nodes);

    // In the order of the nodes.
    std::vector<Usage> measure() const;

private:
    NodesToMeasure nodes_;
    std::set<std::int64_t> strangers_{};
};

}  // namespace etimedout
