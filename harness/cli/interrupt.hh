// Ctrl-C and TERM: one flag that everything long looks at.
#pragma once

#include <atomic>

namespace etimedout {

// Installs the handlers at the first call. A second signal ends the program at once; what it
// leaves is cleared away by the keeper.
const std::atomic<bool>& interrupted_flag();

}  // namespace etimedout
