// Usage: what the processes of a node hold, read from /proc.
#pragma once

#include <string>

#include "simulator/events/event.hh"
#include "simulator/node/node_namespaces.hh"

namespace etimedout {

// Counts every process of the node's network namespace, whoever started it, zombies and this
// process excepted. Called from process 1, whose /proc shows them all. A process that ends while
// it is looked at counts as far as it was seen.
Usage usage_of(const std::string& node, const NodeNamespaces& namespaces);

}  // namespace etimedout
