// PipePool: pipes that splice() carries bytes through, borrowed only while bytes are in flight.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "simulator/base/fd.hh"

namespace etimedout {

struct Pipe {
    Fd out;  // bytes come out of this end
    Fd in;
};

// Of one worker; not thread-safe. Thousands of connections need as many pipes as there are with
// bytes under way at one moment, which is a handful.
class PipePool {
public:
    // Nothing when there are no descriptors left: bytes are copied then.
    std::optional<Pipe> borrow();
    // It must be empty.
    void give_back(Pipe pipe);

private:
    std::vector<Pipe> idle_;
};

}  // namespace etimedout
