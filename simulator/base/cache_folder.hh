// The folder of the user's cache that is etimedout's.
#pragma once

#include <filesystem>
#include <string_view>

namespace etimedout {

// $ETIMEDOUT_CACHE, else $XDG_CACHE_HOME/etimedout, else ~/.cache/etimedout, and in it the folder
// of that name ("kernel", "prepared"), which need not exist. kernel/build.sh looks in the same
// place.
std::filesystem::path cache_folder(std::string_view part);

}  // namespace etimedout
