// NodeSampler: the kernel's counters and TCP sockets of one node, when they change.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "harness/observe/kernel_counters.hh"
#include "harness/observe/socket_table.hh"
#include "simulator/base/fd.hh"
#include "simulator/events/event.hh"

namespace etimedout {

class NodeSampler {
public:
    // Opens the files and the socket in the calling thread's network namespace; from then on it
    // may be used from any thread. Throws Error.
    explicit NodeSampler(std::string node);

    // A Counters event when counters have changed since the last sample, a Sockets event when the
    // socket table has. Of the first sample, all that is not 0. Throws Error.
    std::vector<EventVariant<AllEvents>::type> sample();

private:
    struct File {
        explicit File(Fd file) : fd{std::move(file)} {}
        Fd fd;
        CounterHistory history{};
        std::size_t size = 0;  // of the last text
    };

    std::string node_;
    std::deque<File> files_{};
    SocketTableReader socket_reader_{};
    SocketTable sockets_{};
};

}  // namespace etimedout
