// Keeper: a process that outlives the driver and clears away what the driver leaves behind.
#pragma once

#include <filesystem>
#include <string_view>

#include <sys/types.h>

#include "simulator/base/fd.hh"

namespace etimedout {

// Owns the folder of all runs, $TMPDIR/etimedout-XXXXXX. However the driver ends, even by
// SIGKILL, the keeper then kills the processes it was told of, waits until they are gone, and
// removes the folder. Construct it before any thread is started, since it forks.
class Keeper {
public:
    Keeper();
    // Returns when everything is cleared away.
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    const std::filesystem::path& root() const noexcept { return root_; }

    // Creates a folder of that name below the root, for this user alone.
    std::filesystem::path folder(std::string_view name) const;

    // Removes such a folder as soon as it is not needed any more; never throws.
    void remove(const std::filesystem::path& folder) const noexcept;

    // `pid`, a living child of the caller, is killed when the driver ends.
    void kill_at_end(pid_t pid) const;

private:
    Fd alive_;  // the keeper reads the other end: end of file is the driver's end
    pid_t keeper_ = 0;
    std::filesystem::path root_;
};

}  // namespace etimedout
