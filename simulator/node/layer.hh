// Layers: a folder with all that is in it as one file, owners and modes included, and back.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace etimedout {

// A layer is a tar archive (POSIX.1-2001, pax), so that `tar tvf` shows what is in one. It begins
// with `about`, any text, as the archive's comment. Times are not kept: what is made twice in the
// same way is the same file. Sockets, devices, pipes and extended attributes are left out; names of
// one file (hard links) become files of their own.

// Writes `folder`, itself and all below it in the order of names, to the descriptor `file`. Throws
// Error where something cannot be read or written.
void pack_layer(const std::filesystem::path& folder, std::string_view about, int file);

// The text a layer begins with. Throws Error for what is no layer.
std::string about_layer(int file);

// Makes the folder `to`, which must not be there, what the packed one was; everything gets the time
// `changed`. Owners that the user namespace does not know stay ours. Blocks of zeros become holes.
// Throws Error for what is no whole layer, and where something cannot be written.
void unpack_layer(int file, const std::filesystem::path& to,
                  std::chrono::system_clock::time_point changed);

}  // namespace etimedout
