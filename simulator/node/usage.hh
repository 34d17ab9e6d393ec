// Usage: what the processes of a node hold, read from /proc.
#pragma once

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

// The same for several nodes in one walk through /proc, in their order.
using NodesToMeasure = std::vector<std::pair<std::string, const NodeNamespaces*>>;
std::vector<Usage> usage_of(const NodesToMeasure& nodes);

}  // namespace etimedout
