// PipePool: pipes that splice() carries bytes through, borrowed only while bytes are in flight.
#include "simulator/proxy/pipe_pool.hh"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace etimedout {

namespace {
constexpr std::size_t most_idle = 64;
// Bytes in a pipe. More is refused beyond /proc/sys/fs/pipe-user-pages-soft, and then it stays at
// the kernel's own 64 KiB.
constexpr int wanted_size = 512 << 10;
}  // namespace

std::optional<Pipe> PipePool::borrow() {
    if (!idle_.empty()) {
        Pipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    ::fcntl(ends[1], F_SETPIPE_SZ, wanted_size);
    return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() < most_idle) idle_.push_back(std::move(pipe));
}

}  // namespace etimedout
