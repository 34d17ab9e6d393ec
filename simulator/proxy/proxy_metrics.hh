// The answer of GET /metrics: Prometheus' text format, version 0.0.4.
#pragma once

#include <string>
#include <vector>

#include "simulator/proxy/proxy_set.hh"

namespace etimedout {

// Toxiproxy's byte counters under their names, live; and what it does not count.
std::string metrics_text(const std::vector<ProxyFigures>& proxies);

}  // namespace etimedout
