// The names of Linux's network counters, as nstat writes them.
#pragma once

#include <string_view>
#include <vector>

namespace etimedout {

// Ip, IpExt, Icmp, Tcp, TcpExt, Udp and UdpLite from /proc/net/snmp and /proc/net/netstat of Linux
// 6.12 and 6.18 (net/ipv4/proc.c), and those of /proc/net/snmp6.
bool is_counter_name(std::string_view name);

// All of them, for suggestions.
std::vector<std::string_view> counter_names();

}  // namespace etimedout
