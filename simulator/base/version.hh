// The version of the program, as CMakeLists.txt states it.
#pragma once

#include <string_view>

namespace etimedout {

#ifdef ETIMEDOUT_VERSION
inline constexpr std::string_view version_text = ETIMEDOUT_VERSION;
#else
inline constexpr std::string_view version_text = "unknown";
#endif

}  // namespace etimedout
