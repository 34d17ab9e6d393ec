// Kernel counters of the calling thread's network namespace, by nstat's names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace etimedout {

// "TcpExtListenDrops", "IpFragFails", "Ip6InTooBigErrors"; 0 for one that is not there.
std::int64_t kernel_counter(std::string_view name);

// A column of /proc/thread-self/net/stat/nf_conntrack, which has a line for each processor, summed
// up; 0 for one that is not there.
std::int64_t conntrack_counter(std::string_view column);

}  // namespace etimedout
