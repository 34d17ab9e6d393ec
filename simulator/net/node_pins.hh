// Pins: the sysctls that make every node and router behave the same on every machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// All of these act on the network namespace of the calling thread (use a NamespaceGuard).

// What a node may not inherit from the host (FAULTS.md section 6): cubic, no metrics saved from
// one connection to the next, no limits on ICMP, no forwarding, no reverse path filter, no IPv6
// autoconfiguration. What this kernel does not have is left out. Returns what could not be had,
// a sentence each: where the host's default is another congestion control than cubic, and cubic
// not among net.ipv4.tcp_allowed_congestion_control, only the first namespace may choose cubic;
// nodes then have reno, which is always allowed and also goes by loss.
std::vector<std::string> pin_node_defaults();
// The same, with forwarding in both IP versions.
std::vector<std::string> pin_router_defaults();

enum class InterfaceIpv6 { none, addresses_only };
// Before the interface is up.
void pin_interface(const std::string& name, InterfaceIpv6 ipv6);

// `net.ipv4.tcp_syn_retries`, `3`. Slashes may stand for the dots. Throws Error for a name that
// this kernel lacks, that is not one per namespace, or a value the kernel refuses.
void write_sysctl(std::string_view name, std::string_view value);
// Throws Error as above. Without the final newline.
std::string read_sysctl(std::string_view name);

// Writes the habits of an older release (kernel_habits.hh); throws Error naming the known ones for
// another. A sysctl that this kernel does not have yet is one whose habit it still has.
void pin_habits_of(std::string_view release);

}  // namespace etimedout
