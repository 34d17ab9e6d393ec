// run_nft: applies a script in nft's language to a network namespace.
#pragma once

#include <string_view>

namespace etimedout {

// All of the script takes effect, or nothing. libnftables, which comes with nft, does the work; it
// is loaded when it is first needed. Inside a virtual machine starting nft costs ten times what the
// script does. Throws Error, with what the library said of it.
void run_nft(int network_namespace, std::string_view script, std::string_view attempt);

}  // namespace etimedout
