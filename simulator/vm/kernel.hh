// Finds the virtual kernel: where the environment says, in the cache, or where it is installed.
#pragma once

#include <filesystem>

namespace etimedout {

// The first of: $ETIMEDOUT_KERNEL; the newest kernel in the cache that
// simulator/vm/kernel/build.sh fills; the installed one. Throws an Error with the remedy if
// there is none.
std::filesystem::path find_kernel();

}  // namespace etimedout
