// Finds the virtual kernel: where the environment says, in the cache, or where it is installed.
#pragma once

#include <filesystem>
#include <string>

namespace etimedout {

// The first of: $ETIMEDOUT_KERNEL; the newest kernel in the cache that kernel/build.sh fills; the
// installed one. Throws an Error with the remedy if there is none.
std::filesystem::path find_kernel();

// How to call the script that builds a kernel: the one installed with this program, or that of the
// checkout this program was built in.
std::string kernel_script();

}  // namespace etimedout
