// run_nft: applies a script in nft's language to a network namespace.
#pragma once

#include <string_view>

namespace etimedout {

// All of the script takes effect, or nothing. libnftables does the work, loaded when it is first
// needed: inside a virtual machine starting nft costs ten times what the script does. Where there
// is only the program, it is run. Throws Error, with what either said of it.
void run_nft(int network_namespace, std::string_view script, std::string_view attempt);

}  // namespace etimedout
